"""A model's tensors and ops, as far as memory is concerned."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any


class UnpredictableError(Exception):
    """What is needed cannot be told beforehand, and why: half a sentence."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of the main subgraph.

    type      its name in the schema: "INT8"
    bytes     that it takes in memory
    constant  its values are in the model, so the arena need not hold it
    scales    how many TFLM reads: 0 if not quantized, more than 1 if per channel
    """

    shape: tuple[int, ...]
    type: str
    bytes: int
    constant: bool
    scales: int

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Window:
    """How a convolution moves over its image: (height, width) each."""

    stride: tuple[int, int]
    dilation: tuple[int, int]


@dataclass(frozen=True)
class Node:
    """An op that runs: its name in the schema, and indices of tensors (-1: left out).

    window  of a CONV_2D or DEPTHWISE_CONV_2D
    """

    op: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    window: Window | None = None


@dataclass(frozen=True)
class Graph:
    """The main subgraph; `inputs` and `outputs` are indices of tensors."""

    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    nodes: tuple[Node, ...]


TYPE_BYTES = {
    "FLOAT32": 4,
    "INT32": 4,
    "UINT32": 4,
    "INT64": 8,
    "UINT64": 8,
    "FLOAT64": 8,
    "INT16": 2,
    "UINT16": 2,
    "FLOAT16": 2,
    "INT8": 1,
    "UINT8": 1,
    "BOOL": 1,
}
"""Bytes of an element (micro/memory_helpers.cc, TfLiteTypeSizeOf)."""


def read_graph(model: bytes) -> Graph:
    """Read a model that check_model() found valid; other bytes may raise anything."""
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

    type_names = {value: name for name, value in vars(schema.TensorType).items()}
    op_names = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    root = schema.Model.GetRootAs(model)
    graph = root.Subgraphs(0)

    def tensor(index: int) -> Tensor:
        found = graph.Tensors(index)
        shape = _indices(found.Shape, found.ShapeLength())
        type_ = type_names.get(found.Type(), "")
        if type_ not in TYPE_BYTES:
            raise UnpredictableError(f"tensor {index} has a type that TFLM does not size")
        quantization = found.Quantization()
        scales = 0
        if quantization is not None and quantization.ZeroPointLength() > 0:
            scales = quantization.ScaleLength()
        constant = root.Buffers(found.Buffer()).DataLength() > 0
        return Tensor(shape, type_, prod(shape) * TYPE_BYTES[type_], constant, scales)

    def node(index: int) -> Node:
        found = graph.Operators(index)
        code = root.OperatorCodes(found.OpcodeIndex())
        op = op_names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        return Node(
            op,
            _indices(found.Inputs, found.InputsLength()),
            _indices(found.Outputs, found.OutputsLength()),
            _window(schema, op, found.BuiltinOptions()),
        )

    return Graph(
        tuple(tensor(i) for i in range(graph.TensorsLength())),
        _indices(graph.Inputs, graph.InputsLength()),
        _indices(graph.Outputs, graph.OutputsLength()),
        tuple(node(i) for i in range(graph.OperatorsLength())),
    )


def _window(schema: Any, op: str, table: Any) -> Window | None:
    names = {"CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions"}
    if op not in names:
        return None
    options = getattr(schema, names[op])()
    options.Init(table.Bytes, table.Pos)
    return Window(
        (options.StrideH(), options.StrideW()),
        (options.DilationHFactor(), options.DilationWFactor()),
    )


def _indices(item: Any, length: int) -> tuple[int, ...]:
    return tuple(int(item(i)) for i in range(length))
