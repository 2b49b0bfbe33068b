"""Models that break one rule each, and what model_check() says of them.

BROKEN maps a name to (a model of the corpus, a change to its ModelT, the message).
A message that starts with "..." is looked for at the end of the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tflite_models import FLOAT32, INT8, INT32, schema

Change = Callable[[Any], object]


def graph(m: Any) -> Any:
    return m.subgraphs[0]


def op(m: Any, index: int = 0) -> Any:
    return graph(m).operators[index]


def options(m: Any, index: int = 0) -> Any:
    return op(m, index).builtinOptions


def source(m: Any, number: int, index: int = 0) -> Any:
    """Input `number` of an op, as a TensorT."""
    return graph(m).tensors[op(m, index).inputs[number]]


def target(m: Any, index: int = 0) -> Any:
    return graph(m).tensors[op(m, index).outputs[0]]


def data(m: Any, tensor: Any) -> Any:
    return m.buffers[tensor.buffer]


def set_data(m: Any, tensor: Any, values: Any, dtype: Any = np.int32) -> None:
    array = np.asarray(values, dtype)
    data(m, tensor).data = np.frombuffer(array.tobytes(), np.uint8)


def make_variable_input(m: Any, number: int) -> None:
    """Turn a constant input of op 0 into an input of the model."""
    source(m, number).buffer = 0
    graph(m).inputs = [*graph(m).inputs, op(m).inputs[number]]


def put(obj: Any, **fields: Any) -> None:
    for name, value in fields.items():
        assert hasattr(obj, name), name
        setattr(obj, name, value)


def metadata(m: Any, name: bytes) -> None:
    entry = schema.MetadataT()
    entry.name, entry.buffer = name, 0
    m.metadata = [entry]


def scales(tensor: Any, values: list[float], zeros: list[int] | None = None, dim: int = 0) -> None:
    tensor.quantization.scale = np.array(values, np.float32)
    zeros = [0] * len(values) if zeros is None else zeros
    tensor.quantization.zeroPoint = np.array(zeros, np.int64)
    tensor.quantization.quantizedDimension = dim


def deep_sums(m: Any) -> None:
    """Biases so large that sums leave 32 bits."""
    bias = source(m, 2)
    count = len(data(m, bias).data) // 4
    set_data(m, bias, [2**31 - 1] * count)


def softmax_of(m: Any, count: int) -> None:
    for tensor in graph(m).tensors:
        tensor.shape = [1, count]


def scales_of(tensor: Any) -> None:
    """Give a tensor without quantization one scale."""
    tensor.quantization = schema.QuantizationParametersT()
    scales(tensor, [0.5])


def resized(m: Any, height: int, width: int, old: int) -> None:
    """The resize op's input is old x old, its output height x width."""
    source(m, 0).shape = [1, old, old, 3]
    target(m).shape = [1, height, width, 3]
    set_data(m, source(m, 1), [height, width])


