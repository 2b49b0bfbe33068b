"""Our kernels of ops without weights against TFLM's reference kernels, value for value.

The wheel divides all scales in double precision. TFLM as sources.toml pins it, and LiteRT, divide
those of SUB, RELU and LEAKY_RELU in single precision, and so does what calls the kernels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import elementwise_library as own
from elementwise_library import Add, AddN, Div, Logistic, Mean, Mul, Prelu, Scale, Softmax, factor
from kernel_layers import (
    ACTIVATIONS,
    CASES,
    Quantized,
    activations,
    draw_values,
    exhaustive,
    in_tflm,
    quantized,
    seeds,
    zero_points,
)
from kernel_library import Int8, Kernels, Range
from tflite_models import FLOAT32, INT8, INT16, INT32, OP, Tensor, one_op

f32 = np.float32
WHOLE = ACTIVATIONS.NONE

far_scales = st.integers(-27, 29).flatmap(lambda e: st.floats(2.0**e, 2.0 ** (e + 1), width=32))
"""As far apart as the check of models lets them be."""
any_quantized = quantized | st.builds(Quantized, far_scales, zero_points)
dims = st.sampled_from([1, 1, 2, 3, 5, 8, 17])
shapes = st.lists(dims, max_size=4).map(tuple)


def fits(magnitude: int, multiplier: float) -> bool:
    """model_check_rescale()"""
    return magnitude * multiplier <= 1 << 29


def tensor(shape: Sequence[int], of: Quantized, data: Any = None) -> Tensor:
    return Tensor(shape, INT8, data, scale=of.scale, zero_point=of.zero_point)


@st.composite
def broadcasts(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes of which the output has the rank of one, and no dimension beyond theirs."""
    whole = draw(shapes)
    parts = [tuple(n if draw(st.integers(0, 3)) else 1 for n in whole) for _ in range(2)]
    a, b = parts
    short = b[draw(st.integers(0, len(b))) :]
    return draw(st.sampled_from([(a, b), (a, short), (short, a), (whole, whole)]))


def options_of(kind: Any, activation: int) -> Any:
    options = kind()
    options.fusedActivationFunction = activation
    return options


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
    op = Div(factor(multiplier), x.zero_point, y.zero_point, z.range(activation))
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


def every_value() -> Int8:
    return np.arange(-128, 128).astype(np.int8)


LINES = {"RELU": ACTIVATIONS.RELU, "LEAKY_RELU": WHOLE, "QUANTIZE": WHOLE}


@pytest.mark.parametrize("name", LINES)
@exhaustive(any_quantized, any_quantized, st.floats(0, 8, width=32) | st.just(0.0))
def test_lines(kernels: Kernels, name: str, x: Quantized, y: Quantized, alpha: float) -> None:
    alpha = alpha if name == "LEAKY_RELU" else 1.0
    ratio = float(f32(x.scale)) / float(f32(y.scale))
    assume(fits(255, ratio) and fits(255, ratio * alpha))
    values = every_value()
    options = None
    if name == "LEAKY_RELU":
        options = schema.LeakyReluOptionsT()
        options.alpha = alpha
    model = one_op(getattr(OP, name), [tensor([256], x)], tensor([256], y), options, version=2)
    positive, negative = factor(ratio), factor(float(f32(x.scale)) * alpha / float(f32(y.scale)))
    op = Scale(positive, negative, x.zero_point, y.range(LINES[name]))
    assert (own.unary(kernels, "scale", op, values) == in_tflm(model, values)).all()


@exhaustive(any_quantized)
def test_relu6(kernels: Kernels, x: Quantized) -> None:
    values = every_value()
    model = one_op(OP.RELU6, [tensor([256], x)], tensor([256], x), version=2)
    op = Scale(factor(1.0), factor(1.0), x.zero_point, x.range(ACTIVATIONS.RELU6))
    assert (own.unary(kernels, "scale", op, values) == in_tflm(model, values)).all()


pad_shapes = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 3), st.integers(0, 3)),
                      min_size=1, max_size=5)  # fmt: skip
