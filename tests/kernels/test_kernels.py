"""Our convolutions, dense layers and pools against TFLM's reference kernels, value for value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_layers import (
    ACTIVATIONS,
    CASES,
    Quantized,
    Weighted,
    activations,
    convolution_model,
    draw_values,
    draw_weighted,
    exhaustive,
    fully_connected_model,
    image_shapes,
    in_tflm,
    pool_model,
    quantized,
    seeds,
    windows,
)
from kernel_library import (
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Kernels,
    Pool2D,
    Window,
    compile_library,
    factors,
    quantize_multiplier,
)
from tflite_models import OP

sizes = st.integers(1, 9)
batches = st.sampled_from([1, 1, 1, 2])


@pytest.fixture(scope="module", params=[1, 3])
def kernels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    """As a machine with few registers has them, and as one with many."""
    flag = f"-DINT8_TOGETHER={request.param}"
    return Kernels(compile_library(tmp_path_factory.mktemp("kernels"), flag))


@exhaustive(
    windows(), batches, sizes, sizes, st.sampled_from([1, 1, 1, 2, 3]), activations, quantized,
    quantized, st.booleans(), seeds,
)  # fmt: skip
def test_conv_2d(
    kernels: Kernels,
    drawn: tuple[Window, bool],
    batches: int,
    inputs: int,
    each: int,
    groups: int,
    activation: int,
    x: Quantized,
    y: Quantized,
    per_channel: bool,
    rng: np.random.Generator,
) -> None:
    """Each of `groups` of as many inputs makes `each` outputs."""
    window, same = drawn
    outputs = each * groups
    shapes = image_shapes(window, batches, inputs * groups, outputs)
    shape = (outputs, window.height, window.width, inputs)
    of = draw_weighted(rng, shape, outputs, per_channel, x.scale)
    values = draw_values(rng, shapes[0])
    model = convolution_model(shapes, window, same, activation, x, y, of)
    scaled = factors(x.scale, of.scales, y.scale) * (1 if per_channel else outputs)
    expected = in_tflm(model, values)
    for constant in (True, False):
        op = Conv2D(window, inputs, outputs, groups, x.zero_point, y.range(activation))
        found = kernels.convolve(op, values, of.weights, of.biases, scaled, shapes[1], constant)
        assert (found == expected).all()


@pytest.mark.parametrize("outputs", [1, 4])
def test_taps_go_by_threes_only_if_they_may_from_each_row_on(
    kernels: Kernels, outputs: int
) -> None:
    """The first row of the window lies above the image, so that the second begins the threes."""
    window = Window()
    window.in_height = window.in_width = window.out_height = window.out_width = 4
    window.height, window.width, window.pad_top = 3, 2, 1
    window.stride_height = window.stride_width = 1
    window.dilation_height = window.dilation_width = 1
    x, y = Quantized(1.0, 0), Quantized(512.0, 0)
    taps = np.array([1, 127, 127, 127, 127, 1], np.int8).reshape(1, 3, 2, 1)
    of = Weighted(np.repeat(taps, outputs, 0), [1.0], np.zeros(outputs, np.int32))
    shapes = image_shapes(window, 1, 1, outputs)
    values = np.full(shapes[0], -128, np.int8)
    model = convolution_model(shapes, window, True, ACTIVATIONS.NONE, x, y, of)
    op = Conv2D(window, 1, outputs, 1, 0, y.range(ACTIVATIONS.NONE))
    scaled = factors(1.0, [1.0], 512.0) * outputs
    found = kernels.convolve(op, values, of.weights, of.biases, scaled, shapes[1])
    assert op.way
    assert (found == in_tflm(model, values)).all()


@exhaustive(
    windows(), batches, sizes, st.sampled_from([1, 1, 2, 3, 8]), activations, quantized, quantized,
    st.booleans(), seeds,
)  # fmt: skip
def test_depthwise_conv_2d(
    kernels: Kernels,
    drawn: tuple[Window, bool],
    batches: int,
    inputs: int,
    multiplier: int,
    activation: int,
    x: Quantized,
    y: Quantized,
    per_channel: bool,
    rng: np.random.Generator,
) -> None:
    window, same = drawn
    outputs = inputs * multiplier
    shapes = image_shapes(window, batches, inputs, outputs)
    shape = (1, window.height, window.width, outputs)
    of = draw_weighted(rng, shape, outputs, per_channel, x.scale)
    values = draw_values(rng, shapes[0])
    model = convolution_model(shapes, window, same, activation, x, y, of, multiplier)
    scaled = factors(x.scale, of.scales, y.scale) * (1 if per_channel else outputs)
    expected = in_tflm(model, values)
    for constant in (True, False):
        op = DepthwiseConv2D(window, inputs, multiplier, x.zero_point, y.range(activation))
        found = kernels.convolve(op, values, of.weights, of.biases, scaled, shapes[1], constant)
        assert (found == expected).all()


@exhaustive(
    st.integers(1, 3), st.integers(1, 70), st.integers(1, 11), activations, quantized, quantized,
    st.booleans(), st.booleans(), seeds,
)  # fmt: skip
def test_fully_connected(
    kernels: Kernels,
    batches: int,
    inputs: int,
    outputs: int,
    activation: int,
    x: Quantized,
    y: Quantized,
    per_channel: bool,
    bias: bool,
    rng: np.random.Generator,
) -> None:
    of = draw_weighted(rng, (outputs, inputs), outputs, per_channel, x.scale)
    values = draw_values(rng, (batches, inputs))
    model = fully_connected_model((batches, inputs), activation, x, y, of, bias)
    scaled = factors(x.scale, of.scales, y.scale)
    if not per_channel:  # TFLM multiplies these two as floats
        product = np.float32(x.scale) * np.float32(of.scales[0])
        scaled = [quantize_multiplier(float(product) / float(np.float32(y.scale)))]
    op = FullyConnected(inputs, outputs, x.zero_point, y.range(activation))
    found = kernels.fully_connected(op, values, of.weights, of.biases if bias else None, scaled)
    assert (found == in_tflm(model, values)).all()


@pytest.mark.parametrize("name", ["max", "average"])
@exhaustive(windows(dilated=False), batches, sizes, activations, quantized, seeds)
def test_pool_2d(
    kernels: Kernels,
    name: str,
    drawn: tuple[Window, bool],
    batches: int,
    depth: int,
    activation: int,
    x: Quantized,
    rng: np.random.Generator,
) -> None:
    window, same = drawn
    shapes = image_shapes(window, batches, depth, depth)
    values = draw_values(rng, shapes[0])
    code = OP.MAX_POOL_2D if name == "max" else OP.AVERAGE_POOL_2D
    model = pool_model(code, shapes, window, same, activation, x)
    op = Pool2D(window, depth, x.range(activation))
    found = kernels.pool(name, op, values, shapes[1])
    assert (found == in_tflm(model, values)).all()


FLOATS = st.integers(0, 2**32 - 1).map(lambda bits: np.uint32(bits).view(np.float32))
NEAR_HALVES = st.tuples(
    st.floats(2.0**-60, 2.0**60, width=32).map(np.float32),
    st.integers(-260, 260),
    st.integers(-3, 3),
).map(
    lambda drawn: (
        np.int32((drawn[0] * np.float32(drawn[1] + 0.5)).view(np.int32) + drawn[2]).view(
            np.float32
        ),
        drawn[0],
    )
)


@settings(max_examples=10 * CASES, deadline=None)
@given(st.tuples(FLOATS, FLOATS) | NEAR_HALVES)
def test_quotient(kernels: Kernels, drawn: tuple[np.float32, np.float32]) -> None:
    """QUANTIZE, but for the zero point and the range."""
    x, scale = drawn
    tiny = np.finfo(np.float32).tiny
    found = kernels.quotient(x, scale)
    if np.isnan(x) or 0 < abs(x) < tiny or not (tiny <= scale < np.inf):
        assert found == -(2**31)
        return
    with np.errstate(all="ignore"):
        exact = np.float64(np.float32(x / scale))
    expected = np.copysign(np.floor(np.abs(exact) + 0.5), exact)
    if abs(expected) < 256:
        assert found == expected
    else:
        assert abs(found) >= 256 and (found > 0) == (expected > 0)