BROKEN: dict[str, tuple[str, Change, str]] = {
    # The file
    "schema_version": ("relu_f", lambda m: put(m, version=2), "schema version 2, not 3"),
    "no_subgraph": ("relu_f", lambda m: put(m, subgraphs=[]), "0 subgraphs, not 1"),
    "two_subgraphs": (
        "relu_f",
        lambda m: put(m, subgraphs=m.subgraphs * 2),
        "2 subgraphs, not 1",
    ),
    "no_ops": ("relu_f", lambda m: put(graph(m), operators=[]), "0 ops for 2 tensors"),
    "more_ops_than_tensors": (
        "relu_f",
        lambda m: put(graph(m), operators=graph(m).operators * 3),
        "3 ops for 2 tensors",
    ),
    "too_many_tensors": (
        "relu_f",
        lambda m: put(graph(m), tensors=graph(m).tensors + graph(m).tensors[:1] * 2047),
        "more than 2048 tensors",
    ),
    "offline_plan": (
        "relu_f",
        lambda m: metadata(m, b"OfflineMemoryAllocation"),
        "offline memory plans are not supported",
    ),
    "code_contradicts": (
        "relu_f",
        lambda m: put(m.operatorCodes[0], deprecatedBuiltinCode=21),
        "operator code 0 contradicts itself",
    ),
    "code_negative": (
        "relu_f",
        lambda m: put(m.operatorCodes[0], deprecatedBuiltinCode=-1),
        "operator code 0 contradicts itself",
    ),
    "code_index": (
        "relu_f",
        lambda m: put(op(m), opcodeIndex=9),
        "op 0: operator code does not exist",
    ),
    "unknown_op": (
        "relu_f",
        lambda m: put(m.operatorCodes[0], deprecatedBuiltinCode=27, builtinCode=27),
        "op 0 SVDF: version 1 is not in the firmware",
    ),
    "custom_op": (
        "relu_f",
        lambda m: put(
            m.operatorCodes[0], deprecatedBuiltinCode=32, builtinCode=32, customCode=b"MyOp"
        ),
        "op 0 MyOp: version 1 is not in the firmware",
    ),
    "newer_version": (
        "relu_f",
        lambda m: put(m.operatorCodes[0], version=4),
        "op 0 RELU: version 4, the firmware has 3",
    ),
    "version_zero": (
        "relu_f",
        lambda m: put(m.operatorCodes[0], version=0),
        "op 0 RELU: version 0, the firmware has 3",
    ),
    "nameless_op": (
        "relu_f",
        lambda m: put(m.operatorCodes[0], deprecatedBuiltinCode=127, builtinCode=5000),
        "op 0 ?: version 1 is not in the firmware",
    ),
    # Tensors
    "string_tensor": (
        "relu_f",
        lambda m: put(graph(m).tensors[0], type=schema.TensorType.STRING),
        "tensor 0: type 5 is not supported",
    ),
    "int4_tensor": (
        "relu_f",
        lambda m: put(graph(m).tensors[1], type=schema.TensorType.INT4),
        "tensor 1: type 17 is not supported",
    ),
    "seven_dimensions": (
        "relu_f",
        lambda m: put(graph(m).tensors[0], shape=[1] * 7),
        "tensor 0: more than 6 dimensions",
    ),
    "zero_dimension": (
        "relu_f",
        lambda m: put(graph(m).tensors[0], shape=[1, 8, 0, 3]),
        "tensor 0: dimension 2 is 0",
    ),
    "unknown_dimension": (
        "relu_f",
        lambda m: put(graph(m).tensors[0], shape=[1, 8, -1, 3]),
        "tensor 0: dimension 2 is -1",
    ),
    "huge_dimension": (
        "relu_f",
        lambda m: put(graph(m).tensors[0], shape=[2**31 - 1, 8, 8, 3]),
        "tensor 0: more than 16777216 bytes",
    ),
    "size_overflows_32_bits": (
        "relu_f",
        lambda m: put(graph(m).tensors[0], shape=[65536, 65536, 1, 1]),
        "tensor 0: more than 16777216 bytes",
    ),
    "elements_times_size": (
        "relu_f",
        lambda m: put(graph(m).tensors[0], shape=[1, 2**22 + 1]),
        "tensor 0: more than 16777216 bytes",
    ),
    "huge_arena": (
        "concat_rows_f",
        lambda m: (
            put(graph(m), tensors=graph(m).tensors + graph(m).tensors[:1] * 4),
            put(graph(m).tensors[0], shape=[2**22]),
        ),
        "...: tensors need more than 67108864 bytes",
    ),
    "buffer_index": (
        "conv_same_q",
        lambda m: put(source(m, 1), buffer=99),
        "tensor 2: buffer 99 does not exist",
    ),
    "buffer_short": (
        "conv_same_q",
        lambda m: put(data(m, source(m, 1)), data=data(m, source(m, 1)).data[:-1]),
        "tensor 2: buffer has 107 bytes, shape needs 108",
    ),
    "buffer_long": (
        "conv_same_q",
        lambda m: set_data(m, source(m, 2), [0] * 5),
        "tensor 1: buffer has 20 bytes, shape needs 16",
    ),
    "buffer_outside": (
        "conv_same_q",
        lambda m: put(data(m, source(m, 1)), offset=4096, size=108),
        "tensor 2: data outside the model is not supported",
    ),
    "external_buffer": (
        "conv_same_q",
        lambda m: put(source(m, 1), externalBuffer=1),
        "tensor 2: data outside the model is not supported",
    ),
    "variable": (
        "relu_f",
        lambda m: put(graph(m).tensors[0], isVariable=True),
        "tensor 0: variables are not supported",
    ),
    "sparse": (
        "relu_f",
        lambda m: put(graph(m).tensors[0], sparsity=schema.SparsityParametersT()),
        "tensor 0: sparse and variant tensors are not supported",
    ),
    "variant": (
        "relu_f",
        lambda m: put(graph(m).tensors[0], variantTensors=[schema.VariantSubTypeT()]),
        "tensor 0: sparse and variant tensors are not supported",
    ),
    "custom_quantization": (
        "relu_q",
        lambda m: put(
            graph(m).tensors[0].quantization,
            detailsType=schema.QuantizationDetails.CustomQuantization,
            details=schema.CustomQuantizationT(),
        ),
        "tensor 0: quantization type is not supported",
    ),
    "scale_zero": (
        "relu_q",
        lambda m: scales(target(m), [0.0]),
        "tensor 1: scale 0 is not a positive number",
    ),
    "scale_negative": (
        "relu_q",
        lambda m: scales(target(m), [-0.5]),
        "tensor 1: scale 0 is not a positive number",
    ),
    "scale_infinite": (
        "relu_q",
        lambda m: scales(target(m), [np.inf]),
        "tensor 1: scale 0 is not a positive number",
    ),
    "scale_nan": (
        "conv_same_q",
        lambda m: scales(source(m, 1), [0.5, np.nan, 0.5, 0.5]),
        "tensor 2: scale 1 is not a positive number",
    ),
    "scale_count": (
        "conv_same_q",
        lambda m: scales(source(m, 1), [0.5] * 3),
        "tensor 2: 3 scales do not match dimension 0",
    ),
    "scale_dimension": (
        "conv_same_q",
        lambda m: put(source(m, 1).quantization, quantizedDimension=4),
        "tensor 2: 4 scales do not match dimension 4",
    ),
    "scale_dimension_negative": (
        "conv_same_q",
        lambda m: put(source(m, 1).quantization, quantizedDimension=-1),
        "tensor 2: 4 scales do not match dimension -1",
    ),
    "zero_point_count": (
        "conv_same_q",
        lambda m: scales(source(m, 1), [0.5] * 4, [0] * 3),
        "tensor 2: 3 zero points for 4 scales",
    ),
    "zero_point_int8": (
        "relu_q",
        lambda m: scales(target(m), [0.5], [128]),
        "tensor 1: zero point 0 is out of range",
    ),
    "zero_point_int16": (
        "requantize_int8_int16",
        lambda m: scales(target(m), [0.5], [40000]),
        "tensor 1: zero point 0 is out of range",
    ),
    "zero_point_uint8": (
        "dequantize_uint8",
        lambda m: scales(source(m, 0), [0.5], [-1]),
        "tensor 0: zero point 0 is out of range",
    ),
    "zero_point_64_bits": (
        "relu_q",
        lambda m: scales(target(m), [0.5], [2**32]),
        "tensor 1: zero point 0 is out of range",
    ),
    # The graph
    "no_input": ("relu_f", lambda m: put(graph(m), inputs=[]), "model has no input"),
    "no_output": ("relu_f", lambda m: put(graph(m), outputs=[]), "model has no output"),
    "input_index": ("relu_f", lambda m: put(graph(m), inputs=[2]), "input 0 is no free tensor"),
    "input_optional": (
        "relu_f",
        lambda m: put(graph(m), inputs=[-1]),
        "input 0 is no free tensor",
    ),
    "input_twice": ("add_f", lambda m: put(graph(m), inputs=[0, 0]), "input 1 is no free tensor"),
    "input_constant": (
        "conv_same_f",
        lambda m: put(graph(m), inputs=[*graph(m).inputs, op(m).inputs[1]]),
        "input 1 is no free tensor",
    ),
    "output_index": ("relu_f", lambda m: put(graph(m), outputs=[7]), "output 0 is never written"),
    "output_unwritten": (
        "relu_f",
        lambda m: (
            graph(m).tensors.append(graph(m).tensors[0]),
            put(graph(m), outputs=[2]),
        ),
        "output 0 is never written",
    ),
    "op_input_index": (
        "relu_f",
        lambda m: put(op(m), inputs=[5]),
        "op 0 RELU: input 0 does not exist",
    ),
    "op_input_missing": (
        "relu_f",
        lambda m: put(op(m), inputs=[-1]),
        "op 0 RELU: input 0 does not exist",
    ),
    "op_input_unwritten": (
        "digits_q",
        lambda m: put(op(m), inputs=[op(m, 1).outputs[0], *op(m).inputs[1:]]),
        "op 0 CONV_2D: input 0 is not written before",
    ),
    "op_order": (
        "digits_q",
        lambda m: graph(m).operators.reverse(),
        "op 0 FULLY_CONNECTED: input 0 is not written before",
    ),
    "op_reads_itself": (
        "relu_f",
        lambda m: put(op(m), inputs=op(m).outputs),
        "op 0 RELU: input 0 is not written before",
    ),
    "op_no_inputs": ("relu_f", lambda m: put(op(m), inputs=[]), "op 0 RELU: 0 inputs"),
    "op_null_inputs": ("relu_f", lambda m: put(op(m), inputs=None), "op 0 RELU: 0 inputs"),
    "op_more_inputs": ("relu_f", lambda m: put(op(m), inputs=[0, 0]), "op 0 RELU: 2 inputs"),
    "op_no_outputs": ("relu_f", lambda m: put(op(m), outputs=[]), "op 0 RELU: 0 outputs"),
    "op_two_outputs": ("relu_f", lambda m: put(op(m), outputs=[1, 1]), "op 0 RELU: 2 outputs"),
    "op_output_optional": (
        "relu_f",
        lambda m: put(op(m), outputs=[-1]),
        "op 0 RELU: output is no free tensor",
    ),
    "op_output_is_input": (
        "relu_f",
        lambda m: put(op(m), outputs=[0]),
        "op 0 RELU: output is no free tensor",
    ),
    "op_output_constant": (
        "conv_same_f",
        lambda m: put(op(m), outputs=[op(m).inputs[1]]),
        "op 0 CONV_2D: output is no free tensor",
    ),
    "written_twice": (
        "two_outputs_f",
        lambda m: put(op(m, 1), outputs=op(m, 0).outputs),
        "op 1 FULLY_CONNECTED: output is no free tensor",
    ),
    "intermediates": (
        "relu_f",
        lambda m: put(op(m), intermediates=[999]),
        "op 0 RELU: intermediate tensors are not supported",
    ),
    # Options
    "options_missing": (
        "conv_same_q",
        lambda m: put(op(m), builtinOptionsType=0, builtinOptions=None),
        "op 0 CONV_2D: options are missing",
    ),
    "options_of_another_op": (
        "conv_same_q",
        lambda m: put(
            op(m),
            builtinOptionsType=schema.BuiltinOptions.Pool2DOptions,
            builtinOptions=schema.Pool2DOptionsT(),
        ),
        "op 0 CONV_2D: options are missing",
    ),
    "activation": (
        "conv_same_q",
        lambda m: put(options(m), fusedActivationFunction=4),
        "op 0 CONV_2D: activation 4 is not supported",
    ),
    "activation_negative": (
        "add_f",
        lambda m: put(options(m), fusedActivationFunction=-1),
        "op 0 ADD: activation -1 is not supported",
    ),
    # Types
    "type_input": (
        "relu_q",
        lambda m: (
            [put(t, type=INT32) for t in graph(m).tensors]
            and [scales(t, [0.5]) for t in graph(m).tensors]
        ),
        "op 0 RELU: input type 2 is not supported",
    ),
    "type_output": (
        "relu_f",
        lambda m: put(target(m), type=INT8),
        "op 0 RELU: output has type 9, not 0",
    ),
    "type_weights": (
        "dense_f",
        lambda m: put(source(m, 1), type=INT32),
        "op 0 FULLY_CONNECTED: weights has type 2, not 0",
    ),
    "type_bias": (
        "conv_same_q",
        lambda m: (put(source(m, 2), type=FLOAT32), scales(source(m, 2), [1.0], [0])),
        "op 0 CONV_2D: bias has type 0, not 2",
    ),
    "type_second": (
        "add_f",
        lambda m: put(source(m, 1), type=INT32),
        "op 0 ADD: input 1 has type 2, not 0",
    ),
    "not_quantized": (
        "relu_q",
        lambda m: put(source(m, 0), quantization=None),
        "op 0 RELU: input has 0 scales, not 1",
    ),
    "no_zero_points": (
        "relu_q",
        lambda m: put(target(m).quantization, zeroPoint=None),
        "op 0 RELU: output has 0 scales, not 1",
    ),
    "output_per_channel": (
        "relu_q",
        lambda m: scales(target(m), [0.5] * 3, dim=3),
        "op 0 RELU: output has 3 scales, not 1",
    ),
    "scale_tiny": (
        "relu6_q",
        lambda m: scales(source(m, 0), [1e-9]),
        "op 0 RELU6: scale of input is too far from 1",
    ),
    "relu6_scales": (
        "relu6_q",
        lambda m: scales(source(m, 0), [0.5]),
        "op 0 RELU6: scales of input and output differ",
    ),
    "relu6_zero_points": (
        "relu6_q",
        lambda m: put(source(m, 0).quantization, zeroPoint=[3]),
        "op 0 RELU6: scales of input and output differ",
    ),
    "scale_huge": (
        "tanh_q",
        lambda m: scales(source(m, 0), [1e12]),
        "op 0 TANH: scale of input is too far from 1",
    ),
    # Convolutions
    "conv_rank": (
        "conv_same_f",
        lambda m: put(source(m, 0), shape=[8, 8, 3]),
        "op 0 CONV_2D: input has 3 dimensions, not 4",
    ),
    "conv_weights_rank": (
        "conv_same_f",
        lambda m: put(source(m, 1), shape=[4, 27]),
        "op 0 CONV_2D: weights has 2 dimensions, not 4",
    ),
    "conv_output_rank": (
        "conv_same_f",
        lambda m: put(target(m), shape=[1, 64, 4]),
        "op 0 CONV_2D: output has 3 dimensions, not 4",
    ),
    "conv_batches": (
        "conv_same_f",
        lambda m: put(target(m), shape=[2, 8, 8, 4]),
        "op 0 CONV_2D: output dimension 0 is 2, the inputs give 1",
    ),
    "conv_channels": (
        "conv_same_f",
        lambda m: put(target(m), shape=[1, 8, 8, 5]),
        "op 0 CONV_2D: output dimension 3 is 5, the inputs give 4",
    ),
    "conv_depth": (
        "conv_same_f",
        lambda m: put(source(m, 0), shape=[1, 8, 8, 6]),
        "op 0 CONV_2D: weights are for 3 channels, input has 6",
    ),
    "conv_height": (
        "conv_valid_relu_q",
        lambda m: put(target(m), shape=[1, 7, 6, 4]),
        "op 0 CONV_2D: side of 8 gives 6, not 7",
    ),
    "conv_width": (
        "conv_same_q",
        lambda m: put(target(m), shape=[1, 8, 9, 4]),
        "op 0 CONV_2D: side of 8 gives 8, not 9",
    ),
    "conv_stride_zero": (
        "conv_same_q",
        lambda m: put(options(m), strideH=0),
        "op 0 CONV_2D: stride is 0",
    ),
    "conv_stride_negative": (
        "conv_same_q",
        lambda m: put(options(m), strideW=-1),
        "op 0 CONV_2D: stride is -1",
    ),
    "conv_stride_huge": (
        "conv_same_q",
        lambda m: put(options(m), strideW=2**31 - 1),
        "op 0 CONV_2D: stride is 2147483647",
    ),
    "conv_dilation_zero": (
        "conv_dilated_q",
        lambda m: put(options(m), dilationHFactor=0),
        "op 0 CONV_2D: window is too large or empty",
    ),
    "conv_dilation_huge": (
        "conv_same_q",
        lambda m: put(options(m), dilationHFactor=2**31 - 1),
        "op 0 CONV_2D: window is too large or empty",
    ),
    "conv_window_huge": (
        "conv_same_q",
        lambda m: put(options(m), dilationHFactor=2**15),
        "op 0 CONV_2D: window is too large or empty",
    ),
    "conv_padding": (
        "conv_same_q",
        lambda m: put(options(m), padding=2),
        "op 0 CONV_2D: padding 2 is not supported",
    ),
    "conv_larger_than_image": (
        "conv_valid_relu_f",
        lambda m: (put(source(m, 0), shape=[1, 2, 8, 3]), put(target(m), shape=[1, 1, 6, 4])),
        "op 0 CONV_2D: side of 2 gives 0, not 1",
    ),
    "conv_bias_count": (
        "conv_same_f",
        lambda m: (set_data(m, source(m, 2), [0] * 3), put(source(m, 2), shape=[3])),
        "op 0 CONV_2D: 3 biases for 4 channels",
    ),
    "conv_bias_computed": (
        "conv_same_q",
        lambda m: make_variable_input(m, 2),
        "op 0 CONV_2D: bias is not constant",
    ),
    "conv_sums_overflow": (
        "conv_same_q",
        deep_sums,
        "op 0 CONV_2D: scales make the result overflow",
    ),
    "conv_rescale": (
        "conv_same_q",
        lambda m: scales(target(m), [1e-7]),
        "op 0 CONV_2D: scales make the result overflow",
    ),
    "conv_weight_scales": (
        "conv_same_q",
        lambda m: scales(source(m, 1), [0.5] * 3, dim=3),
        "op 0 CONV_2D: 3 weight scales for 4 channels",
    ),
    "conv_weight_scales_missing": (
        "conv_same_q",
        lambda m: put(source(m, 1), quantization=None),
        "op 0 CONV_2D: 0 weight scales for 4 channels",
    ),
    "conv_weight_zero_point": (
        "conv_same_q",
        lambda m: scales(source(m, 1), [0.5] * 4, [0, 0, 1, 0]),
        "op 0 CONV_2D: zero point of weights is not 0",
    ),
    "conv_no_bias": (
        "conv_same_q",
        lambda m: put(op(m), inputs=op(m).inputs[:2]),
        "op 0 CONV_2D: no bias",
    ),
    "conv_optional_bias": (
        "conv_same_q",
        lambda m: put(op(m), inputs=[*op(m).inputs[:2], -1]),
        "op 0 CONV_2D: no bias",
    ),
    "depthwise_no_bias": (
        "depthwise_same_q",
        lambda m: put(op(m), inputs=op(m).inputs[:2]),
        "op 0 DEPTHWISE_CONV_2D: 2 inputs",
    ),
    "depthwise_optional_bias": (
        "depthwise_same_q",
        lambda m: put(op(m), inputs=[*op(m).inputs[:2], -1]),
        "op 0 DEPTHWISE_CONV_2D: input 2 does not exist",
    ),
    "depthwise_multiplier": (
        "depthwise_multiplier_q",
        lambda m: put(options(m), depthMultiplier=2),
        "op 0 DEPTHWISE_CONV_2D: 3 channels times 2 are not 9",
    ),
    "depthwise_filter_batch": (
        "depthwise_same_f",
        lambda m: put(source(m, 1), shape=[3, 3, 1, 3]),
        "op 0 DEPTHWISE_CONV_2D: 3 channels times 1 are not 3",
    ),
    "depthwise_activation": (
        "depthwise_same_f",
        lambda m: put(options(m), fusedActivationFunction=9),
        "op 0 DEPTHWISE_CONV_2D: activation 9 is not supported",
    ),
    "transposed_shape": (
        "transposed_same_q",
        lambda m: set_data(m, source(m, 0), [1, 16, 17, 4]),
        "op 0 TRANSPOSE_CONV: output dimension 2 is 16, the inputs give 17",
    ),
    "transposed_shape_computed": (
        "transposed_same_f",
        lambda m: make_variable_input(m, 0),
        "op 0 TRANSPOSE_CONV: output shape must be 4 constant int32",
    ),
    "transposed_depth": (
        "transposed_same_f",
        lambda m: put(source(m, 2), shape=[1, 8, 8, 2]),
        "op 0 TRANSPOSE_CONV: weights are for 3 channels, input has 2",
    ),
    "transposed_size": (
        "transposed_same_f",
        lambda m: put(source(m, 2), shape=[1, 9, 8, 3]),
        "op 0 TRANSPOSE_CONV: side of 16 gives 8, not 9",
    ),
    "transposed_padding": (
        "transposed_same_f",
        lambda m: put(options(m), padding=3),
        "op 0 TRANSPOSE_CONV: padding 3 is not supported",
    ),
    "dense_weights_rank": (
        "dense_f",
        lambda m: put(source(m, 1), shape=[1, 10, 16]),
        "...: weights has 3 dimensions, not 2",
    ),
    "dense_units": (
        "dense_f",
        lambda m: put(target(m), shape=[1, 9]),
        "op 0 FULLY_CONNECTED: output dimension 1 is 9, the inputs give 10",
    ),
    "dense_side": (
        "dense_f",
        lambda m: (
            put(source(m, 0), shape=[1, 2**16]),
            set_data(m, source(m, 1), [0] * (10 * 2**16)),
            put(source(m, 1), shape=[10, 2**16]),
        ),
        "op 0 FULLY_CONNECTED: side of more than 65535",
    ),
    "dense_scalar": (
        "dense_f",
        lambda m: put(target(m), shape=[]),
        "op 0 FULLY_CONNECTED: output is a scalar",
    ),
    "dense_inputs": (
        "dense_f",
        lambda m: put(source(m, 0), shape=[1, 15]),
        "op 0 FULLY_CONNECTED: 15 inputs are not 1 times 16",
    ),
    "dense_batches": (
        "dense_f",
        lambda m: put(target(m), shape=[2, 10]),
        "op 0 FULLY_CONNECTED: 16 inputs are not 2 times 16",
    ),
    "dense_shuffled": (
        "dense_q",
        lambda m: put(options(m), weightsFormat=1),
        "op 0 FULLY_CONNECTED: shuffled weights are not supported",
    ),
    "dense_scales_along_inputs": (
        "dense_q",
        lambda m: scales(source(m, 1), [0.5] * 16, dim=1),
        "op 0 FULLY_CONNECTED: 16 weight scales for 10 channels",
    ),
    "pool_window_zero": (
        "max_pool_q",
        lambda m: put(options(m), filterWidth=0),
        "op 0 MAX_POOL_2D: window is too large or empty",
    ),
    "pool_window_negative": (
        "average_pool_f",
        lambda m: put(options(m), filterHeight=-2),
        "op 0 AVERAGE_POOL_2D: window is too large or empty",
    ),
    "pool_stride": (
        "average_pool_q",
        lambda m: put(options(m), strideH=0),
        "op 0 AVERAGE_POOL_2D: stride is 0",
    ),
    "pool_channels": (
        "max_pool_f",
        lambda m: put(target(m), shape=[1, 4, 4, 2]),
        "op 0 MAX_POOL_2D: output dimension 3 is 2, the inputs give 3",
    ),
    "pool_side": (
        "average_pool_q",
        lambda m: (
            put(source(m, 0), shape=[1, 2, 2**16, 3]),
            put(target(m), shape=[1, 1, 2**15, 3]),
        ),
        "op 0 AVERAGE_POOL_2D: side of more than 65535",
    ),
    "pool_image": (
        "max_pool_q",
        lambda m: (
            put(source(m, 0), shape=[1, 2**12, 2**11 + 2, 1]),
            put(target(m), shape=[1, 2**11, 2**10 + 1, 1]),
        ),
        "op 0 MAX_POOL_2D: image is too large",
    ),
    # Arithmetic
    "quantize_pair": (
        "quantize",
        lambda m: (put(target(m), type=INT32), scales(target(m), [0.5])),
        "op 0 QUANTIZE: type 0 to type 2 is not supported",
    ),
    "quantize_scales": (
        "quantize",
        lambda m: put(target(m), quantization=None),
        "op 0 QUANTIZE: output has 0 scales, not 1",
    ),
    "requantize_scales": (
        "requantize_int8_int8",
        lambda m: put(source(m, 0), quantization=None),
        "op 0 QUANTIZE: input has 0 scales, not 1",
    ),
    "requantize_overflow": (
        "requantize_int8_int8",
        lambda m: (scales(source(m, 0), [1e6]), scales(target(m), [1e-3])),
        "op 0 QUANTIZE: scales make the result overflow",
    ),
    "requantize_int32_overflow": (
        "requantize_int32_int8",
        lambda m: scales(source(m, 0), [0.5]),
        "op 0 QUANTIZE: scales make the result overflow",
    ),
    "quantize_shape": (
        "quantize",
        lambda m: put(target(m), shape=[1, 4, 2]),
        "op 0 QUANTIZE: dimension 2 is 3 in the input, 2 in the output",
    ),
    "dequantize_type": (
        "dequantize",
        lambda m: (put(target(m), type=INT8), scales_of(target(m))),
        "op 0 DEQUANTIZE: output has type 9, not 0",
    ),
    "dequantize_scales": (
        "dequantize",
        lambda m: put(source(m, 0), quantization=None),
        "op 0 DEQUANTIZE: input has 0 scales, not 1",
    ),
    "relu_ratio": (
        "relu_q",
        lambda m: (scales(source(m, 0), [1e5]), scales(target(m), [1e-5])),
        "op 0 RELU: scales make the result overflow",
    ),
    "relu_rank": (
        "relu_f",
        lambda m: put(target(m), shape=[8, 8, 3]),
        "op 0 RELU: input and output have 4 and 3 dimensions",
    ),
    "leaky_infinite": (
        "leaky_relu_f",
        lambda m: put(options(m), alpha=np.inf),
        "op 0 LEAKY_RELU: alpha is not finite",
    ),
    "leaky_negative": (
        "leaky_relu_q",
        lambda m: put(options(m), alpha=-0.5),
        "op 0 LEAKY_RELU: alpha is negative",
    ),
    "leaky_huge": (
        "leaky_relu_q",
        lambda m: put(options(m), alpha=1e30),
        "op 0 LEAKY_RELU: scales make the result overflow",
    ),
    "leaky_ratio": (
        "leaky_relu_q",
        lambda m: (scales(source(m, 0), [1e5]), scales(target(m), [1e-5])),
        "op 0 LEAKY_RELU: scales make the result overflow",
    ),
    "prelu_shape": (
        "prelu_f",
        lambda m: put(source(m, 1), shape=[3, 1, 1]),
        "op 0 PRELU: shapes of inputs and output do not fit",
    ),
    "prelu_alpha_quantized": (
        "prelu_q",
        lambda m: put(source(m, 1), quantization=None),
        "op 0 PRELU: input 1 has 0 scales, not 1",
    ),
    "prelu_alpha_scale": (
        "prelu_q",
        lambda m: scales(source(m, 1), [1e8]),
        "op 0 PRELU: scales make the result overflow",
    ),
    "add_shapes": (
        "add_f",
        lambda m: put(source(m, 1), shape=[1, 8, 4, 3]),
        "op 0 ADD: shapes of inputs and output do not fit",
    ),
    "add_output_smaller": (
        "add_f",
        lambda m: put(target(m), shape=[1, 8, 1, 3]),
        "op 0 ADD: shapes of inputs and output do not fit",
    ),
    "add_output_larger": (
        "add_f",
        lambda m: (
            put(source(m, 0), shape=[1, 8, 1, 3]),
            put(source(m, 1), shape=[1, 8, 1, 3]),
        ),
        "op 0 ADD: shapes of inputs and output do not fit",
    ),
    "add_output_rank": (
        "add_f",
        lambda m: (put(source(m, 0), shape=[8, 3]), put(source(m, 1), shape=[8, 3])),
        "op 0 ADD: shapes of inputs and output do not fit",
    ),
    "add_input_rank": (
        "add_f",
        lambda m: put(target(m), shape=[8, 8, 3]),
        "op 0 ADD: shapes of inputs and output do not fit",
    ),
    "add_five_dimensions": (
        "add_f",
        lambda m: [put(t, shape=[1, 1, 8, 8, 3]) for t in graph(m).tensors],
        "op 0 ADD: more than 4 dimensions",
    ),
    "add_aborts": (
        "add_q",
        lambda m: scales(target(m), [1e-7]),
        "op 0 ADD: scale of the output is too small",
    ),
    "sub_aborts": (
        "sub_q",
        lambda m: (scales(source(m, 1), [1e6]), scales(target(m), [1e-3])),
        "op 0 SUB: scale of the output is too small",
    ),
    "mul_overflow": (
        "mul_q",
        lambda m: (scales(source(m, 1), [1e4]), scales(target(m), [1e-3])),
        "op 0 MUL: scales make the result overflow",
    ),
    "softmax_aborts_on_many": (
        "softmax_q",
        lambda m: softmax_of(m, 512),
        "op 0 SOFTMAX: TFLM's int8 softmax can abort over more than 511 values",
    ),
    "softmax_aborts_on_small_beta": (
        "softmax_q",
        lambda m: put(options(m), beta=1e-8),
        "op 0 SOFTMAX: beta times scale is too small",
    ),
    "softmax_negative_beta": (
        "softmax_q",
        lambda m: put(options(m), beta=-1.0),
        "op 0 SOFTMAX: beta times scale is too small",
    ),
    "softmax_nan": (
        "softmax_f",
        lambda m: put(options(m), beta=np.nan),
        "op 0 SOFTMAX: beta is not finite",
    ),
    "softmax_scalar": (
        "softmax_f",
        lambda m: [put(t, shape=[]) for t in graph(m).tensors],
        "op 0 SOFTMAX: input is a scalar",
    ),
    # Shapes
    "reshape_elements": (
        "reshape_f",
        lambda m: put(target(m), shape=[1, 16, 11]),
        "op 0 RESHAPE: 192 elements do not make 176",
    ),
    "expand_axis": (
        "expand_dims_op_f",
        lambda m: set_data(m, source(m, 1), [4]),
        "op 0 EXPAND_DIMS: axis 4 of 4 dimensions",
    ),
    "expand_axis_negative": (
        "expand_dims_op_f",
        lambda m: set_data(m, source(m, 1), [-5]),
        "op 0 EXPAND_DIMS: axis -5 of 4 dimensions",
    ),
    "expand_axis_computed": (
        "expand_dims_op_f",
        lambda m: make_variable_input(m, 1),
        "op 0 EXPAND_DIMS: axis must be 1 constant int32",
    ),
    "expand_rank": (
        "expand_dims_op_q",
        lambda m: put(target(m), shape=[1, 4, 3]),
        "op 0 EXPAND_DIMS: output has 3 dimensions, not 4",
    ),
    "expand_shape": (
        "expand_dims_op_q",
        lambda m: put(target(m), shape=[1, 4, 1, 3]),
        "op 0 EXPAND_DIMS: output dimension 1 is 4, the inputs give 1",
    ),
    "squeeze_axis": (
        "squeeze_op_f",
        lambda m: put(options(m), squeezeDims=[3]),
        "op 0 SQUEEZE: axis 3 of 3 dimensions",
    ),
    "squeeze_not_one": (
        "squeeze_op_f",
        lambda m: put(options(m), squeezeDims=[1]),
        "op 0 SQUEEZE: dimension 1 is not 1",
    ),
    "squeeze_many": (
        "squeeze_op_f",
        lambda m: put(options(m), squeezeDims=[0] * 9),
        "op 0 SQUEEZE: 9 dimensions to squeeze",
    ),
    "squeeze_few_dimensions": (
        "squeeze_op_f",
        lambda m: put(target(m), shape=[4]),
        "op 0 SQUEEZE: output has too few dimensions",
    ),
    "squeeze_aborts": (
        "squeeze_op_f",
        lambda m: put(target(m), shape=[3, 4]),
        "op 0 SQUEEZE: output dimension 0 is 3, the inputs give 4",
    ),
    "transpose_rank": (
        "permute_f",
        lambda m: (put(source(m, 0), shape=[]), put(target(m), shape=[])),
        "op 0 TRANSPOSE: 0 dimensions, not 1 to 5",
    ),
    "transpose_repeats": (
        "permute_f",
        lambda m: set_data(m, source(m, 1), [0, 3, 0, 2]),
        "op 0 TRANSPOSE: 0 is no place in a permutation",
    ),
    "transpose_outside": (
        "permute_f",
        lambda m: set_data(m, source(m, 1), [0, -1, 1, 2]),
        "op 0 TRANSPOSE: -1 is no place in a permutation",
    ),
    "transpose_shape": (
        "permute_f",
        lambda m: put(target(m), shape=[1, 8, 3, 8]),
        "op 0 TRANSPOSE: output dimension 1 is 8, the inputs give 3",
    ),
    "transpose_output_rank": (
        "permute_f",
        lambda m: put(target(m), shape=[3, 8, 8]),
        "op 0 TRANSPOSE: output has 3 dimensions, not 4",
    ),
    "transpose_float_permutation": (
        "permute_f",
        lambda m: put(source(m, 1), type=FLOAT32),
        "op 0 TRANSPOSE: permutation must be 4 constant int32",
    ),
    "pad_negative": (
        "pad_f",
        lambda m: set_data(m, source(m, 1), [0, 0, 3, 0, 4, -1, 0, 0]),
        "op 0 PAD: padding is negative",
    ),
    "pad_overflow": (
        "pad_f",
        lambda m: set_data(m, source(m, 1), [0, 0, 2**31 - 1, 2**31 - 1, 0, 3, 0, 0]),
        "op 0 PAD: output dimension 1 is 11, not what the inputs give",
    ),
    "pad_shape": (
        "pad_f",
        lambda m: put(target(m), shape=[1, 11, 12, 3]),
        "op 0 PAD: output dimension 2 is 12, the inputs give 11",
    ),
    "pad_computed": (
        "pad_f",
        lambda m: make_variable_input(m, 1),
        "op 0 PAD: paddings must be 8 constant int32",
    ),
    "pad_output_rank": (
        "pad_f",
        lambda m: put(target(m), shape=[11, 11, 3]),
        "op 0 PAD: output has 3 dimensions, not 4",
    ),
    "pad_six_dimensions": (
        "pad_f",
        lambda m: put(source(m, 0), shape=[1, 1, 1, 8, 8, 3]),
        "op 0 PAD: 6 dimensions, not 1 to 5",
    ),
    "padv2_values": (
        "padv2_f",
        lambda m: (
            put(source(m, 2), shape=[2]),
            set_data(m, source(m, 2), [1, 2], np.float32),
        ),
        "op 0 PADV2: 2 values to pad with",
    ),
    "padv2_type": (
        "padv2_f",
        lambda m: put(source(m, 2), type=INT32),
        "op 0 PADV2: value to pad with has type 2, not 0",
    ),
    "concat_axis": (
        "concat_rows_f",
        lambda m: put(options(m), axis=-5),
        "op 0 CONCATENATION: axis -5 of 4 dimensions",
    ),
    "concat_size": (
        "concat_rows_f",
        lambda m: put(target(m), shape=[1, 19, 8, 3]),
        "op 0 CONCATENATION: output dimension 1 is 19, the inputs give 18",
    ),
    "concat_other_size": (
        "concat_rows_f",
        lambda m: put(source(m, 1), shape=[1, 2, 7, 3]),
        "op 0 CONCATENATION: output dimension 2 is 8, the inputs give 7",
    ),
    "concat_rank": (
        "concat_rows_f",
        lambda m: put(source(m, 1), shape=[2, 8, 3]),
        "op 0 CONCATENATION: input has 3 dimensions, not 4",
    ),
    "concat_type": (
        "concat_rows_f",
        lambda m: put(source(m, 1), type=INT32),
        "op 0 CONCATENATION: input has type 2, not 0",
    ),
    "concat_eleven": (
        "concat_rows_f",
        lambda m: put(op(m), inputs=[0] * 11),
        "op 0 CONCATENATION: 11 inputs",
    ),
    "mean_axis": (
        "global_average_f",
        lambda m: set_data(m, source(m, 1), [1, 4]),
        "op 0 MEAN: axis 4 of 4 dimensions",
    ),
    "mean_axes_computed": (
        "global_average_f",
        lambda m: make_variable_input(m, 1),
        "op 0 MEAN: axes must be 2 constant int32",
    ),
    "mean_five_axes": (
        "global_average_f",
        lambda m: (set_data(m, source(m, 1), [1] * 5), put(source(m, 1), shape=[5])),
        "op 0 MEAN: 5 axes",
    ),
    "mean_shape": (
        "global_average_q",
        lambda m: put(target(m), shape=[1, 4]),
        "op 0 MEAN: output dimension 1 is 4, the inputs give 3",
    ),
    "mean_keeps": (
        "global_average_keep_f",
        lambda m: put(options(m), keepDims=False),
        "op 0 MEAN: output dimension 1 is 1, the inputs give 3",
    ),
    "mean_ratio": (
        "global_average_q",
        lambda m: (scales(source(m, 0), [1e4]), scales(target(m), [1e-3])),
        "op 0 MEAN: scales make the result overflow",
    ),
    "mean_many": (
        "global_average_q",
        lambda m: put(source(m, 0), shape=[1, 2**12, 2**10 + 1, 3]),
        "op 0 MEAN: too many elements to reduce",
    ),
    "reduce_max_rank": (
        "reduce_max_f",
        lambda m: put(target(m), shape=[1, 1, 1, 3, 1]),
        "op 0 REDUCE_MAX: output has 5 dimensions, not 4",
    ),
    "resize_size": (
        "resize_nearest_f",
        lambda m: set_data(m, source(m, 1), [5, 14]),
        "op 0 RESIZE_NEAREST_NEIGHBOR: output dimension 2 is 13, the inputs give 14",
    ),
    "resize_computed": (
        "resize_nearest_q",
        lambda m: make_variable_input(m, 1),
        "op 0 RESIZE_NEAREST_NEIGHBOR: size must be 2 constant int32",
    ),
    "resize_side": (
        "resize_nearest_f",
        lambda m: put(source(m, 0), shape=[1, 1, 65536, 3]),
        "op 0 RESIZE_NEAREST_NEIGHBOR: side of more than 65535",
    ),
    "resize_channels": (
        "resize_bilinear_corners_f",
        lambda m: put(source(m, 0), shape=[1, 8, 8, 2]),
        "op 0 RESIZE_BILINEAR: output dimension 3 is 3, the inputs give 2",
    ),
    "resize_corners_and_centers": (
        "resize_bilinear_corners_f",
        lambda m: put(options(m), halfPixelCenters=True),
        "op 0 RESIZE_BILINEAR: both corners aligned and half pixel centers",
    ),
    "resize_reads_outside": (
        "resize_bilinear_corners_q",
        lambda m: (put(options(m), alignCorners=False), resized(m, 70, 70, old=1)),
        "op 0 RESIZE_BILINEAR: TFLM resizes 1 to 70 by reading outside",
    ),
    "resize_corners_reads_outside": (
        "resize_bilinear_corners_q",
        lambda m: resized(m, 3, 2049, old=2),
        "op 0 RESIZE_BILINEAR: TFLM resizes 2 to 2049 by reading outside",
    ),
    "resize_half_pixel_reads_outside": (
        "upsample_bilinear_q",
        lambda m: resized(m, 3, 1365, old=2),
        "op 0 RESIZE_BILINEAR: TFLM resizes 2 to 1365 by reading outside",
    ),
    "buffer_size_alone": (
        "conv_same_q",
        lambda m: put(data(m, source(m, 1)), size=108),
        "tensor 2: data outside the model is not supported",
    ),
    "transposed_weights": (
        "transposed_same_q",
        lambda m: put(source(m, 1), quantization=None),
        "op 0 TRANSPOSE_CONV: 0 weight scales for 4 channels",
    ),
    "resize_output_side": (
        "resize_nearest_f",
        lambda m: resized(m, 1, 65536, old=1),
        "op 0 RESIZE_NEAREST_NEIGHBOR: side of more than 65535",
    ),
    "transpose_scalar_permutation": (
        "permute_f",
        lambda m: (
            put(source(m, 0), shape=[8]),
            put(target(m), shape=[8]),
            put(source(m, 1), shape=[]),
            set_data(m, source(m, 1), [0]),
        ),
        "op 0 TRANSPOSE: permutation has 0 dimensions, not 1",
    ),
    "softmax_beta_absent": (
        "softmax_q",
        lambda m: put(options(m), beta=0.0),
        "op 0 SOFTMAX: beta times scale is too small",
    ),
    # Ops of the profile `all`
    "maximum_type": (
        "maximum_f",
        lambda m: put(source(m, 1), type=INT32),
        "op 0 MAXIMUM: input 1 has type 2, not 0",
    ),
    "minimum_shape": (
        "minimum_scalar_f",
        lambda m: put(target(m), shape=[1, 8, 8, 4]),
        "op 0 MINIMUM: shapes of inputs and output do not fit",
    ),
    "hard_swish_scales": (
        "hard_swish_q",
        lambda m: scales(target(m), [1e3]),
        "op 0 HARD_SWISH: scales are too far apart",
    ),
    "reduce_min_axis": (
        "reduce_min_f",
        lambda m: set_data(m, source(m, 1), [1, -5]),
        "op 0 REDUCE_MIN: axis -5 of 4 dimensions",
    ),
    "sum_overflow": (
        "sum_q",
        lambda m: (scales(source(m, 0), [1e3]), scales(target(m), [1e-3])),
        "op 0 SUM: scales make the result overflow",
    ),
    "slice_rank": (
        "crop_f",
        lambda m: put(source(m, 0), shape=[1, 1, 8, 8, 3]),
        "op 0 STRIDED_SLICE: 5 dimensions, not 1 to 4",
    ),
    "slice_ellipsis": (
        "crop_f",
        lambda m: put(options(m), ellipsisMask=1),
        "op 0 STRIDED_SLICE: ellipsis, new axes and offsets are not supported",
    ),
    "slice_new_axis": (
        "crop_f",
        lambda m: put(options(m), newAxisMask=1),
        "op 0 STRIDED_SLICE: ellipsis, new axes and offsets are not supported",
    ),
    "slice_offset": (
        "crop_f",
        lambda m: put(options(m), offset=True),
        "op 0 STRIDED_SLICE: ellipsis, new axes and offsets are not supported",
    ),
    "slice_begin_computed": (
        "crop_f",
        lambda m: make_variable_input(m, 1),
        "op 0 STRIDED_SLICE: begin must be 4 constant int32",
    ),
    "slice_end_computed": (
        "crop_f",
        lambda m: make_variable_input(m, 2),
        "op 0 STRIDED_SLICE: end must be 4 constant int32",
    ),
    "slice_strides_computed": (
        "crop_f",
        lambda m: make_variable_input(m, 3),
        "op 0 STRIDED_SLICE: strides must be 4 constant int32",
    ),
    "slice_stride_zero": (
        "crop_f",
        lambda m: set_data(m, source(m, 3), [1, 0, 1, 1]),
        "op 0 STRIDED_SLICE: stride is 0",
    ),
    "slice_stride_lowest": (
        "crop_f",
        lambda m: set_data(m, source(m, 3), [1, -(2**31), 1, 1]),
        "op 0 STRIDED_SLICE: stride is -2147483648",
    ),
    "slice_stride_huge": (
        "crop_f",
        lambda m: set_data(m, source(m, 3), [1, 2**31 - 1, 1, 1]),
        "op 0 STRIDED_SLICE: stride is 2147483647",
    ),
    "slice_shape": (
        "crop_f",
        lambda m: put(target(m), shape=[1, 5, 6, 3]),
        "op 0 STRIDED_SLICE: output dimension 2 is 6, the inputs give 5",
    ),
    "slice_few_dimensions": (
        "crop_f",
        lambda m: put(target(m), shape=[1, 5, 5]),
        "op 0 STRIDED_SLICE: output has too few dimensions",
    ),
    "slice_index_outside": (
        "slice_reversed_f",
        lambda m: put(source(m, 0), shape=[1, 12, 1]),
        "op 0 STRIDED_SLICE: index is outside dimension 2",
    ),
    "too_many_codes": (
        "relu_f",
        lambda m: put(m, operatorCodes=m.operatorCodes * 2049),
        "more than 2048 operator codes",
    ),
}
