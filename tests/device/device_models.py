"""The small models that device scripts find in their flash, by hand.

Their scales, shapes and names are known, so that scripts can print values.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))

from tflite_models import (
    FLOAT32,
    INT8,
    INT16,
    INT32,
    INT64,
    OP,
    UINT8,
    Tensor,
    edited,
    one_op,
    schema,
)

# Letter as in `array`: (type, scale, zero point).
ECHOES: dict[str, tuple[int, float | None, int]] = {
    "b": (INT8, 0.5, -3),
    "B": (UINT8, 0.25, 128),
    "h": (INT16, 0.125, 0),
    "i": (INT32, None, 0),
    "I": (schema.TensorType.UINT32, None, 0),
    "q": (INT64, None, 0),
    "f": (FLOAT32, None, 0),
}


def named(data: bytes, names: Sequence[bytes]) -> bytes:
    """The model with these names for its tensors, in their order."""

    def rename(model: Any) -> None:
        for tensor, name in zip(model.subgraphs[0].tensors, names, strict=True):
            tensor.name = name

    return edited(data, rename)


def echo(type_: int, scale: float | None = None, zero_point: int = 0, size: int = 8) -> bytes:
    """RESHAPE from (1, size) to (size,): the output's bytes are the input's."""
    source = Tensor([1, size], type_, scale=scale, zero_point=zero_point)
    target = Tensor([size], type_, scale=scale, zero_point=zero_point)
    return named(one_op(OP.RESHAPE, [source], target), [b"ask", b"answer"])


def int8(*shape: int) -> Tensor:
    """A tensor that every target has all ops for. Its values are halves."""
    return Tensor(shape, INT8, scale=0.5)


def add() -> bytes:
    """int8 (2, 3): left + right, which is given out twice; `same` by a RESHAPE to (6,)."""
    options = schema.AddOptionsT()
    model = one_op(OP.ADD, [int8(2, 3), int8(2, 3)], int8(2, 3), options)

    def give_twice(model: Any) -> None:
        graph = model.subgraphs[0]
        graph.tensors.append(int8(6).pack(model))
        code, node = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = OP.RESHAPE
        code.version = 1
        node.opcodeIndex, node.inputs, node.outputs = 1, [2], [3]
        model.operatorCodes.append(code)
        graph.operators.append(node)
        graph.outputs = [2, 3]

    return named(edited(model, give_twice), [b"left", b"right", b"sum", b"same"])


def constant_output() -> bytes:
    """int8 (4,): RELU of the input, and a constant of the model."""

    def give_constant(model: Any) -> None:
        graph = model.subgraphs[0]
        graph.tensors.append(Tensor([4], INT8, [1, 2, 3, 4], scale=0.5).pack(model))
        graph.outputs = [1, 2]

    model = edited(one_op(OP.RELU, [int8(4)], int8(4)), give_constant)
    return named(model, [b"x", b"relu", b"constant"])


def through() -> bytes:
    """float (4,): an input that is an output too, and a RESHAPE of it."""

    def give_input(model: Any) -> None:
        model.subgraphs[0].outputs = [0, 1]

    model = one_op(OP.RESHAPE, [Tensor([4])], Tensor([4]))
    return named(edited(model, give_input), [b"x", b"same"])


def many_inputs(count: int = 300) -> bytes:
    """float (1,): RESHAPE of the last of so many inputs; nothing uses the others."""

    def add_inputs(model: Any) -> None:
        graph = model.subgraphs[0]
        graph.tensors += [Tensor([1]).pack(model) for _ in range(count - 1)]
        graph.inputs = [*range(2, count + 1), 0]

    return edited(one_op(OP.RESHAPE, [Tensor([1])], Tensor([1])), add_inputs)


def per_channel() -> bytes:
    """int8 (2, 3) by RESHAPE to (6,): the input has a scale for each of its three columns."""

    def quantize(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors[:1]:
            tensor.quantization.scale = np.array([0.5, 1.0, 2.0], np.float32)
            tensor.quantization.zeroPoint = np.array([0, 0, 0], np.int64)
            tensor.quantization.quantizedDimension = 1

    source = Tensor([2, 3], INT8, scale=0.5)
    return edited(one_op(OP.RESHAPE, [source], Tensor([6], INT8, scale=0.5)), quantize)


def refused() -> bytes:
    """PADV2 with a value of another zero point: valid, and refused by TFLM in its own words."""
    inputs = [
        Tensor([1, 4], INT8, scale=0.5, zero_point=3),
        Tensor([2, 2], INT32, [[0, 0], [1, 1]]),
        Tensor([1], INT8, [1], scale=0.5, zero_point=7),
    ]
    return one_op(OP.PADV2, inputs, Tensor([1, 6], INT8, scale=0.5, zero_point=3), version=2)


def unused_code() -> bytes:
    """RELU, and an operator code that no op uses and no firmware has."""

    def add_code(model: Any) -> None:
        code = schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode = OP.SIGN, 127
        code.version = 1
        model.operatorCodes.append(code)

    return edited(one_op(OP.RELU, [int8(4)], int8(4)), add_code)


def metadata() -> bytes:
    """RELU, and entries of metadata: one twice, one empty, one whose buffer is not there."""

    def add_entries(model: Any) -> None:
        model.metadata = []
        for name, raw in ((b"one", b"\x00first"), (b"one", b"again"), (b"empty", b"")):
            entry, buffer = schema.MetadataT(), schema.BufferT()
            buffer.data = np.frombuffer(raw, np.uint8)
            entry.name, entry.buffer = name, len(model.buffers)
            model.buffers.append(buffer)
            model.metadata.append(entry)
        lost = schema.MetadataT()
        lost.name, lost.buffer = b"lost", 1000
        model.metadata += [lost, schema.MetadataT()]

    return edited(one_op(OP.RELU, [int8(4)], int8(4)), add_entries)


def float_ends(model: bytes) -> bytes:
    """The int8 `model`, with an op before it and one behind that make its ends float32."""

    def wrap(model: Any) -> None:
        graph = model.subgraphs[0]
        for ends, code in (("inputs", OP.QUANTIZE), ("outputs", OP.DEQUANTIZE)):
            op = schema.OperatorCodeT()
            op.builtinCode = op.deprecatedBuiltinCode = code
            op.version = 2
            node = schema.OperatorT()
            node.opcodeIndex = len(model.operatorCodes)
            model.operatorCodes.append(op)
            inner, outer = getattr(graph, ends)[0], len(graph.tensors)
            graph.tensors.append(Tensor(graph.tensors[inner].shape).pack(model))
            graph.tensors[outer].name = graph.tensors[inner].name
            first = code == OP.QUANTIZE
            node.inputs, node.outputs = ([outer], [inner]) if first else ([inner], [outer])
            graph.operators.insert(0 if first else len(graph.operators), node)
            setattr(graph, ends, [outer])

    return edited(model, wrap)


def unknown_op() -> bytes:
    """An op that no profile has."""
    return one_op(OP.SIGN, [Tensor([4])], Tensor([4]))


def newer_op() -> bytes:
    """A version of a known op that nobody has yet."""
    return one_op(OP.RELU, [int8(4)], int8(4), version=99)


def custom_op() -> bytes:
    """An op of the user's own."""

    def name(model: Any) -> None:
        model.operatorCodes[0].customCode = b"MyOp"

    return edited(one_op(OP.CUSTOM, [Tensor([4])], Tensor([4])), name)


