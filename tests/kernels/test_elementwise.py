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
from elementwise_library import Logistic, Mean, Scale, Softmax, factor
from kernel_layers import (
    ACTIVATIONS,
    CASES,
    Quantized,
    draw_values,
    exhaustive,
    in_tflm,
    quantized,
    seeds,
)
from kernel_library import Kernels, Range
from operands import (
    WHOLE,
    any_quantized,
    dims,
    every_value,
    f32,
    fits,
    tensor,
)
from tflite_models import FLOAT32, INT8, INT16, INT32, OP, Tensor, one_op

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
