"""The serial line of a talk with a board: it ends in time, is bounded, and says when it is slow.

mpremote and esptool wait for as long as bytes come, and keep them all. They read and write
through a `Line`, which raises where they would go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tinycnn.board.ports import other_user
from tinycnn.errors import TargetError
from tinycnn.text import printable

log = logging.getLogger(__name__)
"""A word for the user when a board takes its time: at the level INFO."""

WORD_SECONDS = 2.0
WORD_AGAIN = 15.0

MOST_BYTES = 64 << 10
"""What a board may say in one exchange; what we ask for is shorter than some KB."""

SHOWN = 120
"""Characters of a board's own words in a message of ours."""

_TAIL = 400
_OWN = ("rts", "dtr", "timeout", "write_timeout", "baudrate", "break_condition")


class LostError(TargetError):
    """The board stopped answering, answers something else, or does not run MicroPython.

    `why` and `do` are its two halves: what happened, and what to do.
    """

    def __init__(self, why: str, do: str) -> None:
        super().__init__(f"{why}: {do}")
        self.why = why
        self.do = do


def lost(port: str, why: str, what_to_do: str = "") -> LostError:
    """The error of a talk on `port` that failed: what happened, and what to do."""
    do = what_to_do or "plug the board in again or press its reset button, then repeat the command"
    if user := other_user(port):
        do = f"{user} has {port} open too and may take what the board says: close it; or {do}"
    return LostError(why, do)


class Word:
    """When the user is told next that a board takes its time.

    `end` is when it will be given up, if that is not with what is waited for just then.
    """

    def __init__(self, first: float = WORD_SECONDS, end: float | None = None) -> None:
        self._next = time.monotonic() + first
        self._end = end

    def say(self, what: str, port: str, end: float) -> None:
        """Say it, if it is time to."""
        now = time.monotonic()
        if now > self._next:
            self._next = now + WORD_AGAIN
            left = max((self._end or end) - now, 1)
            log.info("waiting for %s from %s, %.0f s at most", what, port, left)


@dataclass
class _Limit:
    """What is waited for, until when, and until how many bytes of the line were heard."""

    what: str
    seconds: float
    end: float
    bytes: int


class Line:
    """A pyserial port on which no exchange lasts longer, or is longer, than `limit` says.

    `patience` is for how many seconds a read waits for its bytes beyond the port's own
    timeout. `word` is of a wait longer than this line's.
    """

    def __init__(
        self, port: str, opened: Any, patience: float = 0, word: Word | None = None
    ) -> None:
        self.name = port
        self.patience = patience
        self.tail = b""
        self._opened = opened
        self._heard = 0
        self._buffer = bytearray()
        self._limits: list[_Limit] = []
        self._shared = word
        self._word = word or Word()

    @contextmanager
    def limit(self, what: str, seconds: float, most: int = MOST_BYTES) -> Iterator[None]:
        """A block in which `what` has `seconds` to come, in at most `most` bytes.

        A block inside another ends with that at the latest. LostError ends it.
        """
        begin = time.monotonic()
        made = _Limit(what, seconds, begin + seconds, self._heard + most)
        if what not in [outer.what for outer in self._limits]:
            self.moved()
        self._limits.append(made)
        try:
            yield
        finally:
            self._limits.remove(made)

    def moved(self) -> None:
        """Something came of the talk: the user is told that it is slow if no more does."""
        self._word = self._shared or Word()

    def read(self, size: int = 1) -> bytes:
        """`size` bytes, or what has come in time: from here, if more came than was asked for."""
        end = time.monotonic() + self.patience
        while True:
            self._check()
            if len(self._buffer) < size:
                missing = size - len(self._buffer)
                data = bytes(self._opened.read(max(missing, self._opened.in_waiting)))
                self._heard += len(data)
                self._buffer += data
                self.tail = (self.tail + data)[-_TAIL:]
            if len(self._buffer) >= size or time.monotonic() >= end:
                break
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def reset_input_buffer(self) -> None:
        self._buffer.clear()
        self._opened.reset_input_buffer()

    def flushInput(self) -> None:
        self.reset_input_buffer()

    def write(self, data: bytes) -> Any:
        self._check()
        return self._opened.write(data)

    @property
    def in_waiting(self) -> int:
        self._check()
        return len(self._buffer) + int(self._opened.in_waiting)

    def inWaiting(self) -> int:
        return self.in_waiting

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # A setting of the port is set there, whoever sets it.
        if name in _OWN:
            setattr(self._opened, name, value)
        else:
            super().__setattr__(name, value)

    def _check(self) -> None:
        """Raise if the talk has to end; say that it is slow."""
        if not self._limits:
            return
        limit, now = self._limits[-1], time.monotonic()
        if self._heard > limit.bytes:
            raise lost(self.name, f"{self.name} prints without pause{self.says()}")
        for late in self._limits:
            if now > late.end:
                why = f"{self.name} did not give {late.what} in {late.seconds:.0f} s{self.says()}"
                raise lost(self.name, why)
        whole = next(outer for outer in self._limits if outer.what == limit.what)
        self._word.say(limit.what, self.name, whole.end)

    def says(self) -> str:
        """The last that the board said, for a message; "" if it said nothing."""
        words = printable(self.tail[-SHOWN:].strip(), SHOWN)
        return f" (it says: ...{words})" if words else ""
