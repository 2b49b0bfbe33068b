"""More models that break one rule each: of the ops that take tensors apart, and of those of the
profile `all`. See broken_models.py.
"""

from __future__ import annotations

import numpy as np

from model_changes import Row, computed, every, op, options, tensor_changes, tensors, x0, x1, x2, y
from tflite_models import FLOAT32, INT8, INT16, INT32, INT64, UINT8

y1 = tensor_changes(lambda m: [tensors(m)[m.subgraphs[0].operators[0].outputs[1]]])
BOTH = "shapes of inputs and output do not fit"
WEIGHTS = "3 scales of weights along "
FIT = "shapes of input and output do not fit"

# A row takes two lines at most, not five.
# fmt: off
BROKEN: dict[str, list[Row]] = {
    "SHAPE": [
        ("shape_f", y(shape=[4]), "output dimension 0 is 4, the inputs give 3"),
        ("shape_f", y(shape=[3, 1]), "output has 2 dimensions, not 1"),
        ("shape_q", y(type=FLOAT32), "output has type FLOAT32, not INT32"),
    ],
    "PACK": [
        ("stack_f", options(axis=4), "axis 4 of 4 dimensions"),
        ("stack_f", options(valuesCount=2), "2 tensors in the options, 3 in the op"),
        ("stack_f", y(shape=[1, 2, 12, 4]), "output dimension 1 is 2, the inputs give 3"),
        ("stack_f", y(shape=[1, 3, 12, 5]), "output dimension 3 is 5, the inputs give 4"),
        ("stack_f", x1(shape=[12, 4]), "input has 2 dimensions, not 3"),
        ("stack_f", x1(type=INT32), "input has type INT32, not FLOAT32"),
        ("stack_q", x1(scale=0.5), "scales of input and output differ"),
        ("stack_f", op(outputs=lambda old: [*old, *old]), "2 outputs"),
    ],
    "SPLIT": [
        ("split_f", x0(data=[4]), "axis 4 of 4 dimensions"),
        ("split_f", computed(0), "axis must be 1 constant int32"),
        ("split_f", op(outputs=[]), "0 outputs"),
        ("split_f", op(outputs=lambda old: [old[0], old[0], old[2]]), "output is no free tensor"),
        ("split_f", op(outputs=lambda old: old[:2]), "outputs are not the input along axis 3"),
        ("split_f", y1(shape=[1, 8, 8, 2]), "output dimension 3 is 2, the inputs give 1"),
        ("split_f", y1(shape=[1, 8, 7, 1]), "output dimension 2 is 7, the inputs give 8"),
        ("split_f", y1(shape=[8, 8, 1]), "output has 3 dimensions, not 4"),
        ("split_f", y1(type=INT32), "output has type INT32, not FLOAT32"),
        ("split_q", y1(scale=0.5), "scales of input and output differ"),
    ],
    "SPLIT_V": [
        ("split_v_f", x2(data=[-5]), "axis -5 of 4 dimensions"),
        ("split_v_f", y1(shape=[1, 2, 8, 3]), "outputs are not the input along axis 1"),
        ("split_v_q", y1(zeroPoint=[3]), "scales of input and output differ"),
    ],
    "UNPACK": [
        ("unstack_f", options(axis=-4), "axis -4 of 3 dimensions"),
        ("unstack_f", options(num=4), "4 tensors in the options, 3 in the op"),
        ("unstack_f", (options(num=2), op(outputs=lambda old: old[:2])), "2 outputs along axis 1"),
        ("unstack_f", y1(shape=[1, 5]), "output dimension 1 is 5, the inputs give 4"),
        ("unstack_f", y1(type=INT32), "output has type INT32, not FLOAT32"),
        ("unstack_q", y1(scale=0.5), "scales of input and output differ"),
    ],
    "SLICE": [
        ("slice_f", (x0(shape=[]), y(shape=[])), "0 dimensions, not 1 to 6"),
        ("slice_f", y(shape=[3, 6, 2]), "output has 3 dimensions, not 4"),
        ("slice_f", x1(shape=[2, 2]), "begin must be 4 constant int32"),
        ("slice_at_f", x1(shape=[3]), "begin must be 2 constant int32"),
        ("slice_at_f", x1(shape=[2, 1]), "begin has 2 dimensions, not 1"),
        ("slice_at_f", x1(type=INT64), "begin must be 2 constant int32"),
        ("slice_at_f", x2(data=[-1, 3]), "slice is outside dimension 0"),
        ("slice_at_f", x2(data=[2, 6]), "slice is outside dimension 1"),
        ("slice_f", computed(2), "size must be 4 constant int32"),
        ("slice_f", x1(data=[0, -1, 2, 0]), "slice is outside dimension 1"),
        ("slice_f", x1(data=[0, 1, 8, 0]), "slice is outside dimension 2"),
        ("slice_f", x2(data=[1, 8, -1, 2]), "slice is outside dimension 1"),
        ("slice_f", x2(data=[1, 2**31 - 1, -1, 2]), "slice is outside dimension 1"),
        ("slice_f", x2(data=[1, -2, -1, 2]), "slice is outside dimension 1"),
        ("slice_f", x2(data=[1, 3, 5, 2]), "output dimension 2 is 6, the inputs give 5"),
        ("slice_q", x0(scale=0.5), "scales of input and output differ"),
    ],
    "REVERSE_V2": [
        ("reverse_f", x1(shape=[5], data=[0, 1, 2, 3, 4]), "5 axes"),
        ("reverse_f", x1(data=[1, 1]), "axis 1 twice"),
        ("reverse_f", x1(data=[1, 4]), "axis 4 of 4 dimensions"),
        ("reverse_f", x1(data=[1, 3]), "axes are not next to each other"),
        ("reverse_f", computed(1), "axes must be 2 constant int32"),
        ("reverse_f", x1(shape=[2, 1]), "axes has 2 dimensions, not 1"),
        ("reverse_q", x0(scale=0.5), "scales of input and output differ"),
    ],
    "MIRROR_PAD": [
        ("mirror_pad_f", (x0(shape=[]), y(shape=[])), "input is a scalar"),
        ("mirror_pad_f", y(shape=[16, 13, 5]), "output has 3 dimensions, not 4"),
        ("mirror_pad_f", computed(1), "paddings must be 8 constant int32"),
        ("mirror_pad_f", x1(shape=[8]), "paddings must be 8 constant int32"),
        ("mirror_pad_f", x1(data=[0, 0, 1, 8, 2, 3, 0, 2]), "padding of 1 and 8 of 8"),
        ("mirror_pad_f", x1(data=[0, 0, 8, 1, 2, 3, 0, 2]), "padding of 8 and 1 of 8"),
        ("mirror_pad_f", x1(data=[0, 0, -1, 7, 2, 3, 0, 2]), "padding of -1 and 7 of 8"),
        ("mirror_pad_f", x1(data=[0, 0, 1, -7, 2, 3, 0, 2]), "padding of 1 and -7 of 8"),
        ("mirror_pad_f", x1(data=[0, 0, 1, 6, 2, 3, 0, 2]),
         "output dimension 1 is 16, the inputs give 15"),
        ("mirror_pad_edge_f", x1(data=[0, 1, 3, 13, 4, 0]), "padding of 3 and 13 of 12"),
        ("mirror_pad_edge_f", options(mode=2), "mode 2 is not supported"),
        ("mirror_pad_q", x0(scale=0.5), "scales of input and output differ"),
    ],
    "SPACE_TO_DEPTH": [
        ("space_to_depth_f", options(blockSize=0), "block of 0"),
        ("space_to_depth_f", options(blockSize=257), "block of 257"),
        ("space_to_depth_f", options(blockSize=3), FIT),
        ("space_to_depth_f", x0(shape=[8, 8, 3]), "input has 3 dimensions, not 4"),
        ("space_to_depth_f", y(shape=[4, 4, 12]), "output has 3 dimensions, not 4"),
        ("space_to_depth_f", y(shape=[1, 4, 5, 12]), FIT),
        ("space_to_depth_q", x0(scale=0.5), "scales of input and output differ"),
    ],
    "DEPTH_TO_SPACE": [
        ("depth_to_space_f", options(blockSize=-2), "block of -2"),
        ("depth_to_space_f", y(shape=[1, 8, 6, 1]), FIT),
        ("depth_to_space_f", y(shape=[2, 8, 6, 2]), FIT),
    ],
    "FILL": [
        ("fill_f", computed(0), "shape must be 3 constant int32"),
        ("fill_f", x0(shape=[3, 1]), "shape must be 3 constant int32"),
        ("fill_f", x0(data=[1, 4, 2]), "output dimension 2 is 3, the inputs give 2"),
        ("fill_f", x1(shape=[1]), "value has 1 dimensions, not 0"),
        ("fill_q", x1(scale=0.25), "scales of value and output differ"),
    ],
    "BROADCAST_TO": [
        ("broadcast_to_f", y(shape=[1] * 6), "more than 5 dimensions"),
        ("broadcast_to_f", computed(1), "shape must be 4 constant int32"),
        ("broadcast_to_f", x0(shape=[1, 2, 8, 3]), FIT),
        ("broadcast_to_f", x0(shape=[1, 1, 1, 8, 3]), FIT),
        ("broadcast_to_q", x0(scale=0.5), "scales of input and output differ"),
    ],
    "ARG_MAX": [
        ("argmax_f", computed(1), "axis must be 1 constant int32"),
        ("argmax_f", x1(data=[2]), "axis 2 of 2 dimensions"),
        ("argmax_f", y(shape=[2]), "output dimension 0 is 2, the inputs give 1"),
        ("argmax_f", y(type=FLOAT32), "output has type FLOAT32, not INT32"),
    ],
    "CAST": [("cast_int8_float", y(type=UINT8), "output type UINT8 is not supported")],
    "ELU": [("elu_op_q", (x0(scale=1e4), y(scale=1e-3)), "scales make the result overflow")],
    "ABS": [("abs_q", (x0(scale=1e4), y(scale=1e-3)), "scales make the result overflow")],
    "LOG_SOFTMAX": [
        ("log_softmax_f", (x0(shape=[]), y(shape=[])), "input is a scalar"),
        ("log_softmax_q", (x0(shape=[1, 2048]), y(shape=[1, 2048])), "more than 2047 values"),
        ("log_softmax_q", x0(scale=2.0**-26), "scale of input is too small"),
        ("log_softmax_q", y(scale=0.05),
         "the kernel's output has scale 1/16 and zero point 127"),
        ("log_softmax_q", y(zeroPoint=[-128]),
         "the kernel's output has scale 1/16 and zero point 127"),
    ],
    "L2_NORMALIZATION": [
        ("l2_normalize_f", (x0(shape=[]), y(shape=[])), "0 dimensions, not 1 to 4"),
        ("l2_normalize_f", (x0(shape=[1] * 5), y(shape=[1] * 5)), "5 dimensions, not 1 to 4"),
        ("l2_normalize_f", options(fusedActivationFunction=1), "activation is not supported"),
        ("l2_normalize_q", (x0(shape=[1, 32769]), y(shape=[1, 32769])), "more than 32768 values"),
        ("l2_normalize_q", y(scale=0.05), "the kernel's output has scale 1/128 and zero point 0"),
        ("l2_normalize_q", y(zeroPoint=[1]),
         "the kernel's output has scale 1/128 and zero point 0"),
    ],
    "CUMSUM": [
        ("cumsum_f", computed(1), "axis must be 1 constant int32"),
        ("cumsum_f", x1(data=[3]), "axis 3 of 3 dimensions"),
    ],
    "RSQRT": [
        ("rsqrt_op", (x0(scale=2.0**-20), y(scale=2.0**-20)), "scales are too far apart"),
        ("rsqrt_op", (x0(scale=2.0**20), y(scale=2.0**10)), "scales are too far apart"),
    ],
    "SQUARED_DIFFERENCE": [
        ("squared_difference_f", x1(type=INT32), "input 1 has type INT32, not FLOAT32"),
        ("squared_difference_f", y(shape=[1, 12, 5]), BOTH),
        ("squared_difference_q", y(scale=2.0**-24), "scales make the result overflow"),
    ],
    "TANH": [
        ("tanh_q", y(scale=1 / 32, zero=0),
         "the kernel's output has scale 1/128 and zero point 0"),
        ("tanh_q", y(zeroPoint=[1]), "the kernel's output has scale 1/128 and zero point 0"),
    ],
    "LOGISTIC": [
        ("sigmoid_q", y(scale=1 / 32, zero=-128),
         "the kernel's output has scale 1/256 and zero point -128"),
        ("sigmoid_q", y(zeroPoint=[0]), "the kernel's output has scale 1/256 and zero point -128"),
    ],
    "EXPAND_DIMS": [
        ("expand_dims_op_q", x0(scale=0.25, zero=3), "scales of input and output differ"),
    ],
    "PADV2": [
        ("padv2_q", (x0(type=INT16, scale=0.5), y(type=INT16, scale=0.5),
                     x2(type=INT16, data=[5], dtype=np.int16, scale=0.25)),
         "scales of value to pad with and output differ"),
    ],
    "GELU": [
        ("gelu_f", y(type=INT32), "output has type INT32, not FLOAT32"),
        ("gelu_q", y(scale=[0.5, 0.5]), "output has 2 scales, not 1"),
    ],
    "POW": [
        ("pow_f_op", x1(type=INT32, data=[2, 3, 1]), "input 1 has type INT32, not FLOAT32"),
        ("pow_f_op", y(shape=[1, 5, 3]), BOTH),
    ],
    "ADD_N": [
        ("add_n_f", x1(type=INT32), "input has type INT32, not FLOAT32"),
        ("add_n_op", x1(shape=[1, 4, 2]), "dimension 2 is 2 in the input, 3 in the output"),
        ("add_n_op", x1(scale=0.25, zero=3), "scales of inputs differ"),
        ("add_n_op", x1(scale=0.5, zero=4), "scales of inputs differ"),
        ("add_n_op", y(scale=2.0**-20), "scale of the output is too small"),
        ("add_n_op", op(inputs=lambda old: [*old, *old, old[0]]), "9 inputs"),
    ],
    "L2_POOL_2D": [
        ("l2_pool", x0(type=INT32), "input type INT32 is not supported"),
        ("l2_pool", y(shape=[1, 2, 6, 2]), "side of 5 gives 5, not 6"),
    ],
    "DYNAMIC_UPDATE_SLICE": [
        ("update_slice_f", (x0(shape=[]), y(shape=[])), "input is a scalar"),
        ("update_slice_f", x1(type=INT32), "part has type INT32, not FLOAT32"),
        ("update_slice_f", x1(shape=[2, 2]), "part has 2 dimensions, not 3"),
        ("update_slice_f", x1(shape=[1, 5, 2]), "part is larger than the input along dimension 1"),
        ("update_slice_f", x2(shape=[3, 1]), "indices has 2 dimensions, not 1"),
        ("update_slice_f", x2(shape=[2]), "indices are not 3 int32 or int64"),
        ("update_slice_f", x2(type=FLOAT32), "indices are not 3 int32 or int64"),
        ("update_slice_q", x1(scale=0.25), "scales of part and output differ"),
        ("update_slice_q", x0(scale=0.25), "scales of input and output differ"),
    ],
    "SELECT": [
        ("where_op", x0(shape=[4, 3]), "input and output have 2 and 3 dimensions"),
        ("where_op", x1(shape=[1, 1, 3]), "dimension 1 is 1 in the input, 4 in the output"),
        ("where_op", x2(shape=[3]), "input and output have 1 and 3 dimensions"),
        ("where_op", x0(type=INT8), "condition has type INT8, not BOOL"),
    ],
    "MAXIMUM": [("maximum_f", every(shape=[1, 1, 8, 8, 3]), "more than 4 dimensions")],
    "DIV": [
        ("div_op_q", y(scale=2.0**-26), "scales make the result overflow"),
        ("div_op", x1(type=INT32), "input 1 has type INT32, not FLOAT32"),
        ("div_op", options(fusedActivationFunction=4), "activation 4 is not supported"),
        ("div_op", y(shape=[1, 5, 3]), BOTH),
    ],
    "FLOOR_MOD": [
        ("floor_mod_f", x1(type=INT32), "input 1 has type INT32, not FLOAT32"),
        ("floor_mod_f", y(shape=[1, 11, 4]), BOTH),
    ],
    "LESS": [
        ("less_int64", y(type=INT8), "output has type INT8, not BOOL"),
        ("less_int64", x1(type=INT32), "input 1 has type INT32, not INT64"),
        ("less_int64", y(shape=[2, 4]), BOTH),
        ("less_q", x0(scale=1.0), "scale of 1 or more"),
        ("less_q", x1(scale=1.5), "scale of 1 or more"),
    ],
    "EQUAL": [("equal_int32", x0(type=INT16), "input type INT16 is not supported")],
    "SELECT_V2": [
        ("select_f", x0(type=INT8), "condition has type INT8, not BOOL"),
        ("select_f", x2(type=INT32), "input 2 has type INT32, not FLOAT32"),
        ("select_q", x1(scale=0.25), "scales of input 1 and output differ"),
        ("select_q", x2(scale=0.25), "scales of input 2 and output differ"),
        ("select_f", y(shape=[1, 1, 2, 4, 3]), "more than 4 dimensions"),
        ("select_f", y(shape=[1, 2, 4, 3]), BOTH),
        ("select_f", y(shape=[2, 5, 3]), BOTH),
        ("select_f", x1(shape=[1]), BOTH),
    ],
    "ADD": [
        ("add_zeros", x1(scale=1e-19), "scale of input 1 is too far from 1"),
        ("add_zeros", x1(scale=[0.5, 0.25]), "input 1 has 2 scales, not 1"),
    ],
    "CONV_2D": [
        ("conv_other_dimension", x1(quantizedDimension=2), WEIGHTS + "2, not 3 along 0"),
        ("conv_other_dimension", x1(quantizedDimension=4), WEIGHTS + "4, not 3 along 0"),
        ("conv_other_dimension", x1(quantizedDimension=-1), WEIGHTS + "-1, not 3 along 0"),
    ],
    "BATCH_MATMUL": [
        ("matmul_f", (x0(shape=[4]), y(shape=[4])), "1 dimensions, not 2 to 5"),
        ("matmul_f", x1(type=INT32), "input 1 has type INT32, not FLOAT32"),
        ("matmul_f", x1(shape=[4, 5]), "input 1 has 2 dimensions, not 3"),
        ("matmul_f", y(shape=[3, 5]), "output has 2 dimensions, not 3"),
        ("matmul_rows_f", x1(shape=[1, 3, 5, 4]), "dimension 1 is 2 and 3"),
        ("matmul_rows_f", y(shape=[1, 1, 3, 5]), "output dimension 1 is 1, the inputs give 2"),
        ("matmul_rows_f", x1(shape=[1, 1, 5, 3]), "4 columns times 3 rows"),
        ("matmul_rows_f", options(adjY=False), "4 columns times 5 rows"),
        ("matmul_rows_f", options(adjX=True), "3 columns times 4 rows"),
        ("matmul_f", y(shape=[1, 4, 5]), "output dimension 1 is 4, the inputs give 3"),
        ("matmul_f", y(shape=[1, 3, 4]), "output dimension 2 is 4, the inputs give 5"),
        ("matmul_q", y(scale=1e-7), "scales make the result overflow"),
    ],
    "TILE": [
        ("tile_f", (x0(shape=[]), y(shape=[])), "input is a scalar"),
        ("tile_f", computed(1), "multiples must be 3 constant int32"),
        ("tile_f", x1(data=[1, 2, 2]), "output dimension 2 is 12, the inputs give 8"),
        ("tile_f", x1(data=[1, 2, 2**30]), "output dimension 2 is 12, not what the inputs give"),
        ("tile_f", x1(data=[1, -2, 3]), "output dimension 1 is 24, the inputs give -24"),
        ("tile_q", x0(scale=0.5), "scales of input and output differ"),
    ],
    "GATHER": [
        ("gather_constant_f", options(axis=3), "axis 3 of 3 dimensions"),
        ("gather_constant_f", options(batchDims=1), "batch dimensions are not supported"),
        ("gather_constant_f", x1(type=FLOAT32), "indices has type FLOAT32, not INT32"),
        ("gather_constant_f", y(shape=[1, 16]), "output has 2 dimensions, not 3"),
        ("gather_constant_f", y(shape=[1, 4, 5]), "output dimension 2 is 5, the inputs give 4"),
        ("gather_last_f", y(shape=[1, 12, 4, 1]), "output dimension 2 is 4, the inputs give 2"),
        ("gather_constant_q", x0(scale=0.5), "scales of input and output differ"),
    ],
    "EMBEDDING_LOOKUP": [
        ("lookup_f", (x1(shape=[]), y(shape=[2])), "input is a scalar"),
        ("lookup_f", y(shape=[3, 5]), "output dimension 0 is 3, the inputs give 2"),
    ],
    "GATHER_ND": [
        ("gather_nd_f", x1(shape=[], data=[1]), "indices are a scalar"),
        ("gather_nd_f", x0(shape=[192]), "3 indices for 1 dimensions"),
        ("gather_nd_f", y(shape=[3, 4]), "output dimension 1 is 4, the inputs give 3"),
    ],
    "SPACE_TO_BATCH_ND": [
        ("space_to_batch_f", x0(shape=[8, 8]), "2 dimensions, not 3 or 4"),
        ("space_to_batch_f", y(shape=[6, 5, 3]), "output has 3 dimensions, not 4"),
        ("space_to_batch_f", computed(1), "block must be 2 constant int32"),
        ("space_to_batch_f", computed(2), "paddings or crops must be 4 constant int32"),
        ("space_to_batch_f", x1(data=[0, 3]), "block of 0, edges of 1 and 1"),
        ("space_to_batch_f", x1(data=[2, 4097]), "block of 4097, edges of 0 and 1"),
        ("space_to_batch_f", x2(data=[1, 1, 0, -1]), "block of 3, edges of 0 and -1"),
        ("space_to_batch_f", x2(data=[65536, 1, 0, 1]), "block of 2, edges of 65536 and 1"),
        ("space_to_batch_f", x2(data=[1, 65536, 0, 1]), "block of 2, edges of 1 and 65536"),
        ("space_to_batch_f", x2(data=[1, 3, 0, 1]), FIT),
        ("space_to_batch_f", y(shape=[1, 5, 3, 3]), FIT),  # as where the batch is free
        ("space_to_batch_f", y(shape=[6, 5, 3, 2]), FIT),
        ("space_to_batch_q", x0(scale=0.5), "scales of input and output differ"),
    ],
    "LOGICAL_NOT": [
        ("logical_not", y(shape=[3, 2]), "dimension 0 is 2 in the input, 3 in the output"),
    ],
}
# fmt: on

BROKEN_ALL = {f"op 0 {name}: ": rows for name, rows in BROKEN.items()}
