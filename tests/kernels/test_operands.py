"""Our kernels of ops of two operands or more against TFLM's reference kernels, value for value.

The wheel divides all scales in double precision. TFLM as sources.toml pins it, and LiteRT, divide
those of SUB, RELU and LEAKY_RELU in single precision, and so does what calls the kernels.
"""

from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from hypothesis import assume
from hypothesis import strategies as st

import elementwise_library as own
from elementwise_library import Add, AddN, Mul, Prelu, factor
from kernel_layers import (
    Quantized,
    activations,
    draw_values,
    exhaustive,
    in_tflm,
    seeds,
)
from kernel_library import Kernels
from operands import (
    WHOLE,
    any_quantized,
    broadcasts,
    every_value,
    f32,
    fits,
    options_of,
    shapes,
    tensor,
)
from tflite_models import OP, one_op


@exhaustive(broadcasts(), activations, any_quantized, any_quantized, any_quantized, st.booleans(),
            st.booleans(), st.booleans(), seeds)  # fmt: skip
def test_add_and_sub(
    kernels: Kernels,
    drawn: tuple[tuple[int, ...], tuple[int, ...]],
    activation: int,
    x: Quantized,
    y: Quantized,
    z: Quantized,
    alike: bool,
    largest: bool,
    subtract: bool,
    rng: np.random.Generator,
) -> None:
    y = Quantized(x.scale, y.zero_point) if alike else y
    wide, fine = (f32(of(x.scale, y.scale)) for of in (max, min))
    if largest:  # of the factors that pass
        z = Quantized(float(max(wide / f32(1 << 18), f32(2.0**-27))), z.zero_point)
    assume(wide <= f32(z.scale) * f32(1 << 18))
    a, b = (np.asarray(draw_values(rng, shape)) for shape in drawn)
    kind = schema.SubOptionsT if subtract else schema.AddOptionsT
    model = one_op(
        OP.SUB if subtract else OP.ADD,
        [tensor(a.shape, x), tensor(b.shape, y)],
        tensor(np.broadcast_shapes(*drawn), z),
        options_of(kind, activation),
        version=2,
    )
    twice = 2 * float(wide)
    second = f32(y.scale) > f32(x.scale)
    op = Add(
        factor(float(fine) / twice),
        factor(twice / ((1 << 20) * float(f32(z.scale)))),
        -1 if subtract and second else 1,
        -1 if subtract and not second else 1,
        *((y.zero_point, x.zero_point) if second else (x.zero_point, y.zero_point)),
        z.range(activation),
        second,
    )
    assert (own.binary(kernels, "add", op, a, b) == in_tflm(model, a, b)).all()


@exhaustive(broadcasts(), activations, any_quantized, any_quantized, any_quantized, seeds)
def test_mul(
    kernels: Kernels,
    drawn: tuple[tuple[int, ...], tuple[int, ...]],
    activation: int,
    x: Quantized,
    y: Quantized,
    z: Quantized,
    rng: np.random.Generator,
) -> None:
    multiplier = float(f32(x.scale)) * float(f32(y.scale)) / float(f32(z.scale))
    assume(fits(255 * 255, multiplier))
    a, b = (np.asarray(draw_values(rng, shape)) for shape in drawn)
    model = one_op(
        OP.MUL,
        [tensor(a.shape, x), tensor(b.shape, y)],
        tensor(np.broadcast_shapes(*drawn), z),
        options_of(schema.MulOptionsT, activation),
        version=2,
    )
    op = Mul(factor(multiplier), x.zero_point, y.zero_point, z.range(activation))
    assert (own.binary(kernels, "mul", op, a, b) == in_tflm(model, a, b)).all()


