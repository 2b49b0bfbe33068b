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
_OP_KNOWN = {  # and of these;
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 704,
    "CALL_ONCE": 32,
    "VAR_HANDLE": 24,
    "READ_VARIABLE": 0,
    "ASSIGN_VARIABLE": 0,
    "GELU": 272,
    "CIRCULAR_BUFFER": 16,
    "SignalWindow": 16,
    "SignalFftAutoScale": 0,
    "SignalRfft": 32,
    "SignalEnergy": 16,
    "SignalFilterBank": 0,
    "SignalFilterBankSquareRoot": 0,
    "SignalFilterBankSpectralSubtraction": 48,
    "SignalPCAN": 16,
    "SignalFilterBankLog": 16,
}
_OP_PLAIN = 32  # for each of at most two inputs of an op without options,
_MORE = {"ELU": 256, "SQUARED_DIFFERENCE": 64}  # but for these
_CHANNEL = (4, 4)  # of each channel: multiplier and shift,
_OWN_CHANNEL = {"CONV": (8, 1), "FULLY_CONNECTED": (4, 1)}  # by kernels of ours; with a bias
_INT16_CHANNEL = (4,)  # of int16: a factor
_SCRATCH = 4  # ScratchBufferHandle, and as much again if one is kept: where
_SUBGRAPH = 8  # SubgraphAllocations
_VARIABLES = 12  # MicroResourceVariables,
_VARIABLE = 20  # and one of its list for each handle
_END = 4  # of an input or output: a pointer

_OWN = {
    "CONV_2D": (48, 84, 0),
    "DEPTHWISE_CONV_2D": (48, 84, 0),
    "FULLY_CONNECTED": (32, 0, 0),
    "MAX_POOL_2D": (40, 28, 0),
    "AVERAGE_POOL_2D": (40, 28, 0),
    "ADD": (8, 0, 24),
    "SUB": (8, 0, 24),
    "MUL": (4, 0, 16),
    "DIV": (4, 0, 16),
    "PRELU": (0, 0, 20),
    "RELU": (0, 0, 20),
    "RELU6": (0, 0, 20),
    "LEAKY_RELU": (4, 0, 20),
    "SLICE": (0, 0, 0),
    "TRANSPOSE": (0, 0, 0),
    "PAD": (0, 4, 4),
    "PADV2": (0, 4, 4),
    "CONCATENATION": (16, 0, 0),
    "MEAN": (1, 12, 12),
    "SOFTMAX": (4, 0, 12),
    "LOGISTIC": (0, 0, 16),
    "QUANTIZE": (0, 20, 20),
    "DEQUANTIZE": (0, 20, 20),
    "EXP": (0, 0, 256),
    "LOG": (0, 0, 256),
    "SQRT": (0, 0, 256),
    "SVDF": (12, 0, 40),
    "CALL_ONCE": (4, 1, 1),
}
"""Options, and what a kernel of ours keeps (firmware_build/tflm/kernels_tflm_*.cpp): in
general, and of an int8. Where that is nothing more, it has the place of the options."""

_OWN_INT16 = {
    **{"CONV_2D": 0, "DEPTHWISE_CONV_2D": 0, "SOFTMAX": 72 + 2 * 1032, "LOGISTIC": 16},
    **{"ADD": 32, "SUB": 32, "MUL": 12, "RELU": 20, "RELU6": 20, "LEAKY_RELU": 20},
}
"""Of int16, where that is not what it is in general: SOFTMAX has tables."""


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
    graphs = [graph] if graph.setup is None else [graph, graph.setup]
    nodes = [(each, node) for each in graphs for node in each.nodes]
    tensors = [tensor for each in graphs for tensor in each.tensors]
    if strange := [node.op for _, node in nodes if node.op not in known]:
        raise UserError(f"what {strange[0]} needs of an arena is not known: no firmware offers it")
    asked = [scratch(each, node, known[node.op], esp32s3, own) for each, node in nodes]
    beside = [kept_scratch(each, node, known[node.op], own) for each, node in nodes]
    ours = () if not own else ("own",) if esp32s3 else ("own", "vector")
    align = 8 if own and not esp32s3 else 16
    kept = _START + _TENSOR * len(tensors) + _SUBGRAPH * (len(graphs) - 1)
    kept += sum(_kept(each, node, known[node.op].kernel in ours, align) for each, node in nodes)
    kept += _SCRATCH * sum(map(len, (*asked, *beside))) * (2 if any(beside) else 1)
    kept += sum(up(size) for of in beside for size in of)
    kept += sum(up(tensor.bytes) for tensor in tensors if tensor.variable)
    handles = [node for _, node in nodes if node.op == "VAR_HANDLE"]
    kept += sum(up(size, align) for size in graph.variables)
    kept += up(_VARIABLES, align) + up(_VARIABLE * len(handles), align) if handles else 0
    kept += sum(up(_END * len(ends), align) for ends in (graph.inputs, graph.outputs))
    return ArenaNeed(plan(buffers(graph, asked)), up(kept))


def _kept(graph: Graph, node: Node, own: bool, align: int) -> int:
    """What stays of a node: at most."""
    inputs = graph.inputs_of(node)
    int8, int16 = (inputs[0].type == kind if inputs else False for kind in ("INT8", "INT16"))
    each = _INT16_CHANNEL if int16 else _CHANNEL
    if own:
        options, data, data_of_int8 = _OWN[node.op]
        data = data_of_int8 if int8 else _OWN_INT16.get(node.op, data) if int16 else data
        size = up(options, align) + up(data, align)
        if int8:
            each = next((each for name, each in _OWN_CHANNEL.items() if name in node.op), each)
    elif node.op in _OP_KNOWN:
        size = _OP_KNOWN[node.op]
    elif node.options:
        size = _OP.get(len(node.inputs), _OP_OF_MANY)
    else:
        size = _OP_PLAIN * min(len(node.inputs), 2) + _MORE.get(node.op, 0)
    if node.op == "BATCH_MATMUL":  # what it transposes, at most both
        size += sum(up(tensor.bytes, align) + up(64, align) for tensor in inputs)
    if node.op == "SignalRfft":  # a table for complex numbers, and what tells where it is
        size += up(280 + 5 * (graph.outputs_of(node)[0].shape[-1] - 2), align)
    if node.op == "SignalFilterBankSpectralSubtraction":  # the noise
        size += up(inputs[0].bytes, align)
    dense = int16 and node.op == "FULLY_CONNECTED"
    if "CONV" in node.op or dense or any(tensor.scales > 1 for tensor in inputs):
        channels = graph.outputs_of(node)[0].shape[-1]
        size += sum(up(bytes_ * channels, align) for bytes_ in each)
    return _NODE + size
