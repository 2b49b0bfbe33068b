"""Child process: slim a .tflite of anybody's, and compare what it gives before and after."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn.child import answering
from tinycnn.tflite._probe import MEMORY, has_reference, litert
from tinycnn.tflite.fold import need_sizes
from tinycnn.tflite.graph import unpacked
from tinycnn.tflite.slim import slim_and_fold

ROUNDS = 16
"""Inputs that are drawn to compare with."""

INDICES = (None, 1000, 100, 10, 1)
"""What whole numbers of 32 and 64 bits are drawn below: they may be indices, of words say."""

Raw = npt.NDArray[Any]


def _drawn(
    details: list[dict[str, Any]], generator: np.random.Generator, indices: int | None
) -> list[Raw]:
    inputs: list[Raw] = []
    for detail in details:
        dtype, shape = np.dtype(detail["dtype"]), detail["shape"]
        if dtype.kind == "b":
            made: Raw = generator.integers(0, 2, shape).astype(dtype)
        elif dtype.kind in "iu" and dtype.itemsize >= 4 and indices is not None:
            made = generator.integers(0, indices, shape, dtype)
        elif dtype.kind in "iu":
            limits = np.iinfo(dtype)
            made = generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
        else:
            made = generator.normal(size=shape).astype(dtype)
        inputs.append(made)
    return inputs


def _drawn_and_run(lite: Any) -> tuple[list[list[Raw]], list[list[Raw]]]:
    """Inputs that the model runs on, and what it gives. Raises what the last of them did."""
    details = lite.get_input_details()
    for indices in INDICES:
        lite.reset_all_variables()  # what failed may have run for a while
        generator = np.random.default_rng(1)
        drawn = [_drawn(details, generator, indices) for _ in range(ROUNDS)]
        try:
            return drawn, [_run(lite, inputs) for inputs in drawn]
        except RuntimeError:
            if indices == INDICES[-1]:
                raise
    raise AssertionError


def _run(lite: Any, inputs: list[Raw]) -> list[Raw]:
    for detail, values in zip(lite.get_input_details(), inputs, strict=True):
        lite.set_tensor(detail["index"], values)
    lite.invoke()
    return [np.array(lite.get_tensor(d["index"])) for d in lite.get_output_details()]


def _off(wanted: list[Raw], found: list[Raw]) -> float:
    """The largest difference: steps of whole numbers, or of the largest value of others."""
    worst = 0.0
    for one, other in zip(wanted, found, strict=True):
        if one.size != other.size:
            return float("inf")
        a, b = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        a, b = a[~same], b[~same]
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            return float("inf")
        largest = float(np.abs(a).max(initial=1e-30))
        scale = 1.0 if one.dtype.kind in "iu" else largest
        worst = max(worst, float(np.abs(a - b).max(initial=0)) / scale)
    return worst


def _tflm(model: bytes, arena: int, drawn: list[list[Raw]], outputs: int) -> list[list[Raw]]:
    from tflite_micro import runtime

    micro = runtime.Interpreter.from_bytes(model, arena_size=arena)
    found = []
    for inputs in drawn:
        for index, values in enumerate(inputs):
            micro.set_input(values, index)
        micro.invoke()
        found.append([np.array(micro.get_output(index)) for index in range(outputs)])
    return found


def _one_of_each(lite: Any) -> None:
    """Fix a free batch that is not 1 in the file."""
    for detail in lite.get_input_details():
        signature, shape = detail["shape_signature"], list(map(int, detail["shape"]))
        if len(signature) and signature[0] < 0 and shape[0] != 1:
            lite.resize_tensor_input(detail["index"], [1, *shape[1:]])
    lite.allocate_tensors()


def _shapes(lite: Any) -> dict[int, list[int]]:
    """What sizes tensors have once it has run. The file has 1 wherever one is free."""
    return {d["index"]: [int(size) for size in d["shape"]] for d in lite.get_tensor_details()}


def main(runtime: str) -> None:
    """With "litert" slim the model that the parent sent; with "tflm" run the slim one."""
    with answering(MEMORY) as reply:
        data = reply.arrays["model"].tobytes()
        need_sizes(unpacked(data))
        reference = has_reference(data)
        lite = litert(data, reference=reference)
        _one_of_each(lite)
        drawn, wanted = _drawn_and_run(lite)
        if runtime == "litert":
            made, gone = slim_and_fold(data, _shapes(lite))
            again = litert(made, reference=reference)
            found = [_run(again, inputs) for inputs in drawn]
        else:
            made, gone = data, []
            elements = sum(int(np.prod(shape)) for shape in _shapes(lite).values())
            arena = max(10 * len(data), 8 * elements + 65536)
            found = _tflm(data, arena, drawn, len(wanted[0]))
        reply.tell(gone=gone, off=max(map(_off, wanted, found)))
        reply.give(model=np.frombuffer(made, np.uint8))


if __name__ == "__main__":
    main(*sys.argv[1:])
