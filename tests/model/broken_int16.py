"""Models of int16 with weights of int8 that break one rule each; see broken_models.py."""

from __future__ import annotations

import numpy as np

from model_changes import Row, every, op, options, x0, x1, x2, x3, y
from tflite_models import INT8, INT16, INT32

OVERFLOW = "scales make the result overflow"
LARGE = "image is too large"

# A row takes two lines at most, not five.
# fmt: off
BROKEN: dict[str, list[Row]] = {
    "CONV_2D": [
        ("conv_same_w", x0(scale=0.5, zero=1), "zero point of input is not 0"),
        ("conv_same_w", y(scale=0.5, zero=-1), "zero point of output is not 0"),
        ("conv_same_w", x1(type=INT16, data=[0] * 108, dtype=np.int16),
         "weights has type INT16, not INT8"),
        ("conv_same_w", x2(type=INT32, data=[0] * 4), "bias has type INT32, not INT64"),
        ("conv_same_w", op(inputs=lambda old: old[:2]), "no bias"),
        ("conv_same_w", x2(data=[2**47] * 4, dtype=np.int64), OVERFLOW),
        ("conv_same_w", x2(data=[0, -(2**63), 0, 0], dtype=np.int64), OVERFLOW),
        ("conv_same_w", x2(data=[2**63 - 1] * 4, dtype=np.int64), OVERFLOW),
        ("conv_same_w", (x0(scale=1e-3), x1(scale=1.0), y(scale=1e-6)), OVERFLOW),
    ],
    "DEPTHWISE_CONV_2D": [
        ("depthwise_same_w", x2(type=INT32, data=[0] * 3), "bias has type INT32, not INT64"),
        ("depthwise_same_w", y(scale=1e-8), OVERFLOW),
    ],
    "FULLY_CONNECTED": [
        ("dense_w", x2(type=INT32, data=[0] * 10), "bias has type INT32, not INT64"),
        ("dense_no_bias_w", options(quantizedBiasType=INT32), "bias has type INT32, not INT64"),
        ("dense_no_bias_w", y(scale=1e-8), OVERFLOW),
        ("dense_w", (x2(data=[2**46] * 10, dtype=np.int64), x0(scale=1e-6), x1(scale=1e-6),
         y(scale=1.0)), "scales make the result vanish"),
        # By the largest shift alone.
        ("dense_no_bias_w", (x0(scale=1.0, shape=[1, 1]), y(scale=1.0),
         x1(scale=65.0, shape=[10, 1], data=[0] * 10, dtype=np.int8)), OVERFLOW),
    ],
    "MAX_POOL_2D": [
        ("max_pool_w", x0(scale=0.5, zero=3), "zero point of input is not 0"),
    ],
    "AVERAGE_POOL_2D": [
        ("average_pool_w", (x0(shape=[1, 256, 130, 1]), y(shape=[1, 128, 65, 1])), LARGE),
    ],
    "SOFTMAX": [
        ("softmax_w", every(shape=[1, 65536]), "more than 65535 values"),
        ("softmax_w", options(beta=0.0), "beta is not positive"),
        ("softmax_w", options(beta=-1.0), "beta is not positive"),
        ("softmax_w", options(beta=1e6), OVERFLOW),
        ("softmax_w", x0(scale=0.5, zero=1), "zero point of input is not 0"),
    ],
    "ADD": [
        ("add_w", x0(scale=0.5, zero=1), "zero point of input is not 0"),
        ("add_w", x1(scale=0.5, zero=1), "zero point of input 1 is not 0"),
        ("add_w", (x0(scale=0.5), y(scale=6e-5)), "scale of the output is too small"),
        ("add_w", x1(type=INT8, scale=0.5), "input 1 has type INT8, not INT16"),
    ],
    "SUB": [
        ("sub_w", x1(scale=0.5, zero=1), "zero point of input 1 is not 0"),
        ("sub_w", (x1(scale=0.5), y(scale=6e-5)), "scale of the output is too small"),
    ],
    "MUL": [
        ("mul_w", x1(scale=0.5, zero=1), "zero point of input 1 is not 0"),
        ("mul_w", (x0(scale=1.0), x1(scale=1.0), y(scale=1.9)), OVERFLOW),
    ],
    "RELU": [
        ("relu_w", y(scale=0.5, zero=-1), "zero point of output is not 0"),
        ("relu_w", (x0(scale=1.0), y(scale=1.2e-4)), OVERFLOW),
    ],
    "RELU6": [("relu6_w", (x0(scale=1.0), y(scale=1.2e-4)), OVERFLOW)],
    "LEAKY_RELU": [("leaky_relu_w", options(alpha=1e9), OVERFLOW)],
    "ABS": [("abs_w", (x0(scale=1.0), y(scale=1.2e-4)), OVERFLOW)],
    "LOGISTIC": [("sigmoid_w", x0(scale=2.1), "scale of input is too large")],
    "TANH": [("tanh_w", x0(scale=2.1), "scale of input is too large")],
    "MEAN": [
        ("global_average_w", (x0(shape=[1, 256, 129, 3])), "too many elements to reduce"),
        ("global_average_w", (x0(scale=1.0), y(scale=1e-4)), OVERFLOW),
    ],
    "SUM": [
        ("sum_w", x0(shape=[1, 2**15 + 1, 4]), "too many elements to reduce"),
        ("sum_w", (x0(scale=1.0), y(scale=7e-4)), OVERFLOW),
    ],
    "BATCH_MATMUL": [
        ("matmul_w", x1(scale=0.5, zero=1), "zero point of input 1 is not 0"),
        ("matmul_w", (x0(scale=1.0), x1(scale=1.0), y(scale=7.0)), OVERFLOW),
        ("matmul_w", (x0(shape=[1, 3, 2**17]), x1(shape=[1, 2**17, 5])), OVERFLOW),
    ],
    # Whose kernels take a zero point for 0.
    "PAD": [
        ("pad_q", (x0(type=INT16, scale=0.5, zero=1), y(type=INT16, scale=0.5, zero=1)),
         "zero point of output is not 0"),
    ],
    "SPACE_TO_BATCH_ND": [
        ("space_to_batch_q",
         (x0(type=INT16, scale=0.5, zero=1), y(type=INT16, scale=0.5, zero=1)),
         "zero point of output is not 0"),
    ],
    "QUANTIZE": [
        ("requantize_int16_int8", x0(scale=0.125, zero=1), "zero point of input is not 0"),
        ("requantize_int8_int16", y(scale=0.75, zero=1), "zero point of output is not 0"),
    ],
    "DEQUANTIZE": [
        ("dequantize", x0(type=INT16, scale=0.5, zero=1), "zero point of input is not 0"),
    ],
    # That have no kernels of int16.
    "RSQRT": [
        ("rsqrt_op", every(type=INT16, scale=0.5), "input type INT16 is not supported"),
    ],
}
# fmt: on

TRANSPOSED: list[Row] = [
    ("transposed_same_w", (), ""),
    ("transposed_same_w", x2(scale=0.5, zero=1), "zero point of input is not 0"),
    ("transposed_same_w", x3(data=[2**47] * 4, dtype=np.int64), OVERFLOW),
    ("transposed_same_w", y(scale=1e-8), OVERFLOW),
]
"""Of these the bias is to be aligned."""

BROKEN_INT16 = {f"op 0 {name}: ": rows for name, rows in BROKEN.items()}
