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


def to_raw(x: Raw, tensor: Tensor) -> Raw:
    """Real values (n, ...) as the input tensor wants them; whole numbers, unless quantized."""
    if not tensor.scale:
        return np.asarray(x, tensor.dtype)
    return quantize(x, tensor.scale, tensor.zero_point, tensor.dtype)


def to_real(raw: Raw, tensor: Tensor) -> Floats:
    """What an output tensor gave, raw, as real values; of the same shape."""
    if not tensor.scale:
        return np.asarray(raw, np.float32)
    return dequantize(raw, tensor.scale, tensor.zero_point)


@dataclass(frozen=True)
class Inferences:
    """What a model gave for n examples, one at a time.

    every         (n, ...) for each output, raw: int8 or float32
    microseconds  median wall time of one invoke, called from Python, on this machine
    """

    every: tuple[Raw, ...]
    microseconds: float

    @property
    def outputs(self) -> Raw:
        """Of a model with one output, or of its first: (n, classes), raw."""
        return self.every[0]

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
    model: TFLite, x: Raw | Sequence[Raw], runtimes: Sequence[str], progress: Progress = silent
) -> list[Inferences]:
    """Run examples x through each of `runtimes`, one at a time, in one child process.

    x         real values (n, ...), or such an array for each input
    runtimes  "litert", "reference" (LiteRT with those kernels) and "tflm"

    A model with variables begins each example as it begins the first. Raises UserError
    if a runtime cannot run the model, dies of it, or takes too long.
    """
    values = [x] if isinstance(x, np.ndarray) else x
    inputs = [to_raw(each, tensor) for each, tensor in zip(values, model.inputs, strict=True)]
    answer = ask(
        "tinycnn.tflite._invoke",
        str(model.arena),
        model.name,
        str(len(model.outputs)),
        *runtimes,
        arrays={
            "model": np.frombuffer(model.data, np.uint8),
            **{f"input {at}": each for at, each in enumerate(inputs)},
        },
        seconds=SILENT_SECONDS,
        progress=progress,
    )
    if not answer.arrays:
        why = answer.facts[-1]["error"] if answer.facts else answer.died
        raise UserError(f"{model.name} does not run on this machine: {why}")
    return [
        Inferences(
            tuple(answer.arrays[f"output {at} {n}"] for n in range(len(model.outputs))),
            float(np.median(answer.arrays[f"nanoseconds {at}"])) / 1000,
        )
        for at in range(len(runtimes))
    ]
