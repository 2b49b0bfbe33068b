"""How large an arena TFLM needs for a model, without TFLM.

What its tensors and scratch buffers take is exact: they are planned as TFLM plans them.
What else the interpreter keeps in the arena, or needs there while it is made, is bounded
from above, for 32 bits and with the few numbers below. It comes from counting what
MicroInterpreter::AllocateTensors() allocates (tensorflow/lite/micro/micro_allocator.cc);
firmware_build/tflm/engine_tflm.cpp keeps allocator and planner outside the arena. A board
finds the exact size by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinycnn.errors import UserError
from tinycnn.tflite.arena.planner import buffers, plan, up
from tinycnn.tflite.arena.scratch import scratch
from tinycnn.tflite.graph import Graph, Node, read_graph
from tinycnn.tflite.ops import offered

__all__ = ["ArenaNeed", "predict_arena"]

# What stays, in bytes.
_START = 16 + 16  # allocator of options, list of tensors and nodes; gaps of alignment
_TENSOR = 12  # TfLiteEvalTensor
_NODE = 32  # NodeAndRegistration
_OP = {1: 72, 2: 72, 3: 100}  # options and what the kernel keeps, at most, by inputs of the op;
_OP_OF_MANY = 120  # if it has more;
_OP_PLAIN = 32  # for each of at most two inputs of an op without options
_CHANNEL = 4  # each of two ints, multiplier and shift, of a channel
_SCRATCH = 4  # ScratchBufferHandle
_END = 40 + 12 + 8 + 4  # of an input or output: _LOOKED_AT, _QUANTIZED, its pointer

# What goes again once the interpreter is made.
_REQUEST = 12  # ScratchBufferRequest, of which
_REQUESTS = 12  # more are always ready than were made
_LOOKED_AT = 40  # TfLiteTensor, lent to Prepare() of an op
_QUANTIZED = 12 + 4  # its TfLiteAffineQuantization, and an array
_SCALE = 4  # of one zero point for each scale
_PLANNED = 24  # AllocationInfo of a tensor or scratch buffer
_PLANNER = 40  # what the planner notes of each that is no constant
_GAPS = 16 + 4


@dataclass(frozen=True)
class ArenaNeed:
    """Bytes.

    tensors  for tensors and scratch buffers, which share memory: exactly
    bound    of the smallest arena on a 32-bit board, at most
    """

    tensors: int
    bound: int


def predict_arena(model: bytes, *, esp32s3: bool = False) -> ArenaNeed:
    """The arena for a model that check_model() found valid.

    On an ESP32-S3 Espressif's kernels ask for scratch memory; elsewhere they do not, and
    keep no more than TFLM's. Raises UserError for an op that no firmware offers.
    """
    graph, known = read_graph(model), offered()
    if strange := [node.op for node in graph.nodes if node.op not in known]:
        raise UserError(f"what {strange[0]} needs of an arena is not known: no firmware offers it")
    asked = [scratch(graph, node, known[node.op], esp32s3) for node in graph.nodes]
    wanted = buffers(graph, asked)
    tensors = plan(wanted)
    count = sum(map(len, asked))
    kept = _START + _TENSOR * len(graph.tensors) + _SCRATCH * count
    kept += sum(_kept(graph, node) for node in graph.nodes)
    requests = _REQUEST * (_REQUESTS + count)
    looks = (_looked_at(graph, node, bool(s)) for node, s in zip(graph.nodes, asked, strict=True))
    planning = _PLANNED * (len(graph.tensors) + count) + _PLANNER * len(wanted) + _GAPS
    running = tensors + _END * len(graph.inputs + graph.outputs) + _GAPS
    return ArenaNeed(tensors, up(kept + max(running, requests + max([planning, *looks]))))


def _kept(graph: Graph, node: Node) -> int:
    """What stays of a node: at most."""
    inputs = len(node.inputs)
    op = _OP.get(inputs, _OP_OF_MANY) if node.options else _OP_PLAIN * min(inputs, 2)
    size = _NODE + op
    if _is_convolution(node) or any(tensor.scales > 1 for tensor in graph.inputs_of(node)):
        size += 2 * up(_CHANNEL * graph.outputs_of(node)[0].shape[-1])
    return size


def _looked_at(graph: Graph, node: Node, asks: bool) -> int:
    """What Prepare() borrows to look at tensors: at each, and one again, or at all again."""
    size = sum(
        _LOOKED_AT + (_QUANTIZED + _SCALE * tensor.scales if tensor.scales else 0)
        for tensor in graph.inputs_of(node) + graph.outputs_of(node)
    )
    again = size if asks or _is_convolution(node) else _LOOKED_AT + _QUANTIZED + _SCALE
    return size + again


def _is_convolution(node: Node) -> bool:
    return "CONV" in node.op
