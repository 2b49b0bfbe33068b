"""Our elementwise kernels of int16 against TFLM's reference kernels, value for value."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from elementwise_library import Factor, Mean, Operand, factor
from int16_library import Int16, Range16, int16_kernels, range16
from kernel_layers import activations, draw_values, exhaustive, in_tflm, seeds
from kernel_library import Guarded, Kernels, pointer
from operands import broadcasts, f32, fits, options_of, shapes
from tflite_models import INT16, INT32, OP, Tensor, one_op
from tinycnn.tflite.graph import schema

scales = st.floats(2**-27, 2**4, width=32) | st.floats(2**-16, 2**-8, width=32)
kernels = int16_kernels


class Add16(ctypes.Structure):
    _fields_ = [
        ("a", Factor),
        ("b", Factor),
        ("factor", Factor),
        ("range", Range16),
        ("subtract", ctypes.c_bool),
    ]


class Mul16(ctypes.Structure):
    _fields_ = [("factor", Factor), ("range", Range16)]


class Scale16(ctypes.Structure):
    _fields_ = [("positive", Factor), ("negative", Factor), ("range", Range16)]


def dims_of(shape: Sequence[int]) -> Any:
    return (ctypes.c_int * max(1, len(shape)))(*shape)


def call(kernels: Kernels, name: str, shape: Sequence[int], op: Any, *args: Any) -> Int16:
    output = Guarded(shape, np.int16)
    last = ctypes.c_void_p(pointer(output.array))
    kernels.function(name)(ctypes.byref(op), *args, last)
    output.check()
    return output.array


def binary(kernels: Kernels, name: str, op: Any, a: Int16, b: Int16) -> Int16:
    dims = dims_of(a.shape), dims_of(b.shape)
    operands = [
        ctypes.byref(Operand(pointer(x), ctypes.addressof(d), x.ndim))
        for x, d in zip((a, b), dims, strict=True)
    ]
    return call(kernels, name, np.broadcast_shapes(a.shape, b.shape), op, *operands)


Shapes = tuple[tuple[int, ...], tuple[int, ...]]


@exhaustive(broadcasts(), activations, scales, scales, scales, st.booleans(), st.booleans(),
            seeds)  # fmt: skip
def test_add_and_sub(
    kernels: Kernels,
    drawn: Shapes,
    activation: int,
    x: float,
    y: float,
    z: float,
    largest: bool,
    subtract: bool,
    rng: np.random.Generator,
) -> None:
    wide = max(f32(x), f32(y))
    if largest:  # of the factors that pass
        z = float(max(wide / f32(1 << 13), f32(2.0**-27)))
    assume(wide <= f32(z) * f32(1 << 13))
    a, b = (np.asarray(draw_values(rng, shape, np.int16)) for shape in drawn)
    kind = schema.SubOptionsT if subtract else schema.AddOptionsT
    model = one_op(
        OP.SUB if subtract else OP.ADD,
        [Tensor(a.shape, INT16, scale=x), Tensor(b.shape, INT16, scale=y)],
        Tensor(np.broadcast_shapes(*drawn), INT16, scale=z),
        options_of(kind, activation),
        version=2,
    )
    twice = 2 * float(wide)
    made = [float(f32(x)) / twice, float(f32(y)) / twice, twice / ((1 << 15) * float(f32(z)))]
    if subtract:  # which TFLM does in single precision
        made = [float(f32(f)) for f in made[:2]] + [float(f32(twice) / (f32(1 << 15) * f32(z)))]
    op = Add16(*map(factor, made), range16(activation, z), subtract)
    assert (binary(kernels, "int16_add", op, a, b) == in_tflm(model, a, b)).all()


@exhaustive(broadcasts(), activations, scales, scales, scales, seeds)
def test_mul(
    kernels: Kernels,
    drawn: Shapes,
    activation: int,
    x: float,
    y: float,
    z: float,
    rng: np.random.Generator,
) -> None:
    multiplier = float(f32(x)) * float(f32(y)) / float(f32(z))
    assume(fits(1 << 30, multiplier))
    a, b = (np.asarray(draw_values(rng, shape, np.int16)) for shape in drawn)
    model = one_op(
        OP.MUL,
        [Tensor(a.shape, INT16, scale=x), Tensor(b.shape, INT16, scale=y)],
        Tensor(np.broadcast_shapes(*drawn), INT16, scale=z),
        options_of(schema.MulOptionsT, activation),
        version=2,
    )
    op = Mul16(factor(multiplier), range16(activation, z))
    assert (binary(kernels, "int16_mul", op, a, b) == in_tflm(model, a, b)).all()


@pytest.mark.parametrize("leaky", [False, True])
@exhaustive(st.floats(0, 2, width=32), scales, scales, seeds)
def test_scale(
    kernels: Kernels, leaky: bool, alpha: float, x: float, z: float, rng: np.random.Generator
) -> None:
    """RELU and LEAKY_RELU; RELU6 is as RELU, where TFLM does not rescale."""
    ratio = float(f32(x)) / float(f32(z))
    ratios = [ratio, ratio * float(f32(alpha)) if leaky else ratio]
    assume(all(fits(65535, ratio) for ratio in ratios))
    values = draw_values(rng, (7, 41), np.int16)
    options = None
    if leaky:
        options = schema.LeakyReluOptionsT()
        options.alpha = alpha
    model = one_op(
        OP.LEAKY_RELU if leaky else OP.RELU,
        [Tensor(values.shape, INT16, scale=x)],
        Tensor(values.shape, INT16, scale=z),
        options,
        version=2,
    )
    limits = Range16(-32768 if leaky else 0, 32767)
    op = Scale16(*map(factor, ratios), limits)
    given = ctypes.c_size_t(values.size), ctypes.c_void_p(pointer(values))
    found = call(kernels, "int16_scale", values.shape, op, *given)
    assert (found == in_tflm(model, values)).all()


@exhaustive(shapes.filter(len), st.lists(st.integers(0, 3), min_size=1, max_size=3), scales,
            scales, seeds)  # fmt: skip
def test_mean(
    kernels: Kernels,
    shape: tuple[int, ...],
    named: list[int],
    x: float,
    z: float,
    rng: np.random.Generator,
) -> None:
    ratio = float(f32(x)) / float(f32(z))
    assume(fits(2 << 15, ratio))
    axes = sorted({axis % len(shape) for axis in named})
    reduced = [1 if i in axes else n for i, n in enumerate(shape)]
    values = draw_values(rng, shape, np.int16)
    options = schema.ReducerOptionsT()
    options.keepDims = True
    model = one_op(
        OP.MEAN,
        [Tensor(shape, INT16, scale=x), Tensor([len(axes)], INT32, axes)],
        Tensor(reduced, INT16, scale=z),
        options,
        version=2,
    )
    op = Mean(factor(ratio), 0, 0, sum(1 << axis for axis in axes))
    count = int(np.prod([shape[axis] for axis in axes]))
    kernels.function("int8_mean_prepare")(ctypes.byref(op), ctypes.c_uint32(count))
    given = dims_of(shape), ctypes.c_int(len(shape)), ctypes.c_void_p(pointer(values))
    found = call(kernels, "int16_mean", reduced, op, *given)
    assert (found == in_tflm(model, values).reshape(reduced)).all()
