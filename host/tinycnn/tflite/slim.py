"""Slimming: a .tflite without what no runtime reads, giving the same values.

All of it goes through the schema's object API. What goes: names, the description,
signatures, metadata of others, empty and doubled buffers, quantization without a number, default
values written out, and the RESHAPE of a Flatten before a fully connected layer, which
reads its input as one row anyway. What is equal is written once: vectors (the zero points
of every channel, shapes), quantization tables, buffers.

What stays although TFLM does without: the scales of biases and a zero point for each
channel. LiteRT's XNNPACK takes a layer without the first over to other kernels, whose
values differ in single steps, and LiteRT refuses a model that has not the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flatbuffers
import numpy as np

from tinycnn.tflite.fold import fold
from tinycnn.tflite.graph import op_code, schema, unpacked

IDENTIFIER = b"TFL3"

BUFFER_ALIGNMENT = 16
"""What the schema asks of the data of a buffer (`force_align`)."""

_OURS = b"tinycnn."
"""How the names of metadata begin that stay."""

_NEW_CODES = 127
"""Ops from here on are in `builtin_code` only; those below in the older field as well."""

_OP = schema.BuiltinOperator


def slim_and_fold(data: bytes, shapes: Mapping[int, list[int]]) -> tuple[bytes, list[str]]:
    """As slim(), with a batch of 1 and without ops whose values are known; and those ops' names.

    shapes   of tensors, by their number, as they are with that batch

    need_sizes() is to have passed.
    """
    model = unpacked(data)
    gone = fold(model, shapes)
    return _slimmed(model, {}, len(data)), gone


def slim(data: bytes, metadata: Mapping[str, bytes] | None = None) -> bytes:
    """The .tflite `data` with what a runtime needs, what is ours, and nothing else.

    metadata   entries to add, by their names; an entry of that name goes, and an empty
               one is none

    Types, shapes and numbers stay, and so do the order and the options of the ops. A
    model of several subgraphs is returned as it is: its signatures may be what tells
    them apart.
    """
    model = unpacked(data)
    if len(model.subgraphs) != 1:
        return data
    return _slimmed(model, metadata or {}, len(data))


def _slimmed(model: Any, metadata: Mapping[str, bytes], size: int) -> bytes:
    graph = model.subgraphs[0]
    given = {name.encode(): raw for name, raw in metadata.items()}
    entries = {name: raw for name, raw in (_ours(model) | given).items() if raw}
    model.description = model.metadata = model.metadataBuffer = model.signatureDefs = None
    graph.name = None
    _drop_flattens(model, graph)
    _drop_tensors(graph)
    _drop_codes(model, graph)
    for tensor in graph.tensors:
        _slim_tensor(tensor)
    _merge_quantization(graph)
    _merge_buffers(model, graph)
    _add_metadata(model, entries)
    builder = _Builder(size)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _ours(model: Any) -> dict[bytes, bytes]:
    """The metadata that this package wrote, by name."""
    entries = [entry for entry in model.metadata or () if (entry.name or b"").startswith(_OURS)]
    return {entry.name: _raw(model.buffers[entry.buffer]) for entry in entries}


def _add_metadata(model: Any, entries: Mapping[bytes, bytes]) -> None:
    if not entries:
        return
    model.metadata = []
    for name, raw in entries.items():
        entry, buffer = schema.MetadataT(), schema.BufferT()
        buffer.data = np.frombuffer(raw, np.uint8)
        entry.name, entry.buffer = name, len(model.buffers)
        model.buffers.append(buffer)
        model.metadata.append(entry)


def _drop_flattens(model: Any, graph: Any) -> None:
    """Let fully connected layers read what a RESHAPE before them only renames.

    They take the product of all dimensions but the weights' depth as their batch.
    """
    for reshape in [op for op in graph.operators if op_code(model, op) == _OP.RESHAPE]:
        given, flat = reshape.inputs[0], reshape.outputs[0]
        readers = [op for op in graph.operators if flat in op.inputs]
        if flat in graph.outputs or not all(_flattens(model, graph, op, flat) for op in readers):
            continue
        for op in readers:
            op.inputs = np.array([given, *op.inputs[1:]], np.int32)
        graph.operators.remove(reshape)


def _flattens(model: Any, graph: Any, op: Any, flat: int) -> bool:
    """Whether `op` computes the same from the tensor `flat` in whatever shape."""
    if op_code(model, op) != _OP.FULLY_CONNECTED or list(op.inputs).count(flat) != 1:
        return False
    shape = list(graph.tensors[flat].shape)
    depth = graph.tensors[op.inputs[1]].shape[-1]
    gives = len(graph.tensors[op.outputs[0]].shape)
    plain = op.builtinOptions is not None and not op.builtinOptions.keepNumDims
    return bool(op.inputs[0] == flat and len(shape) == gives == 2 and shape[1] == depth and plain)


def _drop_tensors(graph: Any) -> None:
    """Keep the tensors that an op or the user has, numbered anew in the old order.

    Intermediates are of an op too: an int8 LSTM has the scales of its gates in them.
    """
    ops = graph.operators
    for op in ops:
        if op.intermediates is not None and len(op.intermediates) == 0:
            op.intermediates = None
    lists = [graph.inputs, graph.outputs, *(op.inputs for op in ops), *(op.outputs for op in ops)]
    lists += [op.intermediates for op in ops if op.intermediates is not None]
    kept = sorted({int(i) for indices in lists for i in indices if i >= 0})
    at = {old: new for new, old in enumerate(kept)} | {-1: -1}  # -1: an input left out

    def renumbered(indices: Any) -> Any:
        return np.array([at[int(i)] for i in indices], np.int32)

    graph.tensors = [graph.tensors[i] for i in kept]
    graph.inputs, graph.outputs = renumbered(graph.inputs), renumbered(graph.outputs)
    for op in ops:
        op.inputs, op.outputs = renumbered(op.inputs), renumbered(op.outputs)
        if op.intermediates is not None:
            op.intermediates = renumbered(op.intermediates)


def _drop_codes(model: Any, graph: Any) -> None:
    """Keep the op codes that are used, each in the older of its two fields alone."""
    kept = sorted({op.opcodeIndex for op in graph.operators})
    for op in graph.operators:
        op.opcodeIndex = kept.index(op.opcodeIndex)
    model.operatorCodes = [model.operatorCodes[i] for i in kept]
    for code in model.operatorCodes:
        if code.deprecatedBuiltinCode == code.builtinCode < _NEW_CODES:
            code.builtinCode = 0  # the default; readers take the larger


def _slim_tensor(tensor: Any) -> None:
    tensor.name = None
    if tensor.shape is not None and len(tensor.shape):
        tensor.hasRank = False  # tells a scalar from an unknown shape, no more
        if tensor.shapeSignature is not None and (tensor.shapeSignature == tensor.shape).all():
            tensor.shapeSignature = None
    quantization = tensor.quantization
    if quantization is not None:
        quantization.min = quantization.max = None  # of training; nothing computes with them
        if quantization.scale is None or len(quantization.scale) == 0:
            tensor.quantization = None


class _Shared(schema.QuantizationParametersT):  # type: ignore[misc]
    """Quantization that several tensors have: written by the first, then referred to."""

    def Pack(self, builder: Any) -> int:
        if not hasattr(self, "_offset"):
            self._offset: int = super().Pack(builder)
        return self._offset


def _merge_quantization(graph: Any) -> None:
    seen: dict[tuple[bytes, bytes, int], Any] = {}
    for tensor in graph.tensors:
        found = tensor.quantization
        if found is None or found.details is not None or found.zeroPoint is None:
            continue
        key = (found.scale.tobytes(), found.zeroPoint.tobytes(), found.quantizedDimension)
        if key not in seen:
            seen[key] = _Shared()
            seen[key].__dict__.update(vars(found))
        tensor.quantization = seen[key]


def _merge_buffers(model: Any, graph: Any) -> None:
    """One buffer for equal ones; number 0, empty by the schema, for all empty ones."""
    raw = [_raw(buffer) for buffer in model.buffers]
    used = {raw[tensor.buffer]: model.buffers[tensor.buffer] for tensor in graph.tensors}
    used.pop(b"", None)
    # Ends that are not aligned lie together: two gaps of half an alignment fill each other.
    order = [b"", *sorted(used, key=lambda data: -(len(data) % BUFFER_ALIGNMENT))]
    for tensor in graph.tensors:
        tensor.buffer = order.index(raw[tensor.buffer])
    model.buffers = [schema.BufferT(), *(used[data] for data in order[1:])]


def _raw(buffer: Any) -> bytes:
    return b"" if buffer.data is None else np.asarray(buffer.data).tobytes()


class _Builder(flatbuffers.Builder):  # type: ignore[misc]
    """A builder that writes a vector of numbers once, however often it is asked to.

    It also aligns vectors of bytes, which are the data of buffers, as the schema asks:
    flatbuffers' Python does not.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: Any) -> int:
        key = (x.dtype.str, x.tobytes())
        if key not in self._written:
            if x.dtype.itemsize == 1:
                self.Prep(BUFFER_ALIGNMENT, x.size)
            self._written[key] = super().CreateNumpyVector(x)
        return self._written[key]
