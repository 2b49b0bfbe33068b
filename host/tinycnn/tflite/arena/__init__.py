"""What memory TFLM takes for a model, without TFLM.

The arena is exact: tensors and scratch buffers are planned as TFLM plans them. What the
interpreter keeps beside it is bounded from above, for 32 bits and with the few numbers
below. They come from counting what MicroInterpreter::AllocateTensors() allocates for good
(tensorflow/lite/micro/micro_allocator.cc). A board finds both by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinycnn.errors import UserError
from tinycnn.tflite.arena.planner import buffers, plan, up
from tinycnn.tflite.arena.scratch import kept_scratch, scratch
from tinycnn.tflite.graph import Graph, Node, read_graph
from tinycnn.tflite.ops import offered

__all__ = ["ArenaNeed", "predict_arena"]

# Bytes of
_START = 16 + 16  # allocator of options, list of tensors and nodes; gaps of alignment
_TENSOR = 12  # TfLiteEvalTensor
_NODE = 32  # NodeAndRegistration
_OP = {1: 72, 2: 72, 3: 100}  # options and what the kernel keeps, at most, by inputs of the op;
_OP_OF_MANY = 104  # if it has more;
_OP_PLAIN = 32  # for each of at most two inputs of an op without options
_CHANNEL = 4  # each of two ints, multiplier and shift, of a channel
_SCRATCH = 4 + 4  # ScratchBufferHandle, and where it is if not in the arena
_END = 40 + 4  # of an input or output: TfLiteTensor, its pointer,
_QUANTIZED = 12 + 8  # and its TfLiteAffineQuantization, with one zero point
_GAPS = 4

_OWN = {
    "ADD": (8, 0, 24),
    "SUB": (8, 0, 24),
    "MUL": (4, 0, 16),
    "PRELU": (0, 0, 20),
    "RELU": (0, 0, 20),
    "RELU6": (0, 0, 20),
    "LEAKY_RELU": (4, 0, 20),
    "PAD": (0, 4, 4),
    "PADV2": (0, 4, 4),
    "CONCATENATION": (16, 0, 0),
    "MEAN": (1, 12, 12),
    "SOFTMAX": (4, 0, 12),
    "LOGISTIC": (0, 0, 16),
    "QUANTIZE": (0, 20, 20),
    "DEQUANTIZE": (0, 20, 20),
}
"""Options, and what a light kernel of ours keeps (firmware_build/tflm/kernels_tflm_*.cpp): in
general, and of an int8."""


@dataclass(frozen=True)
class ArenaNeed:
    """Bytes.

    arena  for tensors and scratch buffers, which share memory: exactly, on every machine
    kept   that the interpreter takes besides on a 32-bit board, at most
    """

    arena: int
    kept: int


def predict_arena(model: bytes, *, esp32s3: bool = False, own: bool = True) -> ArenaNeed:
    """The arena for a model that check_model() found valid.

    With our kernels; on an ESP32-S3 Espressif's take the place of some, and of scratch
    memory they ask for more. Without `own` it is with TFLM's or with Espressif's portable
    ones, which ask for none. Raises UserError for an op that no firmware offers.
    """
    graph, known = read_graph(model), offered()
    if strange := [node.op for node in graph.nodes if node.op not in known]:
        raise UserError(f"what {strange[0]} needs of an arena is not known: no firmware offers it")
    asked = [scratch(graph, node, known[node.op], esp32s3, own) for node in graph.nodes]
    beside = [kept_scratch(graph, node, known[node.op], own) for node in graph.nodes]
    kept = (
        _START
        + _TENSOR * len(graph.tensors)
        + sum(_kept(graph, node, own and known[node.op].kernel == "own") for node in graph.nodes)
    )
    kept += _SCRATCH * sum(map(len, (*asked, *beside))) + sum(
        up(size) for of in beside for size in of
    )
    ends = [graph.tensors[index] for index in (*graph.inputs, *graph.outputs)]
    kept += sum(_END + (_QUANTIZED if tensor.scales else 0) for tensor in ends) + _GAPS
    return ArenaNeed(plan(buffers(graph, asked)), up(kept))


def _kept(graph: Graph, node: Node, own: bool) -> int:
    """What stays of a node: at most."""
    if own and node.op in _OWN:
        options, data, data_of_int8 = _OWN[node.op]
        int8 = graph.inputs_of(node)[0].type == "INT8"
        return _NODE + up(options) + up(data_of_int8 if int8 else data)
    inputs = len(node.inputs)
    op = _OP.get(inputs, _OP_OF_MANY) if node.options else _OP_PLAIN * min(inputs, 2)
    size = _NODE + op
    if _is_convolution(node) or any(tensor.scales > 1 for tensor in graph.inputs_of(node)):
        size += 2 * up(_CHANNEL * graph.outputs_of(node)[0].shape[-1])
    return size


def _is_convolution(node: Node) -> bool:
    return "CONV" in node.op
