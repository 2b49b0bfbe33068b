"""The engine of native modules, compiled for this machine, run from Python."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from tinycnn.tflite.graph import read_graph
from tinycnn.tflite.native import NativeModel


class Engine(NativeModel):
    """One model in it."""

    def __init__(self, model: bytes) -> None:
        super().__init__(model)
        graph = read_graph(model)
        self.inputs = [(i, graph.tensors[i]) for i in graph.inputs]
        self.outputs = [(i, graph.tensors[i]) for i in graph.outputs]

    def run(self, values: Sequence[bytes]) -> list[bytes]:
        """The outputs of one run."""
        for (index, _), value in zip(self.inputs, values, strict=True):
            ctypes.memmove(self.data(index), value, len(value))
        message = ctypes.create_string_buffer(160)
        assert self.library.tflm_engine_invoke(self.state, message) == 0, message.value
        return [ctypes.string_at(self.data(index), tensor.bytes) for index, tensor in self.outputs]

    def data(self, index: int) -> int:
        found = self.library.tflm_engine_data(self.state, ctypes.c_size_t(index))
        assert found is not None
        return int(found)

    def move(self, index: int) -> ctypes.Array[ctypes.c_char]:
        """Give tensor `index` memory of its own, as Python's looking at it does."""
        tensor = dict([*self.inputs, *self.outputs])[index]
        block = ctypes.create_string_buffer(tensor.bytes)
        self.library.tflm_engine_set_data(self.state, ctypes.c_size_t(index), block)
        return block
