"""Layers of one int8 op, drawn at random: a .tflite for TFLM's kernel, and the same for ours.

KERNEL_CASES=2000 in the environment draws more layers for each than the suite has time for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_library import Int8, Int32, Range, Window
from tflite_models import INT8, INT32, OP, Tensor, one_op
from thorough import cases
from tinycnn.tflite.graph import schema

ACTIVATIONS = schema.ActivationFunctionType
_LIMITS = {ACTIVATIONS.RELU: (0.0, None), ACTIVATIONS.RELU_N1_TO_1: (-1.0, 1.0),
           ACTIVATIONS.RELU6: (0.0, 6.0)}  # fmt: skip
CASES = int(os.environ.get("KERNEL_CASES", cases(400)))
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
activations = st.sampled_from([ACTIVATIONS.NONE, *_LIMITS])
zero_points = st.integers(-128, 127) | st.sampled_from([-128, 0, 127])
scales = st.floats(2**-8, 2.0, width=32)


def exhaustive(*drawn: st.SearchStrategy[object]) -> Callable[..., object]:
    def wrap(test: Callable[..., None]) -> object:
        return settings(max_examples=CASES, deadline=None)(given(*drawn)(test))

    return wrap


def range_of(
    activation: int, scale: float, zero_point: int, dtype: type[np.signedinteger[Any]]
) -> list[int]:
    """CalculateActivationRangeQuantized() of tensorflow/lite/kernels/kernel_util.cc."""
    least, most = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    ends = [least, most]
    for i, limit in enumerate(_LIMITS.get(activation, (None, None))):
        if limit is not None:
            q = np.float32(limit) / np.float32(scale)
            rounded = int(np.floor(np.abs(q) + np.float32(0.5)) * np.sign(q))
            ends[i] = min(max(zero_point + rounded, least), most)
    return ends


@dataclass(frozen=True)
class Quantized:
    """Scale and zero point of a tensor."""

    scale: float
    zero_point: int

    def range(self, activation: int) -> Range:
        return Range(self.zero_point, *range_of(activation, self.scale, self.zero_point, np.int8))


quantized = st.builds(Quantized, scales, zero_points)


def draw_values(
    rng: np.random.Generator, shape: Sequence[int], dtype: type[np.signedinteger[Any]] = np.int8
) -> npt.NDArray[Any]:
    """Any of a type, of few sizes or of the two extremes."""
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    kind = rng.integers(4)
    if kind == 0:
        return rng.choice(np.array([least, most], dtype), shape)
    if kind == 1:
        return np.clip(np.rint(rng.normal(0, most / 3, shape)), least, most).astype(dtype)
    return rng.integers(least, most, shape, endpoint=True).astype(dtype)


def draw_weights(rng: np.random.Generator, shape: Sequence[int]) -> Int8:
    """As a converter makes them, down to -127; rarely with the -128 that it never writes."""
    weights = draw_values(rng, shape)
    return weights if rng.integers(8) == 0 else np.maximum(weights, -127)


@st.composite
def windows(draw: st.DrawFn, dilated: bool = True) -> tuple[Window, bool]:
    """Where a window may lie, and whether it is padded SAME."""
    window = Window()
    window.height, window.width = draw(
        st.tuples(st.integers(1, 6), st.integers(1, 6)) | st.sampled_from([(1, 1), (3, 3)])
    )
    window.stride_height, window.stride_width = draw(
        st.tuples(st.integers(1, 4), st.integers(1, 4)) | st.sampled_from([(1, 1), (2, 2)])
    )
    dilation = st.integers(1, 3) if dilated and draw(st.integers(0, 3)) == 0 else st.just(1)
    window.dilation_height, window.dilation_width = draw(dilation), draw(dilation)
    same = draw(st.booleans())
    for side in ("height", "width"):
        size = getattr(window, side)
        stride = getattr(window, f"stride_{side}")
        span = (size - 1) * getattr(window, f"dilation_{side}") + 1
        inputs = draw(st.integers(1 if same else span, span + 9))
        outputs = -(-inputs // stride) if same else (inputs - span) // stride + 1
        setattr(window, f"in_{side}", inputs)
        setattr(window, f"out_{side}", outputs)
        before = max(0, (outputs - 1) * stride + span - inputs) // 2
        setattr(window, "pad_top" if side == "height" else "pad_left", before)
    return window, same


def _options(kind: Any, window: Window, same: bool, activation: int) -> Any:
    options = kind()
    options.padding = schema.Padding.SAME if same else schema.Padding.VALID
    options.strideW, options.strideH = window.stride_width, window.stride_height
    options.fusedActivationFunction = activation
    if hasattr(options, "dilationWFactor"):
        options.dilationWFactor = window.dilation_width
        options.dilationHFactor = window.dilation_height
    else:
        options.filterWidth, options.filterHeight = window.width, window.height
    return options


def image_shapes(window: Window, batches: int, depth: int, outputs: int) -> list[list[int]]:
    """Of input and output."""
    return [
        [batches, window.in_height, window.in_width, depth],
        [batches, window.out_height, window.out_width, outputs],
    ]


@dataclass(frozen=True)
class Weighted:
    """Weights, biases and how they are quantized."""

    weights: Int8
    scales: list[float]
    biases: Int32


def draw_weighted(
    rng: np.random.Generator, shape: Sequence[int], channels: int, per_channel: bool, x: float
) -> Weighted:
    count = channels if per_channel else 1
    found = [float(np.float32(s)) for s in rng.uniform(2**-9, 0.25, count)]
    biases = rng.integers(-20000, 20001, channels).astype(np.int32)
    return Weighted(draw_weights(rng, shape), found, biases)


def convolution_options(window: Window, same: bool, activation: int, multiplier: int = 0) -> Any:
    """Of a CONV_2D, or with a multiplier of a DEPTHWISE_CONV_2D."""
    kind = schema.DepthwiseConv2DOptionsT if multiplier else schema.Conv2DOptionsT
    options = _options(kind, window, same, activation)
    if multiplier:
        options.depthMultiplier = multiplier
    return options


def convolution_model(
    shapes: list[list[int]],
    window: Window,
    same: bool,
    activation: int,
    x: Quantized,
    y: Quantized,
    of: Weighted,
    multiplier: int = 0,
) -> bytes:
    """A model of one CONV_2D, or with a multiplier of one DEPTHWISE_CONV_2D."""
    options = convolution_options(window, same, activation, multiplier)
    axis = 3 if multiplier else 0
    return one_op(
        OP.DEPTHWISE_CONV_2D if multiplier else OP.CONV_2D,
        [
            Tensor(shapes[0], INT8, scale=x.scale, zero_point=x.zero_point),
            Tensor(of.weights.shape, INT8, of.weights, scale=of.scales, axis=axis),
            Tensor([len(of.biases)], INT32, of.biases, scale=[s * x.scale for s in of.scales]),
        ],
        Tensor(shapes[1], INT8, scale=y.scale, zero_point=y.zero_point),
        options,
        version=3,
    )


def fully_connected_model(
    x_shape: Sequence[int], activation: int, x: Quantized, y: Quantized, of: Weighted, bias: bool
) -> bytes:
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = activation
    inputs = [
        Tensor(x_shape, INT8, scale=x.scale, zero_point=x.zero_point),
        Tensor(of.weights.shape, INT8, of.weights, scale=of.scales),
    ]
    if bias:
        scaled = [s * x.scale for s in of.scales]
        inputs.append(Tensor([len(of.biases)], INT32, of.biases, scale=scaled))
    output = Tensor([x_shape[0], len(of.biases)], INT8, scale=y.scale, zero_point=y.zero_point)
    return one_op(OP.FULLY_CONNECTED, inputs, output, options, version=5)


def pool_model(
    code: int, shapes: list[list[int]], window: Window, same: bool, activation: int, x: Quantized
) -> bytes:
    options = _options(schema.Pool2DOptionsT, window, same, activation)
    tensors = [Tensor(s, INT8, scale=x.scale, zero_point=x.zero_point) for s in shapes]
    return one_op(code, tensors[:1], tensors[1], options, version=2)


def in_tflm(model: bytes, *inputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What TFLM's reference kernels make of the inputs."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 20)
    for i, x in enumerate(inputs):
        interpreter.set_input(x, i)
    interpreter.invoke()
    found: npt.NDArray[Any] = np.array(interpreter.get_output(0))
    return found
