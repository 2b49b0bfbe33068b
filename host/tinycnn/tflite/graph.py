"""A .tflite by its schema: as objects to edit, or as a graph to look at.

Nothing else on the host imports a schema.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from tinycnn.text import printable

__all__ = [
    "Graph",
    "Node",
    "Tensor",
    "Window",
    "has_variables",
    "name_of",
    "op_code",
    "op_name",
    "read_graph",
    "schema",
    "type_name",
    "unpacked",
]


@dataclass(frozen=True)
class Tensor:
    """A tensor of the main subgraph.

    type      its name in the schema: "INT8"
    bytes     that it takes in memory
    constant  its values are in the model, so the arena need not hold it
    scales    how many TFLM reads: 0 if not quantized, more than 1 if per channel
    variable  it is the state of an op, which lies beside the arena
    """

    shape: tuple[int, ...]
    type: str
    bytes: int
    constant: bool
    scales: int
    variable: bool = False

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
    """An op that runs: its name as of name_of(), and indices of tensors (-1: left out).

    options  whether it has any
    window   of a CONV_2D or DEPTHWISE_CONV_2D
    """

    op: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: bool
    window: Window | None = None


@dataclass(frozen=True)
class Graph:
    """A subgraph; `inputs` and `outputs` are indices of tensors.

    setup      what a CALL_ONCE of the main subgraph calls
    variables  bytes of each resource variable of the model
    """

    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    nodes: tuple[Node, ...]
    setup: Graph | None = None
    variables: tuple[int, ...] = ()

    def inputs_of(self, node: Node) -> list[Tensor]:
        """Its tensors, without those left out."""
        return [self.tensors[index] for index in node.inputs if index >= 0]

    def outputs_of(self, node: Node) -> list[Tensor]:
        return [self.tensors[index] for index in node.outputs]


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
    "RESOURCE": 4,
}
"""Bytes of an element (micro/memory_helpers.cc, TfLiteTypeSizeOf)."""


def unpacked(model: bytes) -> Any:
    """The schema's ModelT of `model`: all of it as objects and arrays, to be edited."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(model))


def op_code(model: Any, op: Any) -> int:
    """The number in schema.BuiltinOperator of `op`, an OperatorT of the ModelT `model`."""
    code = model.operatorCodes[op.opcodeIndex]
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))


def op_name(code: int) -> str:
    """The name in schema.BuiltinOperator of the number `code`."""
    return _OP_NAMES.get(code, str(code))


def name_of(model: Any, op: Any) -> str:
    """The name of `op`, an OperatorT of the ModelT `model`: the schema's, or a custom op's own."""
    code = op_code(model, op)
    own = model.operatorCodes[op.opcodeIndex].customCode
    return printable(own or b"") if code == schema.BuiltinOperator.CUSTOM else op_name(code)


def has_variables(data: bytes) -> bool:
    """Whether the .tflite `data` keeps a state from one run to the next, as an LSTM does."""
    return any(tensor.isVariable for graph in unpacked(data).subgraphs for tensor in graph.tensors)


def type_name(tensor: Any) -> str:
    """The name in schema.TensorType of the type of `tensor`, a TensorT."""
    return _TYPE_NAMES[tensor.type]


def read_graph(data: bytes) -> Graph:
    """Read a model that check_model() found valid; other bytes may raise anything."""
    model = unpacked(data)
    main, *others = [_graph(model, graph) for graph in model.subgraphs]
    return replace(main, setup=others[0] if others else None, variables=_variables(model))


def _graph(model: Any, graph: Any) -> Graph:
    return Graph(
        tuple(_tensor(model, tensor) for tensor in graph.tensors),
        _indices(graph.inputs),
        _indices(graph.outputs),
        tuple(_node(model, op) for op in graph.operators),
    )


def _variables(model: Any) -> tuple[int, ...]:
    """Bytes of each, which is known by two strings, from what is assigned to it."""
    found: dict[tuple[bytes | None, bytes], int] = {}
    for graph in model.subgraphs:
        names = {}
        for op in graph.operators:
            name = name_of(model, op)
            if name == "VAR_HANDLE":
                options = op.builtinOptions
                names[op.outputs[0]] = (options.container, options.sharedName)
            elif name == "ASSIGN_VARIABLE":
                found[names[op.inputs[0]]] = _tensor(model, graph.tensors[op.inputs[1]]).bytes
    return tuple(found.values())


def _tensor(model: Any, tensor: Any) -> Tensor:
    shape = () if tensor.shape is None else tuple(map(int, tensor.shape))
    type_ = type_name(tensor)
    quantization = tensor.quantization
    scales = 0
    if quantization is not None and _length(quantization.zeroPoint) > 0:
        scales = _length(quantization.scale)
    constant = _length(model.buffers[tensor.buffer].data) > 0
    size = prod(shape) * TYPE_BYTES[type_]
    return Tensor(shape, type_, size, constant, scales, bool(tensor.isVariable))


def _node(model: Any, op: Any) -> Node:
    name, options = name_of(model, op), op.builtinOptions
    window = None
    if name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        window = Window(
            (options.strideH, options.strideW),
            (options.dilationHFactor, options.dilationWFactor),
        )
    return Node(name, _indices(op.inputs), _indices(op.outputs), options is not None, window)


def _names(of: type) -> dict[int, str]:
    return {value: name for name, value in vars(of).items() if not name.startswith("_")}


_TYPE_NAMES = _names(schema.TensorType)
_OP_NAMES = _names(schema.BuiltinOperator)


def _length(vector: Any) -> int:
    return 0 if vector is None else len(vector)


def _indices(vector: Any) -> tuple[int, ...]:
    return () if vector is None else tuple(map(int, vector))