def _beta_of_1() -> Any:
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    return options


def slow(side: int = 16, depth: int = 16, window: int = 9) -> bytes:
    """One int8 convolution that takes long: side^2 * depth^2 * window^2 multiplications."""
    image = Tensor([1, side, side, depth], INT8, scale=1.0)
    weights = np.random.default_rng(4).integers(-127, 128, (depth, window, window, depth))
    options = schema.Conv2DOptionsT()
    options.strideW = options.strideH = 1
    out = Tensor([1, side, side, depth], INT8, scale=4096.0)
    inputs = [
        image,
        Tensor(weights.shape, INT8, weights, scale=1.0),
        Tensor([depth], INT32, np.zeros(depth), scale=1.0),
    ]
    return one_op(OP.CONV_2D, inputs, out, options, version=3)


def device_models() -> dict[str, bytes]:
    """File names in the flash, and what is in them."""
    made = {f"echo_{letter}.tflite": echo(*spec) for letter, spec in ECHOES.items()}
    # On a file system that knows no case these would be one file.
    made["echo_u8.tflite"] = made.pop("echo_B.tflite")
    made["echo_u32.tflite"] = made.pop("echo_I.tflite")
    made["add.tflite"] = add()
    made["slow.tflite"] = slow()
    made["packed.tflite"] = slow(side=24, depth=8, window=3)
    made["tall.tflite"] = one_op(
        OP.SOFTMAX,
        [Tensor([4000, 1], INT8, scale=1.0)],
        Tensor([4000, 1], INT8, scale=1 / 256, zero_point=-128),
        _beta_of_1(),
    )
    made["constant.tflite"] = constant_output()
    made["through.tflite"] = through()
    made["many_inputs.tflite"] = many_inputs()
    made["per_channel.tflite"] = per_channel()
    made["unused_code.tflite"] = unused_code()
    made["metadata.tflite"] = metadata()
    made["refused.tflite"] = refused()
    made["echo_u64.tflite"] = echo(schema.TensorType.UINT64)
    made["unknown_op.tflite"] = unknown_op()
    made["newer_op.tflite"] = newer_op()
    made["custom_op.tflite"] = custom_op()
    return made
