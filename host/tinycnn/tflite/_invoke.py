"""Child process: run a .tflite on images, one at a time, in LiteRT or in TFLM."""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tinycnn.child import answering
from tinycnn.tflite._probe import MEMORY, litert

Raw = npt.NDArray[Any]


class _Interpreter(Protocol):
    def set(self, image: Raw) -> None: ...
    def invoke(self) -> None: ...
    def get(self) -> Raw: ...


class _LiteRT:
    def __init__(self, model: bytes, reference: bool) -> None:
        self._lite = litert(model, reference=reference)
        self._input = self._lite.get_input_details()[0]["index"]
        self._output = self._lite.get_output_details()[0]["index"]

    def set(self, image: Raw) -> None:
        self._lite.set_tensor(self._input, image)

    def invoke(self) -> None:
        self._lite.invoke()

    def get(self) -> Raw:
        out: Raw = self._lite.get_tensor(self._output)
        return out


class _TFLM:
    def __init__(self, model: bytes, arena: int) -> None:
        from tflite_micro import runtime

        self._micro = runtime.Interpreter.from_bytes(model, arena_size=arena)

    def set(self, image: Raw) -> None:
        self._micro.set_input(image, 0)

    def invoke(self) -> None:
        self._micro.invoke()

    def get(self) -> Raw:
        out: Raw = self._micro.get_output(0)
        return out


def _made(runtime: str, model: bytes, arena: int) -> _Interpreter:
    if runtime == "tflm":
        return _TFLM(model, arena)
    return _LiteRT(model, runtime == "reference")


def main(arena: str, name: str, *runtimes: str) -> None:
    """Run the model on the images that the parent sent, in each of `runtimes`."""
    with answering(MEMORY) as reply:
        model, images = reply.arrays["model"].tobytes(), reply.arrays["images"]
        found: dict[str, Raw] = {}
        for place, runtime in enumerate(runtimes):
            interpreter = _made(runtime, model, int(arena))
            outputs = []
            took = np.empty(len(images), np.int64)
            for at in range(len(images)):
                interpreter.set(images[at : at + 1])
                began = time.perf_counter_ns()
                interpreter.invoke()
                took[at] = time.perf_counter_ns() - began
                outputs.append(np.array(interpreter.get()))
                done = place * len(images) + at + 1
                reply.progress(name, done, len(runtimes) * len(images))
            found |= {f"outputs {place}": np.concatenate(outputs), f"nanoseconds {place}": took}
        reply.give(**found)


if __name__ == "__main__":
    main(*sys.argv[1:])