few_paddings = pad_shapes.map(lambda all_of: [(n, *(p % 2 for p in ps)) for n, *ps in all_of])


@exhaustive(pad_shapes | few_paddings, st.sampled_from([INT8, INT16, INT32, FLOAT32]),
            st.booleans(), seeds)  # fmt: skip
def test_pad(
    kernels: Kernels,
    drawn: list[tuple[int, int, int]],
    kind: int,
    with_value: bool,
    rng: np.random.Generator,
) -> None:
    shape, paddings = [n for n, _, _ in drawn], np.array([p for _, *p in drawn], np.int32)
    dtype = {INT8: np.int8, INT16: np.int16, INT32: np.int32, FLOAT32: np.float32}[kind]
    x = rng.integers(-128, 128, shape).astype(dtype)
    zero_point = int(rng.integers(-128, 128)) if kind == INT8 else 0
    value = np.array(rng.integers(-128, 128) if with_value else zero_point, dtype)
    scale = 0.5 if kind in (INT8, INT16) else None

    def of(shape: Sequence[int], data: Any = None) -> Tensor:
        return Tensor(shape, kind, data, scale=scale, zero_point=zero_point)

    inputs = [of(shape), Tensor(paddings.shape, INT32, paddings)]
    model = one_op(
        OP.PADV2 if with_value else OP.PAD,
        inputs + ([of([], value)] if with_value else []),
        of([n + sum(p) for n, p in zip(shape, paddings.tolist(), strict=True)]),
        schema.PadV2OptionsT() if with_value else schema.PadOptionsT(),
        version=2,
    )
    assert (own.pad(kernels, x, paddings, value) == in_tflm(model, x)).all()


@exhaustive(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(0, 4),
            st.lists(st.integers(1, 5), min_size=1, max_size=10),
            st.sampled_from([INT8, FLOAT32]), quantized, seeds)  # fmt: skip
def test_concatenation(
    kernels: Kernels,
    shape: list[int],
    axis: int,
    sizes: list[int],
    kind: int,
    x: Quantized,
    rng: np.random.Generator,
) -> None:
    axis %= len(shape)
    parts = [
        rng.integers(-128, 128, [*shape[:axis], n, *shape[axis + 1 :]]).astype(
            np.int8 if kind == INT8 else np.float32
        )
        for n in sizes
    ]

    def of(shape: Sequence[int]) -> Tensor:
        return tensor(shape, x) if kind == INT8 else Tensor(shape)

    options = schema.ConcatenationOptionsT()
    options.axis = axis - len(shape) * int(rng.integers(2))
    whole = [*shape[:axis], sum(sizes), *shape[axis + 1 :]]
    model = one_op(OP.CONCATENATION, [of(p.shape) for p in parts], of(whole), options, version=2)
    assert (own.copy_rows(kernels, parts, axis) == in_tflm(model, *parts)).all()


@st.composite
def reductions(draw: st.DrawFn) -> tuple[tuple[int, ...], list[int]]:
    """A shape, and axes as a model may have them: negative, or twice."""
    if draw(st.booleans()):  # as CNNs use it
        image = st.integers(1, 12)
        return (draw(st.integers(1, 2)), draw(image), draw(image), draw(image)), [1, 2]
    shape = draw(st.lists(dims, min_size=1, max_size=6).map(tuple))
    assume(math.prod(shape) < 20000)
    axis = st.integers(-len(shape), len(shape) - 1)
    return shape, draw(st.lists(axis, max_size=4))


