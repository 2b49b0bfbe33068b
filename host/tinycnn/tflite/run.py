"""Run a .tflite on the host: in LiteRT, and in TFLM itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tinycnn._tensorflow import captured
from tinycnn.arrays import Floats
from tinycnn.errors import UserError
from tinycnn.progress import Progress, silent
from tinycnn.tflite.read import Tensor, TFLite

Raw = npt.NDArray[Any]
"""int8 or float32, as the model's tensors are."""


def quantize(values: npt.ArrayLike, scale: float, zero_point: int) -> npt.NDArray[np.int8]:
    """float32 to int8 as TFLite's QUANTIZE op does, any shape.

    round(value / scale) + zero_point, halves away from zero, saturated to -128..127.
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
    raw: npt.NDArray[np.int8] = np.clip(rounded + zero_point, -128, 127).astype(np.int8)
    return raw


def dequantize(raw: npt.ArrayLike, scale: float, zero_point: int) -> Floats:
    """int8 to float32: scale * (raw - zero_point), any shape."""
    real: Floats = (np.asarray(raw, np.int32) - zero_point).astype(np.float32) * np.float32(scale)
    return real


def to_raw(x: Floats, tensor: Tensor) -> Raw:
    """Images (n, h, w, c) as the input tensor wants them."""
    if tensor.dtype == "int8":
        return quantize(x, tensor.scale, tensor.zero_point)
    return x


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


class _Interpreter(Protocol):
    def set(self, image: Raw) -> None: ...
    def invoke(self) -> None: ...
    def get(self) -> Raw: ...


class _LiteRT:
    def __init__(self, model: TFLite, reference: bool) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        kind = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
        with captured():  # the XNNPACK delegate announces itself
            self._lite = Interpreter(
                model_content=model.data, experimental_op_resolver_type=kind, num_threads=1
            )
            self._lite.allocate_tensors()
        self._input = self._lite.get_input_details()[0]["index"]
        self._output = self._lite.get_output_details()[0]["index"]

    def set(self, image: Raw) -> None:
        self._lite.set_tensor(self._input, image)

    def invoke(self) -> None:
        self._lite.invoke()

    def get(self) -> Raw:
        out: Raw = self._lite.get_tensor(self._output)
        return out


class _TFLM:
    def __init__(self, model: TFLite) -> None:
        from tflite_micro import runtime

        self._micro = runtime.Interpreter.from_bytes(model.data, arena_size=model.arena)

    def set(self, image: Raw) -> None:
        self._micro.set_input(image, 0)

    def invoke(self) -> None:
        self._micro.invoke()

    def get(self) -> Raw:
        out: Raw = self._micro.get_output(0)
        return out


def run_litert(
    model: TFLite, x: Floats, progress: Progress = silent, *, reference: bool = False
) -> Inferences:
    """Run images x (n, h, w, c) in [0, 1] through LiteRT.

    With its default kernels (XNNPACK), or with its `reference` ones, which TFLM's
    are a copy of and which are what values are compared with.
    """
    return _run(_LiteRT(model, reference), model, x, progress)


def run_tflm(model: TFLite, x: Floats, progress: Progress = silent) -> Inferences:
    """Run images x (n, h, w, c) in [0, 1] through TFLM, from the tflite-micro wheel.

    Raises UserError if TFLM cannot run the model: its words are in `model.tflm_error`.
    """
    if model.tflm_error:  # the wheel may crash this process: a child has tried before
        raise UserError(f"TFLM cannot run {model.name}: {model.tflm_error}")
    return _run(_TFLM(model), model, x, progress)


def _run(interpreter: _Interpreter, model: TFLite, x: Floats, progress: Progress) -> Inferences:
    raw = to_raw(x, model.inputs[0])
    outputs = np.empty((len(x), model.outputs[0].shape[1]), model.outputs[0].dtype)
    took = np.empty(len(x), np.int64)
    for at in range(len(x)):
        interpreter.set(raw[at : at + 1])
        began = time.perf_counter_ns()
        interpreter.invoke()
        took[at] = time.perf_counter_ns() - began
        outputs[at] = interpreter.get()
        if at % 100 == 99 or at + 1 == len(x):
            progress(f"{model.name}", at + 1, len(x))
    return Inferences(outputs, float(np.median(took)) / 1000)
