"""A .tflite with one op, built by hand: a reference that our own converter does not make."""

from __future__ import annotations

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema


def one_op_model(
    op: int,
    shape: tuple[int, ...],
    *,
    output_type: int = schema.TensorType.FLOAT32,
    scale: float = 0.0,
    zero_point: int = 0,
) -> bytes:
    """A model that takes a float32 tensor of `shape` and gives `op` of it."""

    def tensor(name: bytes, kind: int) -> schema.TensorT:
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, list(shape), kind, 0
        return made

    source, result = tensor(b"x", schema.TensorType.FLOAT32), tensor(b"y", output_type)
    if scale:
        result.quantization = schema.QuantizationParametersT()
        result.quantization.scale = np.array([scale], np.float32)
        result.quantization.zeroPoint = np.array([zero_point], np.int64)
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = op, min(op, 127), 1
    node = schema.OperatorT()
    node.opcodeIndex, node.inputs, node.outputs = 0, [0], [1]
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs = [source, result], [0], [1]
    graph.operators = [node]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
