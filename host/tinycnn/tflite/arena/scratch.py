"""Scratch memory: what a kernel asks for besides its op's tensors, while it runs.

A line for each of TFLM's kernels that asks (tensorflow/lite/micro/kernels/, look for
RequestScratchBufferInArena), and a file each for our own and for those that replace some of
them on an ESP32-S3. An op without a line asks for none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tinycnn.tflite.arena import esp32s3, own
from tinycnn.tflite.graph import TYPE_BYTES, Graph, Node, Tensor
from tinycnn.tflite.ops import Op

Tensors = Sequence[Tensor]

INT32, INT64 = (TYPE_BYTES[name] for name in ("INT32", "INT64"))


def _axes(inputs: Tensors) -> tuple[int, ...]:
    """An index into the input, and the axes without those named twice."""
    return (INT32 * len(inputs[0].shape), INT32 * inputs[1].elements)


def _sums(data: Tensor, outputs: Tensors, of_int16: int = INT32) -> tuple[int, ...]:
    """A sum for each value, where that does not fit into it."""
    each = {"INT8": INT32, "INT16": of_int16}.get(data.type)
    return (each * outputs[0].elements,) if each else ()


def _filters(inputs: Tensors, outputs: Tensors) -> tuple[int, ...]:
    """SVDF: a sum for each filter, and of int8 for each output."""
    return (INT32 * inputs[0].shape[0] * inputs[1].shape[0], *_sums(inputs[0], outputs))


_ASKED: Mapping[str, Callable[[Tensors, Tensors], tuple[int, ...]]] = {
    "TRANSPOSE_CONV": lambda inputs, outputs: _sums(inputs[2], outputs, INT64),
    # Three gates and their sums, each like the cell's state, the last of the inputs.
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lambda inputs, outputs: (inputs[-1].bytes,) * 4,
}

_KEPT: Mapping[str, Callable[[Tensors, Tensors], tuple[int, ...]]] = {
    "MEAN": lambda inputs, outputs: _sums(inputs[0], outputs) + _axes(inputs),
    "SUM": lambda inputs, outputs: _sums(inputs[0], outputs) + _axes(inputs),
    "REDUCE_MAX": lambda inputs, outputs: _axes(inputs),
    "MIRROR_PAD": lambda inputs, outputs: (INT32 * len(inputs[0].shape),) * 2,
    "REDUCE_MIN": lambda inputs, outputs: _axes(inputs),
    "SVDF": _filters,
}
"""Of these, scratch holds what says where values are: it lies beside the arena, where nobody
can write (scratch_of_values() in firmware_build/tflm/engine_tflm_memory.h)."""


def scratch(graph: Graph, node: Node, op: Op, on_esp32s3: bool, with_own: bool) -> tuple[int, ...]:
    """Bytes of each buffer in the arena that `node` asks for, run by the kernel of `op`, or
    not `with_own` by TFLM's."""
    inputs, outputs = graph.inputs_of(node), graph.outputs_of(node)
    if op.kernel == "vector" and on_esp32s3:
        return esp32s3.scratch(node, inputs, outputs)
    if with_own and op.kernel in ("own", "vector"):
        return own.scratch(node, inputs, outputs)
    ask = _ASKED.get(node.op)
    return () if ask is None else ask(inputs, outputs)


def kept_scratch(graph: Graph, node: Node, op: Op, with_own: bool) -> tuple[int, ...]:
    """Bytes of each buffer beside the arena that `node` asks for: by our kernels none does."""
    ask = None if with_own and op.kernel != "tflm" else _KEPT.get(node.op)
    return () if ask is None else ask(graph.inputs_of(node), graph.outputs_of(node))
