"""Our kernels of int16 with weights of int8 against TFLM's reference kernels, value for value."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from int16_library import Int16, Range16, int16_kernels, range16
from kernel_layers import (
    ACTIVATIONS,
    activations,
    convolution_options,
    draw_values,
    draw_weights,
    exhaustive,
    image_shapes,
    in_tflm,
    seeds,
    windows,
)
from kernel_library import (
    Guarded,
    Int8,
    Kernels,
    Window,
    pointer,
    quantize_multiplier,
)
from tflite_models import INT8, INT16, INT64, OP, Tensor, one_op
from tinycnn.tflite.graph import schema

Int64 = npt.NDArray[np.int64]
sizes = st.integers(1, 9)
scales = st.floats(2**-16, 2**-3, width=32)
kernels = int16_kernels


class Factor16(ctypes.Structure):
    _fields_ = [("multiplier", ctypes.c_int16), ("shift", ctypes.c_uint8)]


class Conv16(ctypes.Structure):
    _fields_ = [
        ("window", Window),
        ("in_depth", ctypes.c_uint16),
        ("out_depth", ctypes.c_uint16),
        ("groups", ctypes.c_uint16),
        ("range", Range16),
        ("depthwise", ctypes.c_bool),
        ("factors", ctypes.c_void_p),
    ]


class FullyConnected16(ctypes.Structure):
    _fields_ = [
        ("in_depth", ctypes.c_uint32),
        ("out_depth", ctypes.c_uint32),
        ("range", Range16),
        ("step", ctypes.c_uint8),
        ("factors", ctypes.c_void_p),
    ]


class Sums:
    """Weights, biases and scales of a layer whose largest sum fits, and its outputs nearly."""

    def __init__(
        self, rng: np.random.Generator, shape: Sequence[int], channels: int, scales: int, x: float
    ) -> None:
        self.weights: Int8 = draw_weights(rng, shape)
        self.scales = [float(np.float32(s)) for s in rng.uniform(2**-9, 0.25, scales)]
        most = 1 << int(rng.integers(8, 40))
        self.biases: Int64 = rng.integers(-most, most + 1, channels)
        taps = self.weights.size // channels
        magnitude = float(np.abs(self.biases).max()) + taps * 2.0**22
        # The least scale of an output with which nothing overflows, or some hundred times that.
        least = magnitude * x * max(self.scales) / 2**29
        self.output = float(np.float32(least * 2.0 ** float(rng.uniform(0.1, 16))))
        self.passes = 2**-27 <= self.output <= 2**30 and x * max(self.scales) <= 64 * self.output

    def tensors(self, x: float, axis: int, bias: bool = True) -> list[Tensor]:
        scaled = [s * x for s in self.scales]
        weights = Tensor(self.weights.shape, INT8, self.weights, scale=self.scales, axis=axis)
        biases = Tensor([len(self.biases)], INT64, self.biases, scale=scaled)
        return [weights, biases] if bias else [weights]

    def factors(self, kernels: Kernels, x: float, copies: int) -> ctypes.Array[Factor16]:
        make = kernels.function("int16_factor", Factor16)
        y = float(np.float32(self.output))
        made = [make(*quantize_multiplier(float(np.float32(x)) * s / y)) for s in self.scales]
        return (Factor16 * (len(made) * copies))(*(made * copies))


def unaligned(biases: Int64) -> npt.NDArray[Any]:
    """The same 4 bytes beside a multiple of 8."""
    room = np.zeros(biases.nbytes + 12, np.uint8)
    at = (4 - room.ctypes.data) % 8
    room[at : at + biases.nbytes] = biases.view(np.uint8)
    return room[at : at + biases.nbytes]


def run(kernels: Kernels, name: str, op: Any, x: Int16, of: Sums, bias: bool, shape: Any) -> Int16:
    output, biases = Guarded(shape, np.int16), unaligned(of.biases)
    arrays = (x, of.weights, biases if bias else None, output.array)
    kernels.function(name)(
        ctypes.byref(op),
        ctypes.c_size_t(len(x)),
        *(ctypes.c_void_p(pointer(array)) for array in arrays),
    )
    output.check()
    return output.array


@pytest.mark.parametrize("depthwise", [False, True])
@exhaustive(windows(), st.integers(1, 2), sizes, sizes, st.sampled_from([1, 1, 2, 3]), activations,
            scales, st.booleans(), seeds)  # fmt: skip
def test_convolutions(
    kernels: Kernels,
    depthwise: bool,
    drawn: tuple[Window, bool],
    batches: int,
    inputs: int,
    each: int,
    groups: int,
    activation: int,
    x: float,
    per_channel: bool,
    rng: np.random.Generator,
) -> None:
    """Each of `groups` of as many inputs, or of one that is depthwise, makes `each` outputs."""
    window, same = drawn
    groups, inputs = (groups * inputs, 1) if depthwise else (groups, inputs)
    outputs = each * groups
    shapes = image_shapes(window, batches, inputs * groups, outputs)
    taps = (window.height, window.width)
    shape = (1, *taps, outputs) if depthwise else (outputs, *taps, inputs)
    of = Sums(rng, shape, outputs, outputs if per_channel else 1, x)
    assume(of.passes)
    values = draw_values(rng, shapes[0], np.int16)
    model = one_op(
        OP.DEPTHWISE_CONV_2D if depthwise else OP.CONV_2D,
        [Tensor(shapes[0], INT16, scale=x), *of.tensors(x, 3 if depthwise else 0)],
        Tensor(shapes[1], INT16, scale=of.output),
        convolution_options(window, same, activation, each if depthwise else 0),
        version=3,
    )
    factors = of.factors(kernels, x, 1 if per_channel else outputs)
    limits = range16(activation, of.output)
    op = Conv16(window, inputs, outputs, groups, limits, depthwise, ctypes.addressof(factors))
    found = run(kernels, "int16_conv_2d", op, values, of, True, shapes[1])
    assert (found == in_tflm(model, values)).all()


@exhaustive(st.integers(1, 3), st.integers(1, 600), st.integers(1, 11), activations, scales,
            st.booleans(), st.booleans(), seeds)  # fmt: skip
def test_fully_connected(
    kernels: Kernels,
    batches: int,
    inputs: int,
    outputs: int,
    activation: int,
    x: float,
    per_channel: bool,
    bias: bool,
    rng: np.random.Generator,
) -> None:
    of = Sums(rng, (outputs, inputs), outputs, outputs if per_channel else 1, x)
    assume(of.passes)
    values = draw_values(rng, (batches, inputs), np.int16)
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = activation
    model = one_op(
        OP.FULLY_CONNECTED,
        [Tensor(values.shape, INT16, scale=x), *of.tensors(x, 0, bias)],
        Tensor([batches, outputs], INT16, scale=of.output),
        options,
        version=5,
    )
    factors = of.factors(kernels, x, 1)
    op = FullyConnected16(
        inputs,
        outputs,
        range16(activation, of.output),
        len(of.scales) > 1,
        ctypes.addressof(factors),
    )
    found = run(kernels, "int16_fully_connected", op, values, of, bias, (batches, outputs))
    assert (found == in_tflm(model, values)).all()


def test_sums_go_beyond_32_bits(kernels: Kernels) -> None:
    of = Sums(np.random.default_rng(1), (1, 600), 1, 1, 0.125)
    of.weights[:], of.output = -127, 4096.0
    values = np.full((1, 600), -32768, np.int16)
    model = one_op(
        OP.FULLY_CONNECTED,
        [Tensor(values.shape, INT16, scale=0.125), *of.tensors(0.125, 0)],
        Tensor([1, 1], INT16, scale=of.output),
        schema.FullyConnectedOptionsT(),
        version=5,
    )
    factors = of.factors(kernels, 0.125, 1)
    limits = range16(ACTIVATIONS.NONE, of.output)
    op = FullyConnected16(600, 1, limits, 0, ctypes.addressof(factors))
    found = run(kernels, "int16_fully_connected", op, values, of, True, (1, 1))
    assert (found == in_tflm(model, values)).all()
    assert abs(found[0, 0]) > 1000
