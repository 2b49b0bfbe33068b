"""The multiply-accumulates of a model: what work there is, however a kernel does it."""

from __future__ import annotations

from collections.abc import Callable

from tinycnn.tflite.graph import Graph, Node, Tensor, read_graph


def count_macs(model: bytes) -> int:
    """Multiply-accumulates of one inference of `model`, a .tflite that check_model() found valid.

    Those of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED; other ops count nothing. Taps
    that lie in padding count, although a kernel may leave them out.
    """
    graph = read_graph(model)
    return sum(node_macs(graph, node) for node in graph.nodes)


def node_macs(graph: Graph, node: Node) -> int:
    """Those of one op."""
    taps = _TAPS.get(node.op)
    if taps is None:
        return 0
    weights, output = graph.tensors[node.inputs[1]], graph.tensors[node.outputs[0]]
    return output.elements * taps(weights)


_TAPS: dict[str, Callable[[Tensor], int]] = {
    # Weights are (filters, height, width, channels),
    "CONV_2D": lambda weights: weights.elements // weights.shape[0],
    # (1, height, width, filters),
    "DEPTHWISE_CONV_2D": lambda weights: weights.elements // weights.shape[3],
    # and (units, inputs).
    "FULLY_CONNECTED": lambda weights: weights.shape[1],
}
"""How many products are summed up for one value of the output, from the shape of the weights."""
