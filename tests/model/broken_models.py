"""Models that break one rule each, and what model_check() says of them.

BROKEN has rows of (a model of the corpus, a change or several, the message), by what their
messages begin with.
"""

from __future__ import annotations

import numpy as np

from model_changes import (
    Row,
    code,
    computed,
    every,
    graph,
    half,
    model,
    offline_plan,
    op,
    op_code,
    ops,
    options,
    put,
    resized,
    x0,
    x1,
    x2,
    x3,
    y,
)
from tflite_models import FLOAT32, INT8, INT32, schema

BROKEN: dict[str, list[Row]] = {}

# A row takes two lines at most, not five.
# fmt: off
BROKEN[""] = [
    ("relu_f", model(version=2), "schema version 2, not 3"),
    ("relu_f", model(subgraphs=[]), "0 subgraphs, not 1: no loops or conditions"),
    ("relu_f", model(subgraphs=lambda old: old * 2), "2 subgraphs, not 1: no loops or conditions"),
    ("relu_f", graph(operators=[]), "0 ops for 2 tensors"),
    ("relu_f", graph(operators=lambda old: old * 3), "3 ops for 2 tensors"),
    ("relu_f", graph(tensors=lambda old: old + old[:1] * 2047), "more than 2048 tensors"),
    ("relu_f", model(metadata=offline_plan()), "offline memory plans are not supported"),
    ("relu_f", code(deprecatedBuiltinCode=21), "operator code 0 contradicts itself"),
    ("relu_f", code(deprecatedBuiltinCode=-1), "operator code 0 contradicts itself"),
    ("relu_f", op(opcodeIndex=9), "op 0: operator code does not exist"),
    ("relu_f", op_code(118), "op 0 IF: version 1 is not in the firmware"),
    ("relu_f", op_code(32, customCode=b"MyOp"), "op 0 MyOp: version 1 is not in the firmware"),
    ("relu_f", op_code(32, customCode=b"My" * 99),
     f"op 0 {'My' * 20}...: version 1 is not in the firmware"),
    ("relu_f", op_code(32, customCode=b"My\xff\xc3Op\n"),
     "op 0 My??Op?: version 1 is not in the firmware"),
    ("relu_f", code(version=4), "op 0 RELU: version 4, the firmware has 3"),
    ("relu_f", code(version=0), "op 0 RELU: version 0, the firmware has 3"),
    ("relu_f", op_code(5000), "op 0 ?: version 1 is not in the firmware"),
    ("relu_f", (graph(tensors=lambda old: old + old[:1] * 4), every(shape=[2**22])),
     "...: tensors need more than 67108864 bytes"),
    ("relu_f", graph(inputs=[]), "model has no input"),
    ("relu_f", graph(outputs=[]), "model has no output"),
    ("relu_f", graph(inputs=[2]), "input 0 is no free tensor"),
    ("relu_q", x0(scale=[0.5] * 3, dim=1), "input 0 has 3 scales along dimension 1"),
    ("relu_q", x0(scale=[0.5] * 3, dim=9), "input 0 has 3 scales along dimension 9"),
    ("relu_q", x0(scale=[0.5] * 3, dim=-1), "input 0 has 3 scales along dimension -1"),
    ("relu_f", graph(inputs=[-1]), "input 0 is no free tensor"),
    ("add_f", graph(inputs=[0, 0]), "input 1 is no free tensor"),
    ("conv_same_f", lambda m: graph(inputs=lambda old: [*old, ops(m)[0].inputs[1]])(m),
     "input 1 is no free tensor"),
    ("relu_f", graph(tensors=lambda old: [*old, half(old[0])], inputs=[0, 2]),
     "input 1 is of FLOAT16, which Python has no array of"),
    ("relu_f", graph(outputs=[7]), "output 0 is never written"),
    ("relu_f", graph(tensors=lambda old: [*old, old[0]], outputs=[2]),
     "output 0 is never written"),
    ("two_outputs_f", lambda m: put(ops(m)[1], {"outputs": ops(m)[0].outputs}),
     "op 1 FULLY_CONNECTED: output is no free tensor"),
    ("relu_f", model(operatorCodes=lambda old: old * 2049), "more than 2048 operator codes"),
]
BROKEN["tensor 0: "] = [
    ("relu_f", x0(type=schema.TensorType.STRING), "type STRING is not supported"),
    ("relu_f", x0(shape=[1] * 7), "more than 6 dimensions"),
    ("relu_f", x0(shape=[1, 8, 0, 3]), "dimension 2 is 0"),
    ("relu_f", x0(shape=[1, 8, -1, 3]), "dimension 2 is -1"),
    ("relu_f", x0(shape=[2**31 - 1, 8, 8, 3]), "more than 16777216 bytes"),
    ("relu_f", x0(shape=[65536, 65536, 1, 1]), "more than 16777216 bytes"),
    ("relu_f", x0(shape=[1, 2**22 + 1]), "more than 16777216 bytes"),
    ("relu_f", x0(sparsity=schema.SparsityParametersT()),
     "sparse and variant tensors are not supported"),
    ("relu_f", x0(variantTensors=[schema.VariantSubTypeT()]),
     "sparse and variant tensors are not supported"),
    (
        "relu_q",
        x0(
            detailsType=schema.QuantizationDetails.CustomQuantization,
            details=schema.CustomQuantizationT(),
        ),
        "quantization type is not supported",
    ),
    ("dequantize_uint8", x0(scale=0.5, zero=-1), "zero point 0 is out of range"),
]
BROKEN["tensor 1: "] = [
    ("relu_f", y(type=schema.TensorType.INT4), "type INT4 is not supported"),
    ("conv_same_q", x2(data=[0] * 5), "buffer has 20 bytes, shape needs 16"),
    ("relu_q", y(scale=0.0), "scale 0 is not a positive number"),
    ("relu_q", y(scale=-0.5), "scale 0 is not a positive number"),
    ("relu_q", y(scale=np.inf), "scale 0 is not a positive number"),
    ("relu_q", y(scale=0.5, zero=128), "zero point 0 is out of range"),
    ("requantize_int8_int16", y(scale=0.5, zero=40000), "zero point 0 is out of range"),
    ("relu_q", y(scale=0.5, zero=2**32), "zero point 0 is out of range"),
]
BROKEN["tensor 2: "] = [
    ("conv_same_q", x1(buffer=99), "buffer 99 does not exist"),
    ("conv_same_q", x1(data=[0] * 107, dtype=np.int8), "buffer has 107 bytes, shape needs 108"),
    ("conv_same_q", x1(offset=4096, size=108), "data outside the model is not supported"),
    ("conv_same_q", x1(externalBuffer=1), "data outside the model is not supported"),
    ("conv_same_q", x1(scale=[0.5, np.nan, 0.5, 0.5]), "scale 1 is not a positive number"),
    ("conv_same_q", x1(scale=[0.5] * 4, zero=[0] * 3), "3 zero points for 4 scales"),
    ("conv_same_q", x1(size=108), "data outside the model is not supported"),
]
BROKEN["op 0 RELU: "] = [
    ("relu_f", op(inputs=[5]), "input 0 does not exist"),
    ("relu_f", op(inputs=[-1]), "input 0 does not exist"),
    ("relu_f", lambda m: op(inputs=ops(m)[0].outputs)(m), "input 0 is not written before"),
    ("relu_f", op(inputs=[]), "0 inputs"),
    ("relu_f", op(inputs=None), "0 inputs"),
    ("relu_f", op(inputs=[0, 0]), "2 inputs"),
    ("relu_f", op(outputs=[]), "0 outputs"),
    ("relu_f", op(outputs=[1, 1]), "2 outputs"),
    ("relu_f", op(outputs=[-1]), "output is no free tensor"),
    ("relu_f", op(outputs=[0]), "output is no free tensor"),
    ("relu_q", every(type=INT32, scale=0.5), "input type INT32 is not supported"),
    ("relu_f", y(type=INT8), "output has type INT8, not FLOAT32"),
    ("relu_q", x0(quantization=None), "input has 0 scales, not 1"),
    ("relu_q", y(zeroPoint=None), "output has 0 scales, not 1"),
    ("relu_q", y(scale=[0.5] * 3, dim=3), "output has 3 scales, not 1"),
    ("relu_q", (x0(scale=1e5), y(scale=1e-5)), "scales make the result overflow"),
    ("relu_f", y(shape=[8, 8, 3]), "input and output have 4 and 3 dimensions"),
]
BROKEN["op 0 CONV_2D: "] = [
    ("digits_q", lambda m: op(inputs=[ops(m)[1].outputs[0], *ops(m)[0].inputs[1:]])(m),
     "input 0 is not written before"),
    ("conv_same_f", lambda m: op(outputs=ops(m)[0].inputs[1:2])(m), "output is no free tensor"),
    ("conv_same_q", op(builtinOptionsType=0, builtinOptions=None), "options are missing"),
    (
        "conv_same_q",
        op(
            builtinOptionsType=schema.BuiltinOptions.Pool2DOptions,
            builtinOptions=schema.Pool2DOptionsT(),
        ),
        "options are missing",
    ),
    ("conv_same_q", options(fusedActivationFunction=4), "activation 4 is not supported"),
    ("conv_same_q", x2(type=FLOAT32, scale=1.0, zero=0), "bias has type FLOAT32, not INT32"),
    ("conv_same_f", x0(shape=[8, 8, 3]), "input has 3 dimensions, not 4"),
    ("conv_same_f", x1(shape=[4, 27]), "weights has 2 dimensions, not 4"),
    ("conv_same_f", y(shape=[1, 64, 4]), "output has 3 dimensions, not 4"),
    ("conv_same_f", y(shape=[2, 8, 8, 4]), "output dimension 0 is 2, the inputs give 1"),
    ("conv_same_f", y(shape=[1, 8, 8, 5]), "output dimension 3 is 5, the inputs give 4"),
    ("conv_same_f", x0(shape=[1, 8, 8, 5]), "weights are for 3 channels, input has 5"),
    ("conv_groups_q", x0(shape=[1, 8, 8, 2]), "weights are for 3 channels, input has 2"),
    ("conv_groups_q", x0(shape=[1, 8, 8, 12]), "6 output channels of 4 groups"),
    ("conv_valid_relu_q", y(shape=[1, 7, 6, 4]), "side of 8 gives 6, not 7"),
    ("conv_same_q", y(shape=[1, 8, 9, 4]), "side of 8 gives 8, not 9"),
    ("conv_same_q", options(strideH=0), "stride is 0"),
    ("conv_same_q", options(strideW=-1), "stride is -1"),
    ("conv_same_q", options(strideW=2**31 - 1), "stride is 2147483647"),
    ("conv_same_q", options(strideH=2**15), "stride is 32768"),
    ("conv_dilated_q", options(dilationHFactor=0), "window is too large or empty"),
    ("conv_same_q", options(dilationHFactor=2**31 - 1), "window is too large or empty"),
    ("conv_same_q", options(dilationHFactor=2**15), "window is too large or empty"),
    ("conv_same_q", options(padding=2), "padding 2 is not supported"),
    ("conv_valid_relu_f", (x0(shape=[1, 2, 8, 3]), y(shape=[1, 1, 6, 4])),
     "side of 2 gives 0, not 1"),
    ("conv_same_f", x2(data=[0] * 3, shape=[3]), "3 biases for 4 channels"),
    ("conv_same_q", computed(2), "bias is not constant"),
    ("conv_same_q", x2(data=[2**31 - 1] * 4), "scales make the result overflow"),
    ("conv_same_q", y(scale=1e-7), "scales make the result overflow"),
    ("conv_same_q", x1(scale=[0.5] * 3), "3 scales of weights along 0, not 4 along 0"),
    ("conv_same_q", x1(quantizedDimension=4), "4 scales of weights along 4, not 4 along 0"),
    ("conv_same_q", x1(quantizedDimension=-1), "4 scales of weights along -1, not 4 along 0"),
    ("conv_same_q", x1(quantization=None), "0 scales of weights along 0, not 4 along 0"),
    ("conv_same_q", x1(scale=[0.5] * 4, zero=[0, 0, 1, 0]), "zero point of weights is not 0"),
    ("conv_same_q", op(inputs=lambda old: old[:2]), "no bias"),
    ("conv_same_q", op(inputs=lambda old: [*old[:2], -1]), "no bias"),
]
BROKEN["op 0 FULLY_CONNECTED: "] = [
    ("digits_q", graph(operators=lambda old: old[::-1]), "input 0 is not written before"),
    ("dense_f", x1(type=INT32), "weights has type INT32, not FLOAT32"),
    ("dense_f", y(shape=[1, 9]), "output dimension 1 is 9, the inputs give 10"),
    ("dense_f", (x0(shape=[1, 2**16]), x1(data=[0] * (10 * 2**16), shape=[10, 2**16])),
     "side of more than 65535"),
    ("dense_f", y(shape=[]), "output is a scalar"),
    ("dense_f", x0(shape=[1, 15]), "15 inputs are not 1 times 16"),
    ("dense_f", y(shape=[2, 10]), "16 inputs are not 2 times 16"),
    ("dense_q", options(weightsFormat=1), "shuffled weights are not supported"),
    ("dense_q", x1(scale=[0.5] * 16, dim=1), "16 scales of weights along 1, not 10 along 0"),
    ("dense_f", x1(shape=[1, 10, 16]), "weights has 3 dimensions, not 2"),
]
BROKEN["op 0 ADD: "] = [
    ("add_f", options(fusedActivationFunction=-1), "activation -1 is not supported"),
    ("add_f", x1(type=INT32), "input 1 has type INT32, not FLOAT32"),
    ("add_f", x1(shape=[1, 8, 4, 3]), "shapes of inputs and output do not fit"),
    ("add_f", y(shape=[1, 8, 1, 3]), "shapes of inputs and output do not fit"),
    ("add_f", (x0(shape=[1, 8, 1, 3]), x1(shape=[1, 8, 1, 3])),
     "shapes of inputs and output do not fit"),
    ("add_f", (x0(shape=[8, 3]), x1(shape=[8, 3])), "shapes of inputs and output do not fit"),
    ("add_f", y(shape=[8, 8, 3]), "shapes of inputs and output do not fit"),
    ("add_q", y(scale=1e-7), "scale of the output is too small"),
]
BROKEN["op 0 RELU6: "] = [
    ("relu6_q", x0(scale=1e-9), "scale of input is too far from 1"),
    ("relu6_q", (x0(scale=1e4), y(scale=1e-3)), "scales make the result overflow"),
]
BROKEN["op 0 TANH: "] = [("tanh_q", x0(scale=1e12), "scale of input is too far from 1")]
BROKEN["op 0 DEPTHWISE_CONV_2D: "] = [
    ("depthwise_same_q", op(inputs=lambda old: old[:2]), "2 inputs"),
    ("depthwise_same_q", op(inputs=lambda old: [*old[:2], -1]), "input 2 does not exist"),
    ("depthwise_multiplier_q", options(depthMultiplier=2), "3 channels times 2 are not 9"),
    ("depthwise_same_f", x1(shape=[3, 3, 1, 3]), "3 channels times 1 are not 3"),
    ("depthwise_same_f", options(fusedActivationFunction=9), "activation 9 is not supported"),
]
BROKEN["op 0 TRANSPOSE_CONV: "] = [
    ("transposed_same_q", x0(data=[1, 16, 17, 4]), "output dimension 2 is 16, the inputs give 17"),
    ("transposed_same_f", computed(0), "output shape must be 4 constant int32"),
    ("transposed_same_f", x2(shape=[1, 8, 8, 2]), "weights are for 3 channels, input has 2"),
    ("transposed_same_f", x2(shape=[1, 9, 8, 3]), "side of 16 gives 8, not 9"),
    ("transposed_same_f", options(padding=3), "padding 3 is not supported"),
    ("transposed_same_q", x1(quantization=None), "0 scales of weights along 0, not 4 along 0"),
]
BROKEN["op 0 MAX_POOL_2D: "] = [
    ("max_pool_q", options(filterWidth=0), "window is too large or empty"),
    ("max_pool_f", y(shape=[1, 4, 4, 2]), "output dimension 3 is 2, the inputs give 3"),
    ("max_pool_q", (x0(shape=[1, 2**12, 2**11 + 2, 1]), y(shape=[1, 2**11, 2**10 + 1, 1])),
     "image is too large"),
]
BROKEN["op 0 AVERAGE_POOL_2D: "] = [
    ("average_pool_f", options(filterHeight=-2), "window is too large or empty"),
    ("average_pool_q", options(strideH=0), "stride is 0"),
    ("average_pool_q", (x0(shape=[1, 2, 2**16, 3]), y(shape=[1, 1, 2**15, 3])),
     "side of more than 65535"),
]
BROKEN["op 0 QUANTIZE: "] = [
    ("quantize", y(type=INT32, scale=0.5), "type FLOAT32 to type INT32 is not supported"),
    ("quantize", y(quantization=None), "output has 0 scales, not 1"),
    ("requantize_int8_int8", x0(quantization=None), "input has 0 scales, not 1"),
    ("requantize_int8_int8", (x0(scale=1e6), y(scale=1e-3)), "scales make the result overflow"),
    ("requantize_int32_int8", x0(scale=0.5), "scales make the result overflow"),
    ("quantize", y(shape=[1, 4, 2]), "dimension 2 is 3 in the input, 2 in the output"),
]
BROKEN["op 0 DEQUANTIZE: "] = [
    ("dequantize", y(type=INT8, scale=0.5), "output has type INT8, not FLOAT32"),
    ("dequantize", x0(quantization=None), "input has 0 scales, not 1"),
]
BROKEN["op 0 LEAKY_RELU: "] = [
    ("leaky_relu_f", options(alpha=np.inf), "alpha is not finite"),
    ("leaky_relu_q", options(alpha=-0.5), "alpha is negative"),
    ("leaky_relu_q", options(alpha=1e30), "scales make the result overflow"),
    ("leaky_relu_q", (x0(scale=1e5), y(scale=1e-5)), "scales make the result overflow"),
]
BROKEN["op 0 PRELU: "] = [
    ("prelu_f", x1(shape=[3, 1, 1]), "shapes of inputs and output do not fit"),
    ("prelu_q", x1(quantization=None), "input 1 has 0 scales, not 1"),
    ("prelu_q", x1(scale=1e8), "scales make the result overflow"),
]
BROKEN["op 0 SUB: "] = [
    ("sub_q", (x1(scale=1e6), y(scale=1e-3)), "scale of the output is too small")
]
BROKEN["op 0 MUL: "] = [
    ("mul_q", (x1(scale=1e4), y(scale=1e-3)), "scales make the result overflow")
]
BROKEN["op 0 SOFTMAX: "] = [
    ("softmax_q", every(shape=[1, 512]),
     "TFLM's int8 softmax can abort over more than 511 values"),
    ("softmax_q", options(beta=1e-8), "beta times scale is too small"),
    ("softmax_q", options(beta=-1.0), "beta times scale is too small"),
    ("softmax_f", options(beta=np.nan), "beta is not finite"),
    ("softmax_f", every(shape=[]), "input is a scalar"),
    ("softmax_q", options(beta=0.0), "beta times scale is too small"),
]
BROKEN["op 0 RESHAPE: "] = [("reshape_f", y(shape=[1, 16, 11]), "192 elements do not make 176")]
BROKEN["op 0 EXPAND_DIMS: "] = [
    ("expand_dims_op_f", x1(data=[4]), "axis 4 of 4 dimensions"),
    ("expand_dims_op_f", x1(data=[-5]), "axis -5 of 4 dimensions"),
    ("expand_dims_op_f", computed(1), "axis must be 1 constant int32"),
    ("expand_dims_op_q", y(shape=[1, 4, 3]), "output has 3 dimensions, not 4"),
    ("expand_dims_op_q", y(shape=[1, 4, 1, 3]), "output dimension 1 is 4, the inputs give 1"),
]
BROKEN["op 0 SQUEEZE: "] = [
    ("squeeze_op_f", options(squeezeDims=[3]), "axis 3 of 3 dimensions"),
    ("squeeze_op_f", options(squeezeDims=[1]), "dimension 1 is not 1"),
    ("squeeze_op_f", options(squeezeDims=[0] * 9), "9 dimensions to squeeze"),
    ("squeeze_op_f", y(shape=[4]), "output has too few dimensions"),
    ("squeeze_op_f", y(shape=[3, 4]), "output dimension 0 is 3, the inputs give 4"),
]
BROKEN["op 0 TRANSPOSE: "] = [
    ("permute_f", (x0(shape=[]), y(shape=[])), "0 dimensions, not 1 to 6"),
    ("permute_f", x1(data=[0, 3, 0, 2]), "0 is no place in a permutation"),
    ("permute_f", x1(data=[0, -1, 1, 2]), "-1 is no place in a permutation"),
    ("permute_f", y(shape=[1, 8, 3, 8]), "output dimension 1 is 8, the inputs give 3"),
    ("permute_f", y(shape=[3, 8, 8]), "output has 3 dimensions, not 4"),
    ("permute_f", x1(type=FLOAT32), "permutation must be 4 constant int32"),
    ("permute_f", (x0(shape=[8]), y(shape=[8]), x1(shape=[], data=[0])),
     "permutation has 0 dimensions, not 1"),
]
BROKEN["op 0 PAD: "] = [
    ("pad_f", x1(data=[0, 0, 3, 0, 4, -1, 0, 0]), "padding is negative"),
    ("pad_f", x1(data=[0, 0, 2**31 - 1, 2**31 - 1, 0, 3, 0, 0]),
     "output dimension 1 is 11, not what the inputs give"),
    ("pad_f", y(shape=[1, 11, 12, 3]), "output dimension 2 is 12, the inputs give 11"),
    ("pad_f", computed(1), "paddings must be 8 constant int32"),
    ("pad_f", y(shape=[11, 11, 3]), "output has 3 dimensions, not 4"),
    ("pad_f", x0(shape=[1, 1, 1, 8, 8, 3]), "6 dimensions, not 1 to 5"),
]
BROKEN["op 0 PADV2: "] = [
    ("padv2_f", x2(shape=[2], data=[1, 2], dtype=np.float32), "2 values to pad with"),
    ("padv2_f", x2(type=INT32), "value to pad with has type INT32, not FLOAT32"),
]
BROKEN["op 0 CONCATENATION: "] = [
    ("concat_rows_f", options(axis=-5), "axis -5 of 4 dimensions"),
    ("concat_rows_f", y(shape=[1, 19, 8, 3]), "output dimension 1 is 19, the inputs give 18"),
    ("concat_rows_f", x1(shape=[1, 2, 7, 3]), "output dimension 2 is 8, the inputs give 7"),
    ("concat_rows_f", x1(shape=[2, 8, 3]), "input has 3 dimensions, not 4"),
    ("concat_rows_f", x1(type=INT32), "input has type INT32, not FLOAT32"),
    ("concat_rows_q", x1(scale=0.5), "scales of input and output differ"),
    ("concat_rows_q", x1(zeroPoint=[3]), "scales of input and output differ"),
    ("concat_rows_f", op(inputs=[0] * 11), "11 inputs"),
]
BROKEN["op 0 MEAN: "] = [
    ("global_average_f", x1(data=[1, 4]), "axis 4 of 4 dimensions"),
    ("global_average_f", computed(1), "axes must be 2 constant int32"),
    ("global_average_f", x1(data=[1] * 5, shape=[5]), "5 axes"),
    ("global_average_q", y(shape=[1, 4]), "output dimension 1 is 4, the inputs give 3"),
    ("global_average_keep_f", options(keepDims=False),
     "output dimension 1 is 1, the inputs give 3"),
    ("global_average_q", (x0(scale=1e4), y(scale=1e-3)), "scales make the result overflow"),
    ("global_average_q", x0(shape=[1, 2**12, 2**10 + 1, 3]), "too many elements to reduce"),
]
BROKEN["op 0 REDUCE_MAX: "] = [
    ("reduce_max_f", y(shape=[1, 1, 1, 3, 1]), "output has 5 dimensions, not 4"),
    ("reduce_max_q", x0(scale=0.5), "scales of input and output differ"),
]
BROKEN["op 0 RESIZE_NEAREST_NEIGHBOR: "] = [
    ("resize_nearest_f", x1(data=[5, 14]), "output dimension 2 is 13, the inputs give 14"),
    ("resize_nearest_q", computed(1), "size must be 2 constant int32"),
    ("resize_nearest_f", x0(shape=[1, 1, 65536, 3]), "side of more than 65535"),
    ("resize_nearest_f", resized(1, 65536, old=1), "side of more than 65535"),
]
BROKEN["op 0 RESIZE_BILINEAR: "] = [
    ("resize_bilinear_corners_f", x0(shape=[1, 8, 8, 2]),
     "output dimension 3 is 3, the inputs give 2"),
    ("resize_bilinear_corners_f", options(halfPixelCenters=True),
     "both corners aligned and half pixel centers"),
    ("resize_bilinear_corners_q", (options(alignCorners=False), *resized(70, 70, old=1)),
     "TFLM resizes 1 to 70 by reading outside"),
    ("resize_bilinear_corners_q", resized(3, 2049, old=2),
     "TFLM resizes 2 to 2049 by reading outside"),
    ("upsample_bilinear_q", resized(3, 1365, old=2), "TFLM resizes 2 to 1365 by reading outside"),
]
BROKEN["op 0 MAXIMUM: "] = [("maximum_f", x1(type=INT32), "input 1 has type INT32, not FLOAT32")]
BROKEN["op 0 MINIMUM: "] = [
    ("minimum_scalar_f", y(shape=[1, 8, 8, 4]), "shapes of inputs and output do not fit")
]
BROKEN["op 0 HARD_SWISH: "] = [("hard_swish_q", y(scale=1e3), "scales are too far apart")]
BROKEN["op 0 REDUCE_MIN: "] = [("reduce_min_f", x1(data=[1, -5]), "axis -5 of 4 dimensions")]
BROKEN["op 0 SUM: "] = [
    ("sum_q", (x0(scale=1e3), y(scale=1e-3)), "scales make the result overflow")
]
BROKEN["op 0 STRIDED_SLICE: "] = [
    ("crop_f", x0(shape=[1, 1, 8, 8, 3]), "5 dimensions, not 1 to 4"),
    ("crop_f", options(ellipsisMask=1), "ellipsis, new axes and offsets are not supported"),
    ("crop_f", options(newAxisMask=1), "ellipsis, new axes and offsets are not supported"),
    ("crop_f", options(offset=True), "ellipsis, new axes and offsets are not supported"),
    ("crop_f", computed(1), "begin must be 4 constant int32"),
    ("crop_f", computed(2), "end must be 4 constant int32"),
    ("crop_f", computed(3), "strides must be 4 constant int32"),
    ("crop_f", x3(data=[1, 0, 1, 1]), "stride is 0"),
    ("crop_f", x3(data=[1, -(2**31), 1, 1]), "stride is -2147483648"),
    ("crop_f", x3(data=[1, 2**31 - 1, 1, 1]), "stride is 2147483647"),
    ("crop_f", y(shape=[1, 5, 6, 3]), "output dimension 2 is 6, the inputs give 5"),
    ("crop_f", y(shape=[1, 5, 5]), "output has too few dimensions"),
    ("slice_reversed_f", x0(shape=[1, 12, 1]), "index is outside dimension 2"),
]
# fmt: on
