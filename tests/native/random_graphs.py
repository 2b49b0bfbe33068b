"""Graphs of int8 ops of every kind that the native module has, wired and quantized at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from tflite_models import FLOAT32, INT8, INT16, INT32, OP, UINT8, Op, Tensor, build, schema

ENDS = [(), (), (FLOAT32,), (UINT8,), (INT16,), (INT16, FLOAT32)]
"""What becomes of the types at an end, from the int8 inside on."""


def random_graph(seed: int) -> bytes:
    """A model of 1 to 12 ops from one image or row; the same for the same seed."""
    return _Graph(random.Random(seed)).built()


class _Graph:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.numpy = np.random.default_rng(rng.getrandbits(32))
        self.ops: list[Op] = []
        shape = [rng.randint(1, 2), *(rng.randint(1, 9) for _ in range(2)), rng.randint(1, 5)]
        self.inputs = [self.quantized(rng.choice([shape, [shape[0], rng.randint(1, 40)]]))]
        self.values = list(self.inputs)

    def built(self) -> bytes:
        kinds: list[Callable[[Tensor], Tensor | None]] = [
            self.convolution, self.depthwise, self.dense, self.pool, self.pair, self.prelu,
            self.pad, self.concatenation, self.mean, self.softmax, self.logistic, self.line,
            self.reshape, self.requantize,
        ]  # fmt: skip
        for _ in range(self.rng.randint(1, 12)):
            back = min(int(self.rng.expovariate(1 / 2)), len(self.values) - 1)
            made = self.rng.choice(kinds)(self.values[-1 - back])
            if made is not None:
                self.values.append(made)
        if not self.ops:
            self.values.append(self.line(self.values[-1]))
        self.ends()
        read = {id(tensor) for op in self.ops for tensor in op.inputs}
        outputs = [out for op in self.ops for out in op.outputs if id(out) not in read]
        return build(self.inputs, outputs[-4:], self.ops)

    def ends(self) -> None:
        """Sometimes what comes in or goes out is of another type."""
        for kind in self.rng.choice(ENDS):
            last = self.values[-1]
            output = Tensor(last.shape) if kind == FLOAT32 else self.quantized(last.shape, kind)
            code = OP.DEQUANTIZE if kind == FLOAT32 else OP.QUANTIZE
            self.values.append(self.op(code, [last], output))
        for kind in self.rng.choice(ENDS):
            first = self.inputs[0]
            given = Tensor(first.shape) if kind == FLOAT32 else self.quantized(first.shape, kind)
            self.ops.insert(0, Op(OP.QUANTIZE, [given], [first]))
            self.inputs = [given]

    def quantized(self, shape: list[int], kind: int = INT8) -> Tensor:
        zero = {INT8: self.rng.randint(-128, 127), UINT8: self.rng.randint(0, 255)}.get(kind, 0)
        return Tensor(shape, kind, scale=10 ** self.rng.uniform(-3, 0), zero_point=zero)

    def like(self, x: Tensor, shape: list[int]) -> Tensor:
        return Tensor(shape, x.type, scale=x.scale, zero_point=x.zero_point)

    def op(
        self, code: int, inputs: list[Any], output: Tensor, options: Any = None, version: int = 1
    ) -> Tensor:
        self.ops.append(Op(code, inputs, [output], options, version))
        return output

    def activation(self) -> int:
        return self.rng.choice([0, 0, 1, 2, 3])

    def weights(
        self, shape: list[int], channels: int, axis: int, x: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Of so many channels along `axis`, with a scale for each, and biases."""
        scales = (10 ** self.numpy.uniform(-3, -1, channels)).astype(np.float32)
        values = self.numpy.integers(-127, 128, shape)
        made = Tensor(shape, INT8, values, scale=scales.tolist(), axis=axis)
        biases = self.numpy.integers(-20000, 20001, channels)
        return made, Tensor([channels], INT32, biases)

    def window(self, options: Any, x: Tensor, height: int, width: int) -> tuple[int, int] | None:
        same = self.rng.random() < 0.5
        options.padding = schema.Padding.SAME if same else schema.Padding.VALID
        options.strideH, options.strideW = self.rng.randint(1, 3), self.rng.randint(1, 3)
        sides = []
        for side, size, stride in zip(
            x.shape[1:3], (height, width), (options.strideH, options.strideW), strict=True
        ):
            sides.append(-(-side // stride) if same else (side - size) // stride + 1)
        return (sides[0], sides[1]) if min(sides) > 0 else None

    def dilated(self, options: Any, height: int, width: int) -> tuple[int, int]:
        options.dilationHFactor, options.dilationWFactor = self.rng.choice(
            [(1, 1), (1, 1), (2, 1), (2, 3)]
        )
        return (height - 1) * options.dilationHFactor + 1, (
            width - 1
        ) * options.dilationWFactor + 1

    def convolution(self, x: Tensor) -> Tensor | None:
        if len(x.shape) != 4:
            return None
        height, width, outputs = (
            self.rng.randint(1, 4),
            self.rng.randint(1, 4),
            self.rng.randint(1, 9),
        )
        options = schema.Conv2DOptionsT()
        options.fusedActivationFunction = self.activation()
        sides = self.window(options, x, *self.dilated(options, height, width))
        if sides is None:
            return None
        weights, biases = self.weights([outputs, height, width, x.shape[3]], outputs, 0, x)
        return self.op(
            OP.CONV_2D,
            [x, weights, biases],
            self.quantized([x.shape[0], *sides, outputs]),
            options,
            3,
        )

    def depthwise(self, x: Tensor) -> Tensor | None:
        if len(x.shape) != 4:
            return None
        height, width, multiplier = (
            self.rng.randint(1, 4),
            self.rng.randint(1, 4),
            self.rng.randint(1, 2),
        )
        options = schema.DepthwiseConv2DOptionsT()
        options.depthMultiplier = multiplier
        options.fusedActivationFunction = self.activation()
        sides = self.window(options, x, *self.dilated(options, height, width))
        if sides is None:
            return None
        outputs = multiplier * x.shape[3]
        weights, biases = self.weights([1, height, width, outputs], outputs, 3, x)
        return self.op(
            OP.DEPTHWISE_CONV_2D,
            [x, weights, biases],
            self.quantized([x.shape[0], *sides, outputs]),
            options,
            3,
        )

    def dense(self, x: Tensor) -> Tensor:
        depth, units = int(np.prod(x.shape[1:])), self.rng.randint(1, 12)
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = self.activation()
        scale = 10 ** self.rng.uniform(-3, -1)
        weights = Tensor(
            [units, depth], INT8, self.numpy.integers(-127, 128, [units, depth]), scale=scale
        )
        assert isinstance(x.scale, float)
        products = float(np.float32(x.scale) * np.float32(scale))
        bias = Tensor([units], INT32, self.numpy.integers(-20000, 20001, units), scale=products)
        inputs = [x, weights, self.rng.choice([bias, bias, None])]
        return self.op(OP.FULLY_CONNECTED, inputs, self.quantized([x.shape[0], units]), options, 4)

    def pool(self, x: Tensor) -> Tensor | None:
        if len(x.shape) != 4:
            return None
        options = schema.Pool2DOptionsT()
        options.filterHeight, options.filterWidth = self.rng.randint(1, 3), self.rng.randint(1, 3)
        options.fusedActivationFunction = self.activation()
        sides = self.window(options, x, options.filterHeight, options.filterWidth)
        if sides is None:
            return None
        code = self.rng.choice([OP.MAX_POOL_2D, OP.AVERAGE_POOL_2D])
        return self.op(code, [x], self.like(x, [x.shape[0], *sides, x.shape[3]]), options, 2)

    def second(self, x: Tensor) -> Tensor:
        """An operand for x: a value of its shape, or a constant that is stretched."""
        alike = [each for each in self.values if each.shape == x.shape]
        if self.rng.random() < 0.6:
            return self.rng.choice(alike)
        shape = [side if self.rng.random() < 0.5 else 1 for side in x.shape][
            self.rng.randint(0, len(x.shape) - 1) :
        ]
        made = self.quantized(shape)
        made.data = self.numpy.integers(-128, 128, shape)
        return made

    def pair(self, x: Tensor) -> Tensor:
        code, options = self.rng.choice(
            [
                (OP.ADD, schema.AddOptionsT()),
                (OP.SUB, schema.SubOptionsT()),
                (OP.MUL, schema.MulOptionsT()),
            ]
        )
        options.fusedActivationFunction = self.activation()
        return self.op(code, [x, self.second(x)], self.quantized(x.shape), options, 2)

    def prelu(self, x: Tensor) -> Tensor:
        alpha = self.quantized([1] * (len(x.shape) - 2) + x.shape[-1:])
        alpha.data = self.numpy.integers(-128, 128, alpha.shape)
        return self.op(OP.PRELU, [x, alpha], self.quantized(x.shape))

    def pad(self, x: Tensor) -> Tensor:
        pads = [[0, 0], *([self.rng.randint(0, 2), self.rng.randint(0, 2)] for _ in x.shape[1:])]
        shape = [side + sum(pad) for side, pad in zip(x.shape, pads, strict=True)]
        inputs = [x, Tensor([len(shape), 2], INT32, pads)]
        if self.rng.random() < 0.5:
            return self.op(OP.PAD, inputs, self.like(x, shape), schema.PadOptionsT(), 2)
        value = self.like(x, [])
        value.data = self.rng.randint(-128, 127)
        return self.op(OP.PADV2, [*inputs, value], self.like(x, shape), schema.PadV2OptionsT(), 2)

    def concatenation(self, x: Tensor) -> Tensor:
        axis = self.rng.randrange(1, len(x.shape))

        def fits(other: Tensor) -> bool:
            quantized = (other.scale, other.zero_point) == (x.scale, x.zero_point)
            sides = len(other.shape) == len(x.shape) and all(
                a == b
                for i, (a, b) in enumerate(zip(other.shape, x.shape, strict=True))
                if i != axis
            )
            return quantized and sides

        chosen = [
            self.rng.choice([each for each in self.values if fits(each)])
            for _ in range(self.rng.randint(2, 4))
        ]
        options = schema.ConcatenationOptionsT()
        options.axis = self.rng.choice([axis, axis - len(x.shape)])
        shape = list(x.shape)
        shape[axis] = sum(each.shape[axis] for each in chosen)
        if shape[axis] > 60:
            return self.line(x)
        return self.op(OP.CONCATENATION, chosen, self.like(x, shape), options, 2)

    def mean(self, x: Tensor) -> Tensor:
        options = schema.ReducerOptionsT()
        options.keepDims = self.rng.random() < 0.5 or len(x.shape) == 2
        axes = sorted(
            self.rng.sample(range(1, len(x.shape)), self.rng.randint(1, len(x.shape) - 1))
        )
        if not options.keepDims:
            axes = [1, 2]
        shape = [1 if i in axes else side for i, side in enumerate(x.shape)]
        kept = shape if options.keepDims else [x.shape[0], x.shape[3]]
        given = [axis - len(x.shape) if self.rng.random() < 0.3 else axis for axis in axes]
        return self.op(
            OP.MEAN, [x, Tensor([len(axes)], INT32, given)], self.quantized(kept), options, 2
        )

    def softmax(self, x: Tensor) -> Tensor:
        options = schema.SoftmaxOptionsT()
        options.beta = self.rng.choice([1.0, 1.0, 0.3, 2.5])
        return self.op(
            OP.SOFTMAX, [x], Tensor(x.shape, INT8, scale=1 / 256, zero_point=-128), options, 2
        )

    def logistic(self, x: Tensor) -> Tensor:
        return self.op(
            OP.LOGISTIC, [x], Tensor(x.shape, INT8, scale=1 / 256, zero_point=-128), None, 2
        )

    def line(self, x: Tensor) -> Tensor:
        code = self.rng.choice([OP.RELU, OP.RELU6, OP.LEAKY_RELU])
        if code == OP.RELU6:
            return self.op(code, [x], self.like(x, x.shape), None, 2)
        options = None
        if code == OP.LEAKY_RELU:
            options = schema.LeakyReluOptionsT()
            options.alpha = self.rng.choice([0.0, 0.1, 0.3, 1.5])
        return self.op(code, [x], self.quantized(x.shape), options, 2)

    def reshape(self, x: Tensor) -> Tensor:
        shape = [x.shape[0], int(np.prod(x.shape[1:]))]
        return self.op(
            OP.RESHAPE,
            [x, Tensor([2], INT32, shape)],
            self.like(x, shape),
            schema.ReshapeOptionsT(),
        )

    def requantize(self, x: Tensor) -> Tensor:
        return self.op(OP.QUANTIZE, [x], self.quantized(x.shape), None, 2)
