"""Models of one layer each, by whose counts the cost of an op's work is found.

Shapes are a small grid of what networks for microcontrollers have; the networks that are counted
elsewhere (`tinycnn.bench.models`) are not among them, so those can say how far off costs are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tinycnn.bench.models import Model
from tinycnn.tflite.build import Op, Tensor, build
from tinycnn.tflite.graph import schema

_OP = schema.BuiltinOperator
_INT8, _INT32 = schema.TensorType.INT8, schema.TensorType.INT32
_IN, _OUT = (0.05, -3), (0.1, 5)  # scale and zero point

_CONVS = (
    # side, depth, window, stride, filters
    *((side, 1, 3, stride, filters) for side, filters in ((6, 4), (8, 16), (16, 6), (28, 2))
      for stride in (1, 2)),
    *((12, depth, 3, 1, filters) for depth in (4, 8, 16) for filters in (6, 16)),
    *((side, depth, 1, 1, 24) for side in (5, 12) for depth in (8, 48)),
    *((20, 2, 5, stride, 8) for stride in (1, 2)),
    (6, 32, 3, 2, 32),
)  # fmt: skip
_DEPTHWISE = (
    # side, depth, window, stride, multiplier
    *((side, depth, 3, stride, 1) for side in (6, 14) for depth in (4, 24) for stride in (1, 2)),
    *((12, depth, window, 1, 1) for depth in (8, 20) for window in (2, 5)),
)
_DENSE = tuple((inputs, units) for inputs in (16, 200, 800) for units in (2, 4, 11, 40))
_SIZES = (64, 500, 3000)
_MOST_CLASSES = 500


def layers() -> Iterator[Model]:
    """All of them, by names of their own."""
    draw = np.random.default_rng(7)
    for side, depth, window, stride, filters in _CONVS:
        shape = (filters, window, window, depth)
        yield _conv(draw, _OP.CONV_2D, side, depth, shape, stride, filters, 0)
    for side, depth, window, stride, multiplier in _DEPTHWISE:
        shape = (1, window, window, depth * multiplier)
        yield _conv(draw, _OP.DEPTHWISE_CONV_2D, side, depth, shape, stride, depth * multiplier, 3)
    for inputs, units in _DENSE:
        weights, bias = _weights(draw, (units, inputs), 0, units)
        options = schema.FullyConnectedOptionsT()
        yield _layer(_OP.FULLY_CONNECTED, [_values(1, inputs), weights, bias], (1, units), options)
    for code in (_OP.MAX_POOL_2D, _OP.AVERAGE_POOL_2D):
        for side, depth, window in (
            (8, 8, 2),
            (20, 3, 2),
            (8, 24, 8),
            (12, 16, 3),
            (28, 1, 2),
            (6, 6, 6),
        ):
            yield _pool(code, side, depth, window)
    for size in _SIZES:
        yield from _elementwise(draw, size)


def chain(count: int) -> Model:
    """So many RELU one after the other: what one more takes, and what a run takes besides."""
    tensors = [_values(1, 100) for _ in range(count + 1)]
    ops = [Op(_OP.RELU, [one], [other]) for one, other in pairwise(tensors)]
    return Model(f"chain of {count}", build([tensors[0]], [tensors[-1]], ops))


def _conv(
    draw: Any,
    code: int,
    side: int,
    depth: int,
    shape: Sequence[int],
    stride: int,
    out: int,
    axis: int,
) -> Model:
    options = schema.Conv2DOptionsT() if code == _OP.CONV_2D else schema.DepthwiseConv2DOptionsT()
    options.padding = schema.Padding.SAME
    options.strideH = options.strideW = stride
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU
    if code == _OP.DEPTHWISE_CONV_2D:
        options.depthMultiplier = out // depth
    weights, bias = _weights(draw, shape, axis, out)
    end = -(-side // stride)
    inputs = [_values(1, side, side, depth), weights, bias]
    return _layer(code, inputs, (1, end, end, out), options)


def _pool(code: int, side: int, depth: int, window: int) -> Model:
    options = schema.Pool2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideH = options.strideW = options.filterHeight = options.filterWidth = window
    shape = (1, side // window, side // window, depth)
    return _layer(code, [_values(1, side, side, depth)], shape, options, _IN)


def _elementwise(draw: Any, size: int) -> Iterator[Model]:
    plain, square = (1, size), (1, size // 4, 4, 1)
    for code in (_OP.RELU, _OP.RELU6):
        yield _layer(code, [_values(*plain)], plain)
    leaky = schema.LeakyReluOptionsT()
    leaky.alpha = 0.125
    yield _layer(_OP.LEAKY_RELU, [_values(*plain)], plain, leaky)
    yield _layer(_OP.LOGISTIC, [_values(*plain)], plain, None, (1 / 256, -128))
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    row = (1, min(size, _MOST_CLASSES))
    yield _layer(_OP.SOFTMAX, [_values(*row)], row, options, (1 / 256, -128))
    yield _layer(_OP.QUANTIZE, [_values(*plain)], plain)
    for code, of in (
        (_OP.ADD, schema.AddOptionsT),
        (_OP.SUB, schema.SubOptionsT),
        (_OP.MUL, schema.MulOptionsT),
    ):
        values = draw.integers(-127, 128, plain)
        other = Tensor(plain, _INT8, values, *_IN)
        yield _layer(code, [_values(*plain), other], plain, of())
    yield _layer(_OP.RESHAPE, [_values(*plain)], square, _new_shape(square), _IN)
    around = Tensor((4, 2), _INT32, [[0, 0], [1, 1], [1, 1], [0, 0]])
    padded = (1, square[1] + 2, 6, 1)
    yield _layer(_OP.PAD, [_values(*square), around], padded, schema.PadOptionsT(), _IN)
    mean = schema.ReducerOptionsT()
    mean.keepDims = False
    axes = Tensor((2,), _INT32, [1, 2])
    yield _layer(_OP.MEAN, [_values(1, 4, 4, size // 16), axes], (1, size // 16), mean)
    joined = schema.ConcatenationOptionsT()
    joined.axis = 1
    constant = Tensor(plain, _INT8, draw.integers(-127, 128, plain), *_IN)
    yield _layer(_OP.CONCATENATION, [_values(*plain), constant], (1, 2 * size), joined, _IN)


def _new_shape(shape: Sequence[int]) -> Any:
    options = schema.ReshapeOptionsT()
    options.newShape = list(shape)
    return options


def _values(*shape: int) -> Tensor:
    return Tensor(shape, _INT8, None, *_IN)


def _weights(draw: Any, shape: Sequence[int], axis: int, channels: int) -> tuple[Tensor, Tensor]:
    """As many near zero as people's networks have, and biases of their scale."""
    drawn = sum(draw.integers(-127, 128, shape) for _ in range(3)) // 3
    scales = draw.uniform(0.5, 1.0, channels) / (127 * np.sqrt(np.prod(shape) / channels))
    bias = Tensor((channels,), _INT32, draw.integers(-900, 900, channels), _IN[0] * scales)
    return Tensor(shape, _INT8, drawn, scales, axis=axis), bias


def _layer(
    code: int,
    inputs: Sequence[Tensor],
    shape: Sequence[int],
    options: Any = None,
    scale: tuple[float, int] = _OUT,
) -> Model:
    output = Tensor(shape, _INT8, None, *scale)
    data = build([inputs[0]], [output], [Op(code, inputs, [output], options)])
    names = {value: name for name, value in vars(_OP).items()}
    shapes = ["x".join(map(str, tensor.shape)) for tensor in (*inputs[:2], output)]
    return Model(f"{names[code]} {' '.join(shapes)}", data)
