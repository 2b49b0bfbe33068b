"""device/classify.py in a MicroPython that is kept open: one inference for each picture.

Its own functions find the model, load it, classify, and tell what is not sure, so that the page
says what the script would say. Only its last lines, which run it, stay away.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tinycnn.board.answers import sequence_of, size, text
from tinycnn.board.repl import LostError, RaisedError, ScriptError
from tinycnn.draw.picture import DARKEST, SIDE
from tinycnn.errors import TargetError
from tinycnn.files import ROOT, read_bytes
from tinycnn.targets.console import Console, Open

CLASSIFY = ROOT / "device" / "classify.py"
CLASSES = 10

_RUNS = "\ntry:\n    main()\n"
"""Where the last lines of classify.py begin."""

_SECONDS = 10  # for an inference, which takes a tenth of one on the slowest chip

_LOAD = f"""
interpreter = load()
divisor = find_divisor(interpreter, {DARKEST})
pixels = array("f", [0] * {SIDE * SIDE})

def answer(image):
    read_pixels(image, pixels, divisor)
    scores, took = classify(interpreter, pixels)
    shares = [probability(scores, score) for score in scores]
    best = max(scores)
    sure = probability(scores, best) >= SURE
    print((shares, scores.index(best), int(sure), took))
"""

_FACTS = """
import tflm
version = "%d.%d.%d" % sys.implementation[1][:3]
machine = getattr(sys.implementation, "_machine", sys.platform)
print((machine, version, tflm.engine, MODEL))
"""


@dataclass(frozen=True)
class Facts:
    """What classifies."""

    machine: str
    micropython: str
    engine: str
    model: str


@dataclass(frozen=True)
class Answer:
    """What classify.py says of a picture.

    shares        the probability of each class
    predicted     the class
    sure          whether classify.py would not add '(not sure)'
    microseconds  of the inference alone
    """

    shares: tuple[float, ...]
    predicted: int
    sure: bool
    microseconds: int


class Classifier:
    """Whatever `opens` finds, opened when it is first asked, and anew after it was lost.

    It may be called by several threads; one at a time is served.
    """

    def __init__(self, opens: Open) -> None:
        self._opens = opens
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._console: Console | None = None
        self._facts: Facts | None = None

    def facts(self) -> Facts:
        """What classifies; it is opened for that. TargetError if it is not there."""
        with self._lock:
            self._opened()
            assert self._facts is not None
            return self._facts

    def classify(self, picture: Sequence[int]) -> Answer:
        """One inference. Raises TargetError, in one line, if it cannot be had."""
        with self._lock:
            try:
                return self._opened().value(f"answer({bytes(picture)!r})", _answer, _SECONDS)
            except (TargetError, OSError) as error:
                self._drop()
                raise _plain(error) from None

    def close(self) -> None:
        """Leave it in order. Not by the lock: who waits for an answer may wait for long."""
        self._stack.close()

    def _opened(self) -> Console:
        if self._console is None:
            try:
                console = self._stack.enter_context(self._opens())
                console.run(_definitions() + _LOAD, timeout=60)
                self._facts = console.value(_FACTS, _read_facts)
            except (TargetError, OSError) as error:
                self._drop()
                raise _plain(error) from None
            self._console = console
        return self._console

    def _drop(self) -> None:
        self._console = None
        self._stack.close()


def _definitions() -> str:
    """classify.py without the lines that run it."""
    found, runs, _ = read_bytes(CLASSIFY).decode().partition(_RUNS)
    if not runs:
        raise AssertionError(f"{CLASSIFY} does not end by calling main()")
    return found


def _plain(error: TargetError | OSError) -> TargetError:
    """`error` for somebody who draws: there is no command to repeat."""
    if isinstance(error, LostError):
        return TargetError(f"{error.why}: {error.do.replace('repeat the command', 'draw again')}")
    if isinstance(error, ScriptError) and error.exception == "Stop":
        return RaisedError(str(error).partition(": ")[2])
    return error if isinstance(error, TargetError) else TargetError(str(error))


def _answer(value: Any) -> Answer:
    shares, predicted, sure, took = value
    found = sequence_of(_share, CLASSES)(shares)
    if not 0 <= size(predicted) < CLASSES:
        raise ValueError(f"{predicted!r} is no class")
    return Answer(found, predicted, bool(size(sure)), size(took))


def _share(value: Any) -> float:
    """A number from 0 to 1, but for what float32 rounds."""
    if not isinstance(value, int | float) or not -0.001 <= value <= 1.001:
        raise ValueError(f"{value!r} is no probability")
    return min(max(float(value), 0.0), 1.0)


def _read_facts(value: Any) -> Facts:
    return Facts(*sequence_of(text, 4)(value))
