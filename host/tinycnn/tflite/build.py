"""A .tflite from nothing: ops and the tensors between them, as the schema's objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers import flexbuffers

from tinycnn.tflite.graph import schema
from tinycnn.tflite.slim import IDENTIFIER

_DTYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.INT64: np.int64,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT16: np.int16,
    schema.TensorType.INT8: np.int8,
    schema.TensorType.UINT8: np.uint8,
    schema.TensorType.UINT32: np.uint32,
    schema.TensorType.UINT64: np.uint64,
    schema.TensorType.BOOL: np.bool_,
}


@dataclass(eq=False)
class Tensor:
    """A tensor; `type` is a number in schema.TensorType.

    data      makes it a constant
    variable  it is a state
    scale     one, or several: those of the channels, along `axis`
    """

    shape: Sequence[int]
    type: int = schema.TensorType.FLOAT32
    data: Any = None
    scale: float | Sequence[float] | None = None
    zero_point: int = 0
    axis: int = 0
    variable: bool = False
    name: str = "t"

    def pack(self, model: Any) -> Any:
        """The TensorT; a constant's values go among the buffers of the ModelT `model`."""
        made = schema.TensorT()
        made.name, made.shape, made.type = self.name.encode(), list(self.shape), self.type
        made.isVariable = self.variable
        made.buffer = 0
        if self.data is not None:
            buffer = schema.BufferT()
            values: Any = np.asarray(self.data, _DTYPES[self.type])
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)
            model.buffers.append(buffer)
            made.buffer = len(model.buffers) - 1
        if self.scale is not None:
            made.quantization = schema.QuantizationParametersT()
            scales = np.atleast_1d(np.array(self.scale, np.float32))
            made.quantization.scale = scales
            made.quantization.zeroPoint = np.full(len(scales), self.zero_point, np.int64)
            made.quantization.quantizedDimension = self.axis
        return made


@dataclass(eq=False)
class Op:
    """An op between tensors, of which one that an op writes and another reads is one object.

    code     a number in schema.BuiltinOperator, or the name of a custom op
    inputs   None is one that is left out
    options  an object of the schema; of a custom op numbers by their names
    """

    code: int | str
    inputs: Sequence[Tensor | None]
    outputs: Sequence[Tensor]
    options: Any = None
    version: int = 1
    options_type: int | None = None
    intermediates: Sequence[Tensor] = ()


def build(inputs: Sequence[Tensor], outputs: Sequence[Tensor], ops: Sequence[Op]) -> bytes:
    """The .tflite of `ops`, in the order in which they run."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, model.operatorCodes = 3, [schema.BufferT()], []
    used: dict[Tensor, int] = {}
    for op in ops:
        for tensor in (*op.inputs, *op.outputs, *op.intermediates):
            if tensor is not None:
                used.setdefault(tensor, len(used))
    graph.tensors = [tensor.pack(model) for tensor in used]
    graph.inputs, graph.outputs = [used[each] for each in inputs], [used[each] for each in outputs]
    graph.operators = [_packed_op(model, op, used) for op in ops]
    model.subgraphs = [graph]
    return packed(model)


def packed(model: Any) -> bytes:
    """The bytes of the ModelT `model`."""
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def custom_options(numbers: Mapping[str, int]) -> Any:
    """A flexbuffer, as the schema's object API takes the options of a custom op."""
    return np.frombuffer(flexbuffers.Dumps(dict(numbers)), np.uint8)


def _packed_op(model: Any, op: Op, used: Mapping[Tensor, int]) -> Any:
    made = schema.OperatorT()
    made.opcodeIndex = _code_index(model, op)
    made.inputs = [-1 if tensor is None else used[tensor] for tensor in op.inputs]
    made.outputs = [used[tensor] for tensor in op.outputs]
    if op.intermediates:
        made.intermediates = [used[tensor] for tensor in op.intermediates]
    if op.options is not None and isinstance(op.code, str):
        made.customOptions = custom_options(op.options)
    elif op.options is not None:
        name = type(op.options).__name__.removesuffix("T")
        made.builtinOptionsType = op.options_type or getattr(schema.BuiltinOptions, name)
        made.builtinOptions = op.options
    return made


def _code_index(model: Any, op: Op) -> int:
    """Of the code of `op` among those of the model, where it is put if it is not there yet."""
    custom = op.code.encode() if isinstance(op.code, str) else None
    code = schema.BuiltinOperator.CUSTOM if isinstance(op.code, str) else op.code
    for index, known in enumerate(model.operatorCodes):
        if (known.builtinCode, known.customCode, known.version) == (code, custom, op.version):
            return index
    made = schema.OperatorCodeT()
    made.builtinCode, made.deprecatedBuiltinCode = code, min(code, 127)
    made.customCode, made.version = custom, op.version
    model.operatorCodes.append(made)
    return len(model.operatorCodes) - 1
