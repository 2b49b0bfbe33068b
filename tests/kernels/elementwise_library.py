"""What firmware_build/kernels/ has beside layers of weights and pools, called from Python."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kernel_library import Guarded, Int8, Kernels, Range, pointer, quantize_multiplier

Array = npt.NDArray[Any]


class Factor(ctypes.Structure):
    _fields_ = [("multiplier", ctypes.c_int32), ("shift", ctypes.c_int8)]


def factor(real: float) -> Factor:
    return Factor(*quantize_multiplier(float(real)))


class Operand(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dims", ctypes.c_void_p), ("rank", ctypes.c_int)]


class Add(ctypes.Structure):
    _fields_ = [
        ("fine", Factor),
        ("factor", Factor),
        ("wide_sign", ctypes.c_int8),
        ("fine_sign", ctypes.c_int8),
        ("wide_zero_point", ctypes.c_int8),
        ("fine_zero_point", ctypes.c_int8),
        ("range", Range),
        ("second_is_wide", ctypes.c_bool),
    ]


class Mul(ctypes.Structure):
    _fields_ = [
        ("factor", Factor),
        ("a_zero_point", ctypes.c_int8),
        ("b_zero_point", ctypes.c_int8),
        ("range", Range),
    ]


class AddN(ctypes.Structure):
    _fields_ = [
        ("factor", Factor),
        ("input_zero_point", ctypes.c_int8),
        ("output_zero_point", ctypes.c_int8),
    ]


class Prelu(ctypes.Structure):
    _fields_ = [
        ("positive", Factor),
        ("negative", Factor),
        ("a_zero_point", ctypes.c_int8),
        ("b_zero_point", ctypes.c_int8),
        ("output_zero_point", ctypes.c_int8),
    ]


class Scale(ctypes.Structure):
    _fields_ = [
        ("positive", Factor),
        ("negative", Factor),
        ("input_zero_point", ctypes.c_int8),
        ("range", Range),
    ]


class Mean(ctypes.Structure):
    _fields_ = [
        ("factor", Factor),
        ("input_zero_point", ctypes.c_int8),
        ("output_zero_point", ctypes.c_int8),
        ("reduced", ctypes.c_uint8),
    ]


class Softmax(ctypes.Structure):
    _fields_ = [("factor", Factor), ("least", ctypes.c_int32)]


class Logistic(ctypes.Structure):
    _fields_ = [
        ("factor", Factor),
        ("radius", ctypes.c_int32),
        ("input_zero_point", ctypes.c_int8),
    ]


def _dims(shape: Sequence[int]) -> Array:
    return np.array(shape, ctypes.c_int)


def _call(kernels: Kernels, name: str, *arguments: Any) -> None:
    """Arrays go as pointers, structs by reference, and other numbers as sizes."""

    def given(argument: Any) -> Any:
        if isinstance(argument, np.ndarray):
            return ctypes.c_void_p(pointer(argument))
        if isinstance(argument, ctypes.Structure):
            return ctypes.byref(argument)
        return ctypes.c_size_t(argument) if isinstance(argument, int) else argument

    kernels.function(f"int8_{name}")(*map(given, arguments))


def binary(kernels: Kernels, name: str, op: Any, a: Int8, b: Int8) -> Int8:
    """int8_add(), int8_mul(), int8_div() or int8_prelu(), by name."""
    output = Guarded(np.broadcast_shapes(a.shape, b.shape))
    dims = _dims(a.shape), _dims(b.shape)
    operands = (Operand(pointer(x), pointer(d), x.ndim) for x, d in zip((a, b), dims, strict=True))
    _call(kernels, name, op, *operands, output.array)
    output.check()
    return output.array


def add_n(kernels: Kernels, op: AddN, inputs: Sequence[Int8]) -> Int8:
    output = Guarded(inputs[0].shape)
    pointers = np.array([pointer(each) for each in inputs], np.uintp)
    _call(kernels, "add_n", op, pointers, len(inputs), inputs[0].size, output.array)
    output.check()
    return output.array


def unary(kernels: Kernels, name: str, op: Any, x: Int8) -> Int8:
    """int8_scale() or int8_logistic(), by name."""
    output = Guarded(x.shape)
    _call(kernels, name, op, x.size, x, output.array)
    output.check()
    return output.array


def softmax(kernels: Kernels, op: Softmax, x: Int8) -> Int8:
    output = Guarded(x.shape)
    depth = x.shape[-1]
    _call(kernels, "softmax", op, x.size // depth, depth, x, output.array)
    output.check()
    return output.array


def pad(kernels: Kernels, x: Array, paddings: Array, value: Array) -> Array:
    shape = [n + before + after for n, (before, after) in zip(x.shape, paddings, strict=True)]
    output = Guarded(shape, x.dtype.type)
    _call(
        kernels, "pad", _dims(x.shape), ctypes.c_int(x.ndim), paddings, x.itemsize, value, x,
        output.array,
    )  # fmt: skip
    output.check()
    return output.array


def copy_rows(kernels: Kernels, parts: Sequence[Array], axis: int) -> Array:
    """CONCATENATION, as the firmware does it."""
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    output = Guarded(shape, parts[0].dtype.type)
    rows = int(np.prod(shape[:axis]))
    step, start = output.array.nbytes // rows, 0
    for part in parts:
        size = part.nbytes // rows
        at = ctypes.c_void_p(output.array.ctypes.data + start)
        _call(kernels, "copy_rows", part, size, rows, at, step)
        start += size
    output.check()
    return output.array


def mean(kernels: Kernels, op: Mean, x: Int8, axes: Sequence[int], shape: Sequence[int]) -> Int8:
    """The factor of `op` is that of the scales."""
    op.reduced = sum(1 << axis for axis in axes)
    count = int(np.prod([x.shape[axis] for axis in axes]))
    _call(kernels, "mean_prepare", op, ctypes.c_uint32(count))
    output = Guarded(shape)
    _call(kernels, "mean", op, _dims(x.shape), ctypes.c_int(x.ndim), x, output.array)
    output.check()
    return output.array


def real(kernels: Kernels, q: int, scale: np.float32) -> np.float32:
    """int8_real() of a number."""
    bits = ctypes.c_uint32(int(scale.view(np.uint32)))
    found = kernels.function("int8_real", ctypes.c_uint32)(ctypes.c_int32(q), bits)
    return np.float32(np.uint32(found).view(np.float32))