@exhaustive(
    st.lists(st.sampled_from([(1, 1), (1, 3), (2, 1), (3, 3)]), min_size=5, max_size=6), seeds
)
def test_more_dimensions(
    kernels: Kernels, dims: list[tuple[int, int]], rng: np.random.Generator
) -> None:
    """As what is stretched before; TFLM stops at four."""
    a, b = (np.asarray(draw_values(rng, shape)) for shape in zip(*dims, strict=True))
    op = Mul(factor(0.01), 3, -5, Quantized(0.1, 7).range(WHOLE))
    whole = [np.ascontiguousarray(each).ravel() for each in np.broadcast_arrays(a, b)]
    found = own.binary(kernels, "mul", op, a, b)
    assert (found.ravel() == own.binary(kernels, "mul", op, *whole)).all()


@exhaustive(shapes, st.integers(2, 8), any_quantized, any_quantized, seeds)
def test_add_n(
    kernels: Kernels,
    shape: tuple[int, ...],
    count: int,
    x: Quantized,
    z: Quantized,
    rng: np.random.Generator,
) -> None:
    assume(f32(x.scale) <= f32(z.scale) * f32(1 << 18))
    inputs = [np.asarray(draw_values(rng, shape)) for _ in range(count)]
    model = one_op(OP.ADD_N, [tensor(shape, x)] * count, tensor(shape, z), schema.AddNOptionsT())
    twice = 2 * float(f32(x.scale))
    op = AddN(factor(twice / ((1 << 20) * float(f32(z.scale)))), x.zero_point, z.zero_point)
    found = own.add_n(kernels, op, inputs)
    if x.zero_point == 0:  # else TFLM takes it off once more than there are inputs
        assert (found == in_tflm(model, *inputs)).all()
    total = sum(each.astype(int) - x.zero_point for each in inputs)
    real = total * (float(f32(x.scale)) / float(f32(z.scale))) + z.zero_point
    assert np.abs(found - np.clip(real, -128, 127)).max(initial=0) < 0.5 + 1e-4


@exhaustive(any_quantized, any_quantized, any_quantized, activations)
def test_div_of_all_values(
    kernels: Kernels, x: Quantized, y: Quantized, z: Quantized, activation: int
) -> None:
    """Against exact quotients: TFLM aborts on 0, and on a factor that is far from 1 is wrong."""
    multiplier = float(f32(x.scale)) / (float(f32(y.scale)) * float(f32(z.scale)))
    assume(fits(255, multiplier))
    a, b = every_value()[:, None], every_value()[None, :]
    op = Mul(factor(multiplier), x.zero_point, y.zero_point, z.range(activation))
    over = b.astype(int) - y.zero_point
    over[over == 0] = 1
    real = (
        (a.astype(int) - x.zero_point)
        * (op.factor.multiplier * 2.0 ** (op.factor.shift - 31))
        / over
    )
    wanted = np.clip(z.zero_point + real, op.range.min, op.range.max)
    found = own.binary(kernels, "div", op, np.ascontiguousarray(a), np.ascontiguousarray(b))
    assert np.abs(found - wanted).max() <= 0.5 + 1e-6


@exhaustive(shapes, st.integers(0, 4), any_quantized, any_quantized, any_quantized, seeds)
def test_prelu(
    kernels: Kernels,
    shape: tuple[int, ...],
    dropped: int,
    x: Quantized,
    alpha: Quantized,
    z: Quantized,
    rng: np.random.Generator,
) -> None:
    multiplier = float(f32(x.scale)) / float(f32(z.scale))
    second = float(f32(x.scale)) * float(f32(alpha.scale)) / float(f32(z.scale))
    assume(fits(255, multiplier) and fits(255 * 255, second))
    of_alpha = tuple(n if rng.integers(2) else 1 for n in shape)[dropped:]
    a, b = (np.asarray(draw_values(rng, s)) for s in (shape, of_alpha))
    model = one_op(OP.PRELU, [tensor(shape, x), tensor(of_alpha, alpha, b)], tensor(shape, z))
    op = Prelu(factor(multiplier), factor(second), x.zero_point, alpha.zero_point, z.zero_point)
    assert (own.binary(kernels, "prelu", op, a, b) == in_tflm(model, a)).all()
