"""Folding: a .tflite with a batch of 1, and what is constant then computed once and for all.

Keras leaves the batch free, and so a Flatten asks for its input's shape, takes the batch out
of it, and packs the shape that it gives: SHAPE, STRIDED_SLICE, PACK; a Dense on a series also
gathers sizes and multiplies them. With the batch fixed all of that is numbers. So are weights
that are kept in float16 and widened by a DEQUANTIZE.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn.errors import UserError
from tinycnn.tflite.graph import op_code, op_name, schema, type_name

Numbers = npt.NDArray[Any]

_DTYPES = {
    "FLOAT32": np.float32,
    "FLOAT16": np.float16,
    "INT32": np.int32,
    "INT64": np.int64,
    "INT8": np.int8,
}


def fold(model: Any, shapes: Mapping[int, list[int]]) -> list[str]:
    """Fix the batch of the ModelT `model` to 1 and fold what is constant, in its main subgraph.

    `shapes` are those of tensors, by their number, with that batch: where a size in the middle
    is free, the file has 1, whatever it comes to.

    Returns the names of the ops that are gone, each time that one is.
    """
    graph = model.subgraphs[0]
    as_they_were = [(tensor.shape, tensor.shapeSignature) for tensor in graph.tensors]
    _fix_sizes(graph, shapes)
    gone = []
    unsure: set[int] = set()  # tensors whose sizes depend on what a run is given
    for op in list(graph.operators):
        name = op_name(op_code(model, op))
        if name != "SHAPE" and not unsure.isdisjoint(op.inputs):
            unsure.update(op.outputs)
        found = None
        if name in _FOLDS and len(op.outputs) == 1 and unsure.isdisjoint(op.inputs):
            found = _FOLDS[name](model, graph, op)
        output = graph.tensors[op.outputs[0]] if len(op.outputs) > 0 else None
        if found is None or op.outputs[0] in graph.outputs or type_name(output) not in _DTYPES:
            if _sizes_by_values(model, graph, op, name):
                unsure.update(op.outputs)
            continue
        _make_constant(model, output, found)
        graph.operators.remove(op)
        gone.append(name)
    for index in unsure:
        graph.tensors[index].shape, graph.tensors[index].shapeSignature = as_they_were[index]
    return gone


def _sizes_by_values(model: Any, graph: Any, op: Any, name: str) -> bool:
    """Whether the sizes of what `op` gives are known only when it runs, for each input anew."""
    sized = [op.inputs[i] for i in _SIZED.get(name, ()) if i < len(op.inputs)]
    return name in _COUNTS or any(_constant(model, graph, index) is None for index in sized)


_COUNTS = frozenset(
    ["WHERE", "UNIQUE", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "SEGMENT_SUM"]
)
"""Ops that give as many values as they find."""

_SIZED = {
    "RESHAPE": (1,), "FILL": (0,), "RANGE": (0, 1, 2), "TILE": (1,), "SLICE": (2,),
    "STRIDED_SLICE": (1, 2, 3), "BROADCAST_TO": (1,), "PAD": (1,), "PADV2": (1,),
    "MIRROR_PAD": (1,), "RESIZE_BILINEAR": (1,), "RESIZE_NEAREST_NEIGHBOR": (1,),
    "TRANSPOSE_CONV": (0,), "CONV_3D_TRANSPOSE": (0,), "ONE_HOT": (1,), "TOPK_V2": (1,),
    "SPACE_TO_BATCH_ND": (1, 2), "BATCH_TO_SPACE_ND": (1, 2), "SPARSE_TO_DENSE": (1,),
    "SCATTER_ND": (2,), "UNSORTED_SEGMENT_SUM": (2,), "UNSORTED_SEGMENT_MAX": (2,),
    "UNSORTED_SEGMENT_MIN": (2,), "UNSORTED_SEGMENT_PROD": (2,),
}  # fmt: skip
"""Which inputs of an op say how large its output is."""


def need_sizes(model: Any) -> None:
    """Raise UserError if more than the batch of an input of the ModelT `model` is free.

    Which numbers to take nobody can know. Or if there are several subgraphs.
    """
    if len(model.subgraphs) != 1:
        raise UserError(
            f"{len(model.subgraphs)} subgraphs, not 1: loops, conditions and what sets variables "
            "up stay as they are"
        )
    graph = model.subgraphs[0]
    for number, index in enumerate(graph.inputs):
        signature = graph.tensors[index].shapeSignature
        free = [] if signature is None else [int(i) for i in np.flatnonzero(signature < 0)]
        if free not in ([], [0]):
            raise UserError(
                f"input {number} has no size along dimension {free[-1]}: only the batch can be "
                "fixed to 1; convert the model with all other sizes given"
            )


def _fix_sizes(graph: Any, shapes: Mapping[int, list[int]]) -> None:
    for number, tensor in enumerate(graph.tensors):
        if tensor.shapeSignature is not None and number in shapes:
            tensor.shape = np.array(shapes[number], np.int32)
        tensor.shapeSignature = None


def _constant(model: Any, graph: Any, index: int) -> Numbers | None:
    """The values of a tensor if they are in the model."""
    tensor = graph.tensors[index]
    raw = model.buffers[tensor.buffer].data
    dtype = _DTYPES.get(type_name(tensor))
    if raw is None or len(raw) == 0 or dtype is None:
        return None
    shape = () if tensor.shape is None else tuple(tensor.shape)
    return np.frombuffer(np.asarray(raw).tobytes(), dtype).reshape(shape)


def _make_constant(model: Any, tensor: Any, values: Numbers) -> None:
    buffer = schema.BufferT()
    wanted = values.astype(_DTYPES[type_name(tensor)])
    buffer.data = np.frombuffer(wanted.tobytes(), np.uint8)
    tensor.buffer, tensor.shape = len(model.buffers), np.array(wanted.shape, np.int32)
    model.buffers.append(buffer)


# What an op gives, or None if that is known only when it runs.


def _shape(model: Any, graph: Any, op: Any) -> Numbers | None:
    shape = graph.tensors[op.inputs[0]].shape
    return np.array([] if shape is None else shape, np.int64)


def _strided_slice(model: Any, graph: Any, op: Any) -> Numbers | None:
    given = [_constant(model, graph, index) for index in op.inputs]
    options = op.builtinOptions
    odd = options.ellipsisMask or options.newAxisMask or options.offset
    if odd or any(each is None for each in given):
        return None
    data, begins, ends, steps = given
    assert data is not None and begins is not None and ends is not None and steps is not None
    cuts: list[slice | int] = []
    for i, (begin, end, step) in enumerate(zip(begins, ends, steps, strict=True)):
        if options.shrinkAxisMask >> i & 1:
            cuts.append(0 if options.beginMask >> i & 1 else int(begin))
            continue
        first = None if options.beginMask >> i & 1 else int(begin)
        last = None if options.endMask >> i & 1 else int(end)
        cuts.append(slice(first, last, int(step)))
    return np.asarray(data[tuple(cuts)])


def _pack(model: Any, graph: Any, op: Any) -> Numbers | None:
    given = [_constant(model, graph, index) for index in op.inputs]
    values = [each for each in given if each is not None]
    return np.stack(values, op.builtinOptions.axis) if len(values) == len(given) else None


def _dequantize(model: Any, graph: Any, op: Any) -> Numbers | None:
    """Of float16 alone: widened, it gives the same numbers. Others stay as small as they are."""
    half = type_name(graph.tensors[op.inputs[0]]) == "FLOAT16"
    return _constant(model, graph, op.inputs[0]) if half else None


def _of_sizes(
    compute: Callable[..., Numbers | None],
) -> Callable[[Any, Any, Any], Numbers | None]:
    """Of whole numbers alone, as sizes are: `compute` has the options, then the values."""

    def found(model: Any, graph: Any, op: Any) -> Numbers | None:
        if getattr(op.builtinOptions, "fusedActivationFunction", 0):
            return None
        given = [_constant(model, graph, index) for index in op.inputs]
        values = [each for each in given if each is not None and each.dtype in _SIZES]
        return compute(op.builtinOptions, *values) if len(values) == len(given) else None

    return found


_SIZES = (np.int32, np.int64)


def _gather(options: Any, x: Numbers, indices: Numbers) -> Numbers | None:
    return None if options.batchDims else np.take(x, indices, options.axis)


def _reshape(options: Any, x: Numbers, *shape: Numbers) -> Numbers:
    return x.reshape(shape[0] if shape else options.newShape)


def _squeeze(options: Any, x: Numbers) -> Numbers:
    dims = options.squeezeDims
    return np.squeeze(x, None if dims is None or len(dims) == 0 else tuple(dims))


_FOLDS: dict[str, Callable[[Any, Any, Any], Numbers | None]] = {
    "SHAPE": _shape,
    "STRIDED_SLICE": _strided_slice,
    "PACK": _pack,
    "DEQUANTIZE": _dequantize,
    "GATHER": _of_sizes(_gather),
    "CONCATENATION": _of_sizes(lambda options, *x: np.concatenate(x, options.axis)),
    "REDUCE_PROD": _of_sizes(
        lambda options, x, axes: np.prod(
            x, tuple(np.ravel(axes)), x.dtype, keepdims=options.keepDims
        )
    ),
    "RESHAPE": _of_sizes(_reshape),
    "SQUEEZE": _of_sizes(_squeeze),
    "EXPAND_DIMS": _of_sizes(lambda _, x, axis: np.expand_dims(x, int(np.ravel(axis)[0]))),
    "ADD": _of_sizes(lambda _, x, y: x + y),
    "SUB": _of_sizes(lambda _, x, y: x - y),
    "MUL": _of_sizes(lambda _, x, y: x * y),
    "MAXIMUM": _of_sizes(lambda _, x, y: np.maximum(x, y)),
    "MINIMUM": _of_sizes(lambda _, x, y: np.minimum(x, y)),
    "BROADCAST_ARGS": _of_sizes(
        lambda _, x, y: np.array(np.broadcast_shapes(tuple(x), tuple(y)), x.dtype)
    ),
    "CAST": _of_sizes(lambda _, x: x),
}
