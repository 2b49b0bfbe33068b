"""What each op of a model has to do: amounts that the instructions of its kernel grow with.

The kinds are the ways of our kernels (firmware_build/kernels/), which a layer's shapes choose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinycnn.tflite.graph import Graph, Node, Tensor, read_graph
from tinycnn.tflite.macs import node_macs


@dataclass(frozen=True)
class Work:
    """An op's: amounts of the same meaning for all of a kind."""

    kind: str
    amounts: tuple[int, ...]


def works(model: bytes) -> list[Work]:
    """Of each op that runs, of `model`, a .tflite that check_model() found valid."""
    graph = read_graph(model)
    return [_work(graph, node) for node in graph.nodes]


def _work(graph: Graph, node: Node) -> Work:
    inputs, outputs = graph.inputs_of(node), graph.outputs_of(node)
    type_ = inputs[0].type if inputs else ""
    if "FLOAT32" in {type_, *(tensor.type for tensor in outputs)} or type_ != "INT8":
        return Work(f"{node.op} of {type_ or 'nothing'}", (_elements(inputs, outputs),))
    if (convolution := _CONVOLUTIONS.get(node.op)) is not None:
        macs, out = node_macs(graph, node), outputs[0].elements
        return convolution(node, inputs, macs, out)
    if node.op in _SHRINKING:
        out = outputs[0].elements
        return Work(node.op, (inputs[0].elements, out, out // outputs[0].shape[-1]))
    return Work(node.op, (_elements(inputs, outputs),))


def _elements(inputs: list[Tensor], outputs: list[Tensor]) -> int:
    return max(tensor.elements for tensor in (*inputs, *outputs))


def _conv_2d(node: Node, inputs: list[Tensor], macs: int, out: int) -> Work:
    filters, *window, depth = inputs[1].shape
    places = out // filters
    if inputs[0].shape[3] != depth:
        return Work("CONV_2D in groups", (macs, out))
    if depth == 1 and _slides(node, window):
        return Work("CONV_2D of 3x3x1", (macs, out, filters))
    return Work("CONV_2D", (macs, out, places * window[0] * window[1] * depth, places))


def _depthwise_conv_2d(node: Node, inputs: list[Tensor], macs: int, out: int) -> Work:
    window = list(inputs[1].shape[1:3])
    if _slides(node, window):
        return Work("DEPTHWISE_CONV_2D of 3x3", (macs, out, inputs[1].shape[3]))
    if inputs[0].shape[3] == 1:  # a convolution
        places = out // inputs[1].shape[3]
        return Work("CONV_2D", (macs, out, places * window[0] * window[1], places))
    return Work("DEPTHWISE_CONV_2D", (macs, out))


def _fully_connected(node: Node, inputs: list[Tensor], macs: int, out: int) -> Work:
    units, taps = inputs[1].shape
    alone = out // units * (units % 4) * taps  # four units are computed at once
    return Work("FULLY_CONNECTED", (macs - alone, alone, out))


def _slides(node: Node, window: list[int]) -> bool:
    assert node.window is not None
    return window == [3, 3] and node.window.dilation == (1, 1) and max(node.window.stride) <= 2


_CONVOLUTIONS: dict[str, Callable[[Node, list[Tensor], int, int], Work]] = {
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "FULLY_CONNECTED": _fully_connected,
}

_SHRINKING = ("MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN")
"""What comes in counts, and what goes out."""
