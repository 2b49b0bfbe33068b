"""Networks of many small ops, wired at random: what a memory planner finds hard."""

from __future__ import annotations

import random
from typing import Any

from tflite_models import INT8, INT32, OP, Tensor, packed, schema


class _Network:
    """One being built: float or int8, all of shape (1, n)."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.quantized = bool(seed % 2)
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.buffers = 3, [schema.BufferT()]
        self.model.operatorCodes, self.model.subgraphs = [], [self.graph]
        self.graph.tensors, self.graph.operators = [], []
        self.values: list[tuple[int, int]] = []  # (index, n) of each tensor with values

    def tensor(self, n: int) -> int:
        made = Tensor([1, n], INT8, scale=0.5, zero_point=3) if self.quantized else Tensor([1, n])
        self.values.append((self.constant(made), n))
        return self.values[-1][0]

    def constant(self, made: Tensor) -> int:
        self.graph.tensors.append(made.pack(self.model))
        return len(self.graph.tensors) - 1

    def op(self, code: int, inputs: list[int], n: int, options: Any = None) -> None:
        codes = [entry.builtinCode for entry in self.model.operatorCodes]
        if code not in codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, code, 1
            self.model.operatorCodes.append(entry)
            codes.append(code)
        node = schema.OperatorT()
        node.opcodeIndex, node.inputs, node.outputs = codes.index(code), inputs, [self.tensor(n)]
        if options is not None:
            name = type(options).__name__.removesuffix("T")
            node.builtinOptionsType = getattr(schema.BuiltinOptions, name)
            node.builtinOptions = options
        self.graph.operators.append(node)

    def pick(self) -> tuple[int, int]:
        """Any value, recent ones more often."""
        back = min(int(self.random.expovariate(1 / 3)), len(self.values) - 1)
        return self.values[-1 - back]


def random_network(seed: int) -> bytes:
    """A model of 1 to 60 ops; int8 if `seed` is odd. The same for the same seed."""
    net = _Network(seed)
    draw = net.random.randrange
    net.graph.inputs = [net.tensor(draw(1, 200)) for _ in range(draw(1, 4))]
    for _ in range(draw(1, 61)):
        (a, n), (b, m) = net.pick(), net.pick()
        kind = draw(0, 5)
        if kind == 0 and n + m < 400:
            options = schema.ConcatenationOptionsT()
            options.axis = 1
            net.op(OP.CONCATENATION, [a, b], n + m, options)
        elif kind == 1 and (n == m or 1 in (n, m)):
            net.op(OP.ADD, [a, b], max(n, m), schema.AddOptionsT())
        elif kind == 2 and n > 1:
            options = schema.ReducerOptionsT()
            options.keepDims = True
            net.op(OP.MEAN, [a, net.constant(Tensor([1], INT32, [1]))], 1, options)
        elif kind == 3 and n < 200:
            pads = Tensor([2, 2], INT32, [[0, 0], [1, draw(0, 90)]])
            net.op(OP.PAD, [a, net.constant(pads)], n + 1 + int(pads.data[1][1]))
        else:
            net.op(OP.RELU, [a], n)
    outputs = {index for node in net.graph.operators for index in node.outputs}
    used = {index for node in net.graph.operators for index in node.inputs}
    net.graph.outputs = sorted(outputs - used)[: 1 + draw(0, 3)]
    return packed(net.model)
