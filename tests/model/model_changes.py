"""Changes of a model of the corpus, one for each way in which it is broken.

A change names fields of the schema: `y(shape=[4])` of the output of op 0, `x1(...)` of its second
input, `options(...)` of its options. A function in the place of a value is given the old one.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np

from tflite_models import edited, schema

Change = Callable[[Any], object]
Row = tuple[str, Change | tuple[Change, ...], str]


def ops(m: Any) -> Any:
    return m.subgraphs[0].operators


def tensors(m: Any) -> Any:
    return m.subgraphs[0].tensors


def put(obj: Any, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        assert hasattr(obj, name), name
        setattr(obj, name, value(getattr(obj, name)) if callable(value) else value)


def changes(find: Callable[[Any], Any]) -> Callable[..., Change]:
    """Makes changes of the fields of what `find` finds in a model."""
    return lambda **fields: lambda m: put(find(m), fields)


model = changes(lambda m: m)
graph = changes(lambda m: m.subgraphs[0])
op = changes(lambda m: ops(m)[0])
options = changes(lambda m: ops(m)[0].builtinOptions)
code = changes(lambda m: m.operatorCodes[0])


def tensor_changes(find: Callable[[Any], list[Any]]) -> Callable[..., Change]:
    """Makes changes of tensors: of their fields, or those of their quantization or buffer.

    Besides, `data` is what the buffer is to hold, numbers of the type `dtype`; `scale`, one or
    several, comes with its zero points, 0 if none are given, along the dimension `dim`.
    """

    def made(
        data: Any = None,
        scale: Any = None,
        zero: Any = None,
        dim: int = 0,
        dtype: Any = np.int32,
        **fields: Any,
    ) -> Change:
        def change(m: Any) -> None:
            for tensor in find(m):
                buffer = m.buffers[tensor.buffer]
                for name, value in fields.items():
                    places = (tensor, tensor.quantization, buffer)
                    put(next(each for each in places if hasattr(each, name)), {name: value})
                if data is not None:
                    buffer.data = np.frombuffer(np.asarray(data, dtype).tobytes(), np.uint8)
                if scale is not None:
                    found = tensor.quantization or schema.QuantizationParametersT()
                    tensor.quantization = found
                    found.scale = np.array(scale, np.float32, ndmin=1)
                    none = np.zeros(found.scale.size)
                    found.zeroPoint = np.array(none if zero is None else zero, np.int64, ndmin=1)
                    found.quantizedDimension = dim

        return change

    return made


def source(number: int) -> Callable[..., Change]:
    return tensor_changes(lambda m: [tensors(m)[ops(m)[0].inputs[number]]])


x0, x1, x2, x3 = map(source, range(4))
y = tensor_changes(lambda m: [tensors(m)[ops(m)[0].outputs[0]]])
every = tensor_changes(tensors)


def op_code(number: int, **fields: Any) -> Change:
    """Op 0 is said to be another, in both fields that tell."""
    return code(builtinCode=number, deprecatedBuiltinCode=min(number, 127), **fields)


def computed(number: int) -> Change:
    """A constant input of op 0 becomes an input of the model."""

    def change(m: Any) -> None:
        index = ops(m)[0].inputs[number]
        tensors(m)[index].buffer = 0
        graph(inputs=lambda old: [*old, index])(m)

    return change


def offline_plan() -> list[Any]:
    entry = schema.MetadataT()
    entry.name, entry.buffer = b"OfflineMemoryAllocation", 0
    return [entry]


def half(tensor: Any) -> Any:
    """A float16 tensor like `tensor`."""
    made = deepcopy(tensor)
    made.type = schema.TensorType.FLOAT16
    return made


def resized(height: int, width: int, old: int) -> tuple[Change, ...]:
    """The resize op's input is old x old, its output height x width."""
    to = [height, width]
    return x0(shape=[1, old, old, 3]), y(shape=[1, *to, 3]), x1(data=to)


def rows_of(groups: dict[str, list[Row]]) -> list[Row]:
    """All of them, with their whole messages."""
    return [
        (base, change, start + end) for start, rows in groups.items() for base, change, end in rows
    ]


def broken(data: bytes, change: Change | tuple[Change, ...]) -> bytes:
    """The model `data` after the change or changes."""
    each = change if isinstance(change, tuple) else (change,)
    return edited(data, lambda m: [make(m) for make in each])
