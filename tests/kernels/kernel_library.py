"""firmware_build/kernels/ as a library of this machine, called from Python."""

from __future__ import annotations

import ctypes
import math
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn.files import ROOT

KERNELS = ROOT / "firmware_build" / "kernels"
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wno-sign-conversion", "-Wshadow"]
STRICT = ["-std=c99", "-pedantic-errors", *WARNINGS]

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]

GUARD = 64
"""Bytes on both sides of what a kernel may write, and what they hold."""
_FILL = 0x5A


def compile_library(folder: Path, *flags: str) -> Path:
    """libkernels.so in `folder`."""
    library = folder / "libkernels.so"
    sources = sorted(KERNELS.glob("*.c"))
    subprocess.run(
        ["gcc", *STRICT, "-O2", "-shared", "-fPIC", *flags, *sources, "-o", library], check=True
    )
    return library


class Range(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int8) for name in ("zero_point", "min", "max")]


class Window(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint16)
        for name in (
            *("in_height", "in_width", "out_height", "out_width", "height", "width"),
            *("stride_height", "stride_width", "dilation_height", "dilation_width"),
            *("pad_top", "pad_left"),
        )
    ]


class Channels(ctypes.Structure):
    _fields_ = [("factors", ctypes.c_void_p), ("shifts", ctypes.c_void_p)]


class Conv2D(ctypes.Structure):
    _fields_ = [
        ("window", Window),
        ("in_depth", ctypes.c_uint16),
        ("out_depth", ctypes.c_uint16),
        ("groups", ctypes.c_uint16),
        ("input_zero_point", ctypes.c_int8),
        ("range", Range),
        ("way", ctypes.c_uint8),
        ("channels", Channels),
    ]


class DepthwiseConv2D(ctypes.Structure):
    _fields_ = [
        ("window", Window),
        ("in_depth", ctypes.c_uint16),
        ("multiplier", ctypes.c_uint16),
        ("input_zero_point", ctypes.c_int8),
        ("range", Range),
        ("way", ctypes.c_uint8),
        ("channels", Channels),
    ]


class FullyConnected(ctypes.Structure):
    _fields_ = [
        ("in_depth", ctypes.c_uint32),
        ("out_depth", ctypes.c_uint32),
        ("input_zero_point", ctypes.c_int8),
        ("range", Range),
        ("step", ctypes.c_uint8),
        ("multipliers", ctypes.c_void_p),
        ("shifts", ctypes.c_void_p),
    ]


class Pool2D(ctypes.Structure):
    _fields_ = [("window", Window), ("depth", ctypes.c_uint16), ("range", Range)]


def quantize_multiplier(real: float) -> tuple[int, int]:
    """TFLite's QuantizeMultiplier(): (multiplier, shift) of a factor."""
    if real == 0:
        return 0, 0
    fraction, shift = math.frexp(real)
    fixed = math.floor(fraction * (1 << 31) + 0.5)
    if fixed == 1 << 31:
        fixed, shift = fixed // 2, shift + 1
    return (0, 0) if shift < -31 else (fixed, shift)


def factors(inputs: float, weights: Sequence[float], output: float) -> list[tuple[int, int]]:
    """Of each channel, from float32 scales, as TFLite has it."""
    x, y = float(np.float32(inputs)), float(np.float32(output))
    return [quantize_multiplier(x * float(np.float32(w)) / y) for w in weights]


class Guarded:
    """Memory that must stay as it is before and behind `array`."""

    def __init__(self, shape: Sequence[int] | int, dtype: type[Any] = np.int8) -> None:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        self._all = np.full(size + 2 * GUARD, _FILL, np.uint8)
        self.array = self._all[GUARD : GUARD + size].view(dtype).reshape(shape)

    def check(self) -> None:
        edges = (self._all[:GUARD], self._all[len(self._all) - GUARD :])
        assert all((edge == _FILL).all() for edge in edges), "written outside"


def pointer(array: npt.NDArray[Any] | None) -> int | None:
    return None if array is None else array.ctypes.data


class Kernels:
    """The functions of the library, on arrays."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))

    def function(self, name: str, result: Any = None) -> Callable[..., Any]:
        found = self._library[name]
        found.restype = result
        return found

    def convolve(
        self,
        op: Conv2D | DepthwiseConv2D,
        x: Int8,
        weights: Int8,
        biases: Int32,
        scaled: list[tuple[int, int]],
        shape: Sequence[int],
        constant: bool = True,
    ) -> Int8:
        """CONV_2D or DEPTHWISE_CONV_2D, by the type of `op`; the output of that shape."""
        name = "int8_conv_2d" if isinstance(op, Conv2D) else "int8_depthwise_conv_2d"
        channels = Guarded((len(scaled), 2), np.int32)
        channels.array[:, 0], channels.array[:, 1] = biases, [m for m, _ in scaled]
        shifts = Guarded(len(scaled))
        shifts.array[:] = [s for _, s in scaled]
        op.channels = Channels(pointer(channels.array), pointer(shifts.array))
        at = ctypes.byref(op)
        self.function(f"{name}_prepare")(
            at, ctypes.c_void_p(pointer(weights if constant else None))
        )
        need = self.function(f"{name}_scratch", ctypes.c_size_t)(at)
        scratch, output = Guarded(need // 4 + need % 4, np.int32), Guarded(shape)
        for _ in range(2):  # what a run leaves must not matter to the next one
            self.function(name)(
                at,
                ctypes.c_size_t(len(x)),
                *(ctypes.c_void_p(pointer(a)) for a in (x, weights, output.array, scratch.array)),
            )
        for memory in (channels, shifts, scratch, output):
            memory.check()
        return output.array

    def fully_connected(
        self,
        op: FullyConnected,
        x: Int8,
        weights: Int8,
        biases: Int32 | None,
        scaled: list[tuple[int, int]],
    ) -> Int8:
        multipliers = np.array([m for m, _ in scaled], np.int32)
        shifts = np.array([s for _, s in scaled], np.int8)
        op.multipliers, op.shifts = pointer(multipliers), pointer(shifts)
        op.step = int(len(scaled) > 1)
        output = Guarded((len(x), op.out_depth))
        arrays = (x, weights, biases, output.array)
        self.function("int8_fully_connected")(
            ctypes.byref(op),
            ctypes.c_size_t(len(x)),
            *(ctypes.c_void_p(pointer(array)) for array in arrays),
        )
        output.check()
        return output.array

    def quotient(self, x: np.float32, scale: np.float32) -> int:
        """int8_quotient() of two floats."""
        bits = (ctypes.c_uint32(int(value.view(np.uint32))) for value in (x, scale))
        return int(self.function("int8_quotient", ctypes.c_int32)(*bits))

    def pool(self, name: str, op: Pool2D, x: Int8, shape: Sequence[int]) -> Int8:
        output = Guarded(shape)
        self.function(f"int8_{name}_pool_2d")(
            ctypes.byref(op),
            ctypes.c_size_t(len(x)),
            *(ctypes.c_void_p(pointer(array)) for array in (x, output.array)),
        )
        output.check()
        return output.array
