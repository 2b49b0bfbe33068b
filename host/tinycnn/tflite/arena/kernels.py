"""What each op's reference kernel allocates in the arena, besides its tensors.

A line for each op of ops.def, after Init and Prepare of its kernel in
tensorflow/lite/micro/kernels/ and its parser in core/api/flatbuffer_conversions.cc.
Left out is what their code does for types that model_check_ops.c does not let pass:
int4 weights, and int16 where a kernel calculates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tinycnn.tflite.arena import esp32s3
from tinycnn.tflite.graph import Graph, Node, Tensor, UnpredictableError
from tinycnn.tflite.arena.layout import INT

Kernels = Literal["reference", "esp-nn", "esp-nn-s3"]
"""TFLM's own, or Espressif's: those for ESP32 and ESP32-C3, or those for the ESP32-S3."""


@dataclass(frozen=True)
class Prepared:
    """What one op takes.

    options, data  structs of layout.py that persist, "" for none
    temporary      tensors looked at in Prepare, in that order, again if again
    persistent     further bytes that persist, each aligned to 16
    scratch        bytes lent to it while it runs, each planned like a tensor
    """

    options: str
    data: str
    temporary: tuple[Tensor, ...]
    persistent: tuple[int, ...]
    scratch: tuple[int, ...]


class _Op:
    """The tensors of a node by their place: "i2" is its third input, None if left out."""

    def __init__(self, graph: Graph, node: Node) -> None:
        self._graph = graph
        self._places = {"i": node.inputs, "o": node.outputs}
        self.input_count = len(node.inputs)
        self.name = node.op
        self.window = node.window

    def get(self, place: str) -> Tensor | None:
        indices, index = self._places[place[0]], int(place[1:])
        if index >= len(indices) or indices[index] < 0:
            return None
        return self._graph.tensors[indices[index]]

    def __getitem__(self, place: str) -> Tensor:
        found = self.get(place)
        if found is None:
            raise UnpredictableError(f"an op has no tensor {place}")
        return found


@dataclass(frozen=True)
class _More:
    """What depends on types and shapes."""

    temporary: str = ""
    persistent: tuple[int, ...] = ()
    scratch: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Kernel:
    options: str = ""
    data: str = ""
    temporary: str = "i0 o0"
    more: Callable[[_Op], _More] = field(default=lambda op: _More())


def _per_channel(count: int) -> tuple[int, int]:
    """The multiplier and the shift of each channel."""
    return (count * INT, count * INT)


def _conv(op: _Op) -> _More:
    return _More(persistent=_per_channel(op["i1"].shape[0]))


def _depthwise_conv(op: _Op) -> _More:
    return _More(persistent=_per_channel(op["i1"].shape[3]))


def _transpose_conv(op: _Op) -> _More:
    channels = _per_channel(op["i1"].shape[0])
    if op["i2"].type == "FLOAT32":
        return _More(persistent=channels)
    return _More("i2 i1 i3 o0", channels, (op["o0"].elements * INT,))


def _fully_connected(op: _Op) -> _More:
    weights = op["i1"]
    if op["i0"].type == "FLOAT32" or weights.scales < 2:
        return _More()
    return _More(persistent=_per_channel(weights.scales))


def _reduce_scratch(op: _Op) -> tuple[int, int]:
    return (len(op["i0"].shape) * INT, op["i1"].elements * INT)


def _prepare_simple(op: _Op) -> str:
    return "i0 i1 o0" if op["i0"].type == "INT8" else "i0 i1"


def _mean_or_sum(op: _Op) -> _More:
    sums = (op["o0"].elements * INT,) if op["i0"].type == "INT8" else ()
    return _More(_prepare_simple(op), scratch=(*sums, *_reduce_scratch(op)))


def _min_max(op: _Op) -> _More:
    return _More(_prepare_simple(op), scratch=_reduce_scratch(op))


def _concatenation(op: _Op) -> _More:
    return _More(" ".join(f"i{i}" for i in range(op.input_count)))


_MEAN = _Kernel("TfLiteReducerParams", "OpDataReduce", "i0 o0 i1", _mean_or_sum)
_MIN_MAX = _Kernel("TfLiteReducerParams", "OpDataReduce", "i0 o0 i1", _min_max)
_POOL = _Kernel("TfLitePoolParams", "OpDataPooling")
_PAD = _Kernel("", "OpDataPad", "i0 i1 i2 o0")
_CONV = "o0 i0 i1 i0 i1 i2 o0"

_KERNELS: Mapping[str, _Kernel] = {
    "CONV_2D": _Kernel("TfLiteConvParams", "OpDataConv", _CONV, _conv),
    "MAX_POOL_2D": _POOL,
    "RESHAPE": _Kernel("TfLiteReshapeParams"),
    "FULLY_CONNECTED": _Kernel(
        "TfLiteFullyConnectedParams", "OpDataFullyConnected", "i0 i1 i2 o0", _fully_connected
    ),
    "QUANTIZE": _Kernel("", "OpDataQuantizeReference"),
    "DEQUANTIZE": _Kernel("", "DequantizeOpData"),
    "DEPTHWISE_CONV_2D": _Kernel(
        "TfLiteDepthwiseConvParams", "OpDataConv", _CONV, _depthwise_conv
    ),
    "TRANSPOSE_CONV": _Kernel(
        "TfLiteTransposeConvParams", "OpDataTransposeConv", "o0 i2 i1", _transpose_conv
    ),
    "AVERAGE_POOL_2D": _POOL,
    "MEAN": _MEAN,
    "REDUCE_MAX": _MIN_MAX,
    "PAD": _PAD,
    "PADV2": _PAD,
    "ADD": _Kernel("TfLiteAddParams", "OpDataAdd", "i0 i1 o0"),
    "SUB": _Kernel("TfLiteSubParams", "OpDataSub", "i0 i1 o0"),
    "MUL": _Kernel("TfLiteMulParams", "OpDataMul", "i0 i1 o0"),
    "CONCATENATION": _Kernel(
        "TfLiteConcatenationParams", "OpDataConcatenation", "i0 o0", _concatenation
    ),
    "RELU": _Kernel("", "ReluOpData"),
    "RELU6": _Kernel("", "Relu6OpData", "i0"),
    "LEAKY_RELU": _Kernel("TfLiteLeakyReluParams", "LeakyReluOpData"),
    "PRELU": _Kernel("", "PreluParams", "i0 i1 o0"),
    "SOFTMAX": _Kernel("TfLiteSoftmaxParams", "SoftmaxParams"),
    "LOGISTIC": _Kernel("", "OpDataLogistic"),
    "TANH": _Kernel("", "OpDataTanh", "i0 i0 o0"),
    "EXPAND_DIMS": _Kernel(temporary="i0 i1 o0"),
    "SQUEEZE": _Kernel("TfLiteSqueezeParams"),
    "TRANSPOSE": _Kernel(temporary="i0 i1 o0"),
    "RESIZE_BILINEAR": _Kernel("TfLiteResizeBilinearParams", "", "i0 i1 o0"),
    "RESIZE_NEAREST_NEIGHBOR": _Kernel("TfLiteResizeNearestNeighborParams", "", "i0 i1 o0"),
    "MAXIMUM": _Kernel(temporary=""),
    "MINIMUM": _Kernel(temporary=""),
    "REDUCE_MIN": _MIN_MAX,
    "SUM": _MEAN,
    "HARD_SWISH": _Kernel("", "HardSwishParams"),
    "STRIDED_SLICE": _Kernel("TfLiteStridedSliceParams", "StridedSliceParams", "i0 i1 i2 i3 o0"),
}

PREDICTED = frozenset(_KERNELS)
"""Names of the ops whose needs are known."""


def prepare(graph: Graph, node: Node, kernels: Kernels) -> Prepared:
    """What `node` takes. Raises UnpredictableError if its op is not known here."""
    kernel = _KERNELS.get(node.op)
    if kernel is None:
        raise UnpredictableError(f"what {node.op} needs is not known")
    op = _Op(graph, node)
    more = kernel.more(op)
    places = f"{kernel.temporary} {more.temporary}".split()
    temporary = tuple(tensor for place in places if (tensor := op.get(place)) is not None)
    data, scratch = kernel.data, more.scratch
    if kernels != "reference" and data == "OpDataConv":
        data = "EspNnConvData"
    if kernels == "esp-nn-s3":
        scratch += _esp32s3_scratch(op)
    return Prepared(kernel.options, data, temporary, more.persistent, scratch)


def _esp32s3_scratch(op: _Op) -> tuple[int, ...]:
    """Of an int8 convolution, the filters of which are input 1."""
    if op.window is None or op["i0"].type != "INT8":
        return ()
    image, filters, result = (op[place].shape for place in ("i0", "i1", "o0"))
    height, width = (
        esp32s3.side(
            image[i], result[i], filters[i], op.window.stride[i - 1], op.window.dilation[i - 1]
        )
        for i in (1, 2)
    )
    if op.name == "CONV_2D":
        return (esp32s3.conv_scratch(height, width, image[3], result[3]),)
    return (esp32s3.depthwise_scratch(height, width, image[3], result[3] // image[3]),)
