"""Run a .tflite on the host: in LiteRT, and in TFLM itself, each in a child process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn.arrays import Floats
from tinycnn.child import ask
from tinycnn.errors import UserError
from tinycnn.progress import Progress, silent
from tinycnn.tflite.read import Tensor, TFLite

Raw = npt.NDArray[Any]
"""int8, float32 or the like, as the model's tensors are."""

SILENT_SECONDS = 60
"""An inference that takes longer is not for a microcontroller."""


def quantize(
    values: npt.ArrayLike, scale: float, zero_point: int, dtype: npt.DTypeLike = np.int8
) -> Raw:
    """float32 to int8, or another type of whole numbers, as TFLite's QUANTIZE op does.

    round(value / scale) + zero_point, halves away from zero, saturated. Any shape.
    The quotient is a float32, as in AffineQuantize of TFLite's reference kernels
    (tensorflow/lite/kernels/internal/reference/quantize.h). NaN is not allowed.
    """
    x = np.asarray(values, np.float32)
    if scale <= 0 or np.isnan(x).any():
        raise ValueError("a scale above 0 and no NaN are needed")
    with np.errstate(over="ignore"):
        quotient = (x / np.float32(scale)).astype(np.float64)
    # In float64, adding 0.5 to a float32 is exact where it matters (under 2^52).
    rounded = np.copysign(np.floor(np.abs(quotient) + 0.5), quotient)
    limits = np.iinfo(np.dtype(dtype))
    raw: Raw = np.clip(rounded + zero_point, limits.min, limits.max).astype(dtype)
    return raw


def dequantize(raw: npt.ArrayLike, scale: float, zero_point: int) -> Floats:
    """Whole numbers to float32: scale * (raw - zero_point), any shape."""
    real: Floats = (np.asarray(raw, np.int64) - zero_point).astype(np.float32) * np.float32(scale)
    return real


def to_raw(x: Floats, tensor: Tensor) -> Raw:
    """Images (n, h, w, c) as the input tensor wants them."""
    if tensor.dtype == "float32":
        return x
    return quantize(x, tensor.scale, tensor.zero_point, tensor.dtype)


@dataclass(frozen=True)
class Inferences:
    """What a model gave for n images, one at a time.

    outputs       (n, classes), raw: int8 or float32
    microseconds  median wall time of one invoke, called from Python, on this machine
    """

    outputs: Raw
    microseconds: float

    @property
    def predictions(self) -> tuple[int, ...]:
        """The class with the highest score of each image."""
        return tuple(int(i) for i in np.argmax(self.outputs, axis=1))


def run_litert(
    model: TFLite, x: Floats, progress: Progress = silent, *, reference: bool = False
) -> Inferences:
    """Run images x (n, h, w, c) in [0, 1] through LiteRT.

    With its default kernels (XNNPACK), or with its `reference` ones, which TFLM's
    are a copy of and which are what values are compared with.
    """
    (found,) = run(model, x, ["reference" if reference else "litert"], progress)
    return found


def run_tflm(model: TFLite, x: Floats, progress: Progress = silent) -> Inferences:
    """Run images x (n, h, w, c) in [0, 1] through TFLM, from the tflite-micro wheel.

    Raises UserError if TFLM cannot run the model: its words are in `model.tflm_error`.
    """
    if model.tflm_error:
        raise UserError(f"TFLM cannot run {model.name}: {model.tflm_error}")
    (found,) = run(model, x, ["tflm"], progress)
    return found


def run(
    model: TFLite, x: Floats, runtimes: Sequence[str], progress: Progress = silent
) -> list[Inferences]:
    """Run images x (n, h, w, c) in [0, 1] through each of `runtimes`, in one child process.

    They are "litert", "reference" (LiteRT with those kernels) and "tflm". Raises UserError
    if one of them cannot run the model, dies of it, or takes too long.
    """
    answer = ask(
        "tinycnn.tflite._invoke",
        str(model.arena),
        model.name,
        *runtimes,
        arrays={
            "model": np.frombuffer(model.data, np.uint8),
            "images": to_raw(x, model.inputs[0]),
        },
        seconds=SILENT_SECONDS,
        progress=progress,
    )
    if not answer.arrays:
        why = answer.facts[-1]["error"] if answer.facts else answer.died
        raise UserError(f"{model.name} does not run on this machine: {why}")
    return [
        Inferences(
            answer.arrays[f"outputs {at}"],
            float(np.median(answer.arrays[f"nanoseconds {at}"])) / 1000,
        )
        for at in range(len(runtimes))
    ]