@exhaustive(reductions(), any_quantized, any_quantized, st.booleans(), seeds)
def test_mean(
    kernels: Kernels,
    drawn: tuple[tuple[int, ...], list[int]],
    x: Quantized,
    y: Quantized,
    keep: bool,
    rng: np.random.Generator,
) -> None:
    shape, named = drawn
    ratio = float(f32(x.scale)) / float(f32(y.scale))
    assume(fits(2 * 255, ratio))
    axes = sorted({axis % len(shape) for axis in named})
    reduced = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
    values = draw_values(rng, shape)
    options = schema.ReducerOptionsT()
    options.keepDims = keep
    model = one_op(
        OP.MEAN,
        [tensor(shape, x), Tensor([len(named)], INT32, named)],
        tensor(reduced, y),
        options,
        version=2,
    )
    op = Mean(factor(ratio), x.zero_point, y.zero_point)
    expected = in_tflm(model, values).reshape(reduced)
    assert (own.mean(kernels, op, values, axes, reduced) == expected).all()


def input_radius(integer_bits: int, shift: int) -> int:
    """CalculateInputRadius() of tensorflow/lite/kernels/internal/quantization_util.cc."""
    return math.floor(((1 << integer_bits) - 1) * 2.0 ** (31 - integer_bits - shift))


PROBABILITY = Quantized(1 / 256, -128)


@exhaustive(st.integers(1, 3), st.integers(1, 20) | st.integers(1, 511), any_quantized,
            st.just(1.0) | st.floats(2**-10, 32, width=32), seeds)  # fmt: skip
def test_softmax(
    kernels: Kernels, rows: int, depth: int, x: Quantized, beta: float, rng: np.random.Generator
) -> None:
    assume(beta * x.scale * (1 << 26) > 1.0)
    values = draw_values(rng, (rows, depth))
    if rng.integers(4) == 0:
        values[:] = values[0, 0]
    options = schema.SoftmaxOptionsT()
    options.beta = beta
    shape = [rows, depth]
    model = one_op(OP.SOFTMAX, [tensor(shape, x)], tensor(shape, PROBABILITY), options, version=2)
    scaled = factor(min(beta * float(f32(x.scale)) * (1 << 26), float((1 << 31) - 1)))
    op = Softmax(scaled, -input_radius(5, scaled.shift))
    assert (own.softmax(kernels, op, values) == in_tflm(model, values)).all()


@exhaustive(any_quantized)
def test_logistic(kernels: Kernels, x: Quantized) -> None:
    values = every_value()
    model = one_op(OP.LOGISTIC, [tensor([256], x)], tensor([256], PROBABILITY), version=2)
    scaled = factor(float(f32(x.scale)) * (1 << 27))
    op = Logistic(scaled, input_radius(4, scaled.shift), x.zero_point)
    assert (own.unary(kernels, "logistic", op, values) == in_tflm(model, values)).all()


@settings(max_examples=CASES, deadline=None)
@given(any_quantized)
def test_dequantize(kernels: Kernels, x: Quantized) -> None:
    values = every_value()
    model = one_op(OP.DEQUANTIZE, [tensor([256], x)], Tensor([256]), version=2)
    expected = in_tflm(model, values)
    found = [own.real(kernels, int(q) - x.zero_point, f32(x.scale)) for q in values]
    assert (np.array(found).view(np.uint32) == expected.view(np.uint32)).all()


@exhaustive(any_quantized, seeds)
def test_quantize(kernels: Kernels, x: Quantized, rng: np.random.Generator) -> None:
    """With the zero point, the range, and what the glue makes of the undecided."""
    scale = f32(x.scale)
    values = (rng.normal(0, 200, 200).astype(np.float32) * scale).astype(np.float32)
    values[:20] = (rng.integers(-300, 300, 20) + 0.5).astype(np.float32) * scale
    values[20:22] = [-1e-40, 0.0]
    model = one_op(OP.QUANTIZE, [Tensor([200])], tensor([200], x))
    quotients = np.array([kernels.quotient(value, scale) for value in values])
    quotients[quotients == -(2**31)] = 0
    found = np.clip(quotients + x.zero_point, -128, 127)
    assert (found == in_tflm(model, values)).all()


def test_range_of_relu6_is_as_the_layers_have_it() -> None:
    """What is drawn above is what is meant."""
    found = Quantized(0.5, 3).range(ACTIVATIONS.RELU6)
    assert (found.zero_point, found.min, found.max) == (3, 3, 15)
    assert isinstance(found, Range)
