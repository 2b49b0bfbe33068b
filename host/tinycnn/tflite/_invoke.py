"""Child process: run a .tflite on examples, one at a time, in LiteRT or in TFLM."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tinycnn.child import answering
from tinycnn.tflite._probe import MEMORY, litert
from tinycnn.tflite.graph import has_variables

Raw = npt.NDArray[Any]


class _Interpreter(Protocol):
    def set(self, example: Sequence[Raw]) -> None:
        """Give each input its values, and variables what they begin with."""

    def invoke(self) -> None: ...
    def get(self) -> list[Raw]: ...


class _LiteRT:
    def __init__(self, model: bytes, reference: bool) -> None:
        self._lite = litert(model, reference=reference)
        self._inputs = [each["index"] for each in self._lite.get_input_details()]
        self._outputs = [each["index"] for each in self._lite.get_output_details()]

    def set(self, example: Sequence[Raw]) -> None:
        self._lite.reset_all_variables()
        for index, values in zip(self._inputs, example, strict=True):
            self._lite.set_tensor(index, values)

    def invoke(self) -> None:
        self._lite.invoke()

    def get(self) -> list[Raw]:
        return [np.array(self._lite.get_tensor(index)) for index in self._outputs]


class _TFLM:
    def __init__(self, model: bytes, arena: int, outputs: int) -> None:
        from tflite_micro import runtime

        self._micro = runtime.Interpreter.from_bytes(model, arena_size=arena)
        self._outputs = outputs
        # The wheel's reset() costs a tenth of a millisecond, and most models have no variables.
        self._variables = has_variables(model)

    def set(self, example: Sequence[Raw]) -> None:
        if self._variables:
            self._micro.reset()
        for index, values in enumerate(example):
            self._micro.set_input(values, index)

    def invoke(self) -> None:
        self._micro.invoke()

    def get(self) -> list[Raw]:
        return [np.array(self._micro.get_output(index)) for index in range(self._outputs)]


def _made(runtime: str, model: bytes, arena: int, outputs: int) -> _Interpreter:
    if runtime == "tflm":
        return _TFLM(model, arena, outputs)
    return _LiteRT(model, runtime == "reference")


def main(arena: str, name: str, outputs: str, *runtimes: str) -> None:
    """Run the model, of so many outputs, on what the parent sent, in each of `runtimes`."""
    with answering(MEMORY) as reply:
        given = dict(reply.arrays)
        model = given.pop("model").tobytes()
        inputs = [given[f"input {at}"] for at in range(len(given))]
        count = len(inputs[0])
        found: dict[str, Raw] = {}
        for place, runtime in enumerate(runtimes):
            interpreter = _made(runtime, model, int(arena), int(outputs))
            gave: list[list[Raw]] = []
            took = np.empty(count, np.int64)
            for at in range(count):
                interpreter.set([values[at : at + 1] for values in inputs])
                began = time.perf_counter_ns()
                interpreter.invoke()
                took[at] = time.perf_counter_ns() - began
                gave.append(interpreter.get())
                reply.progress(name, place * count + at + 1, len(runtimes) * count)
            for number, values in enumerate(zip(*gave, strict=True)):
                found[f"output {place} {number}"] = np.concatenate(values)
            found[f"nanoseconds {place}"] = took
        reply.give(**found)


if __name__ == "__main__":
    main(*sys.argv[1:])
