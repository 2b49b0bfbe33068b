"""A MicroPython prompt at the other end of a serial port, by mpremote's transport.

Each exchange has a limit in time and in length (`line`), and each answer is of the kind
that was asked for (`answers`), or the talk ends with one line.
"""

from __future__ import annotations

import contextlib
import struct
import termios
import time
from collections.abc import Iterator
from typing import Any, TypeVar

from mpremote import transport_serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from tinycnn.board.answers import Kind, find_answer
from tinycnn.board.line import SHOWN, WORD_SECONDS, Line, LostError, Word, lost
from tinycnn.board.ports import cannot_open
from tinycnn.errors import TargetError, first_line
from tinycnn.text import printable

__all__ = ["LostError", "RaisedError", "Repl", "ScriptError", "connect", "wait_for_repl"]

_TICK = 0.2  # seconds in which a deadline or Ctrl-C is noticed
_PATIENCE = 3.0  # seconds for what the board owes at once
_LEAVE = 1.0  # seconds to leave a board in order that may be gone
_FORMATTING = 120.0  # seconds for a new file system; large ones take one minute
_TRY = 4.0  # seconds of each look whether the prompt is there after a reset

_SETUP = b"initial setup"
"""What MicroPython says before it makes a file system, which it does without a word."""

# What comes out of mpremote when the board goes away or talks nonsense.
_LOST = (TransportError, OSError, termios.error, struct.error, ValueError, LookupError, TypeError)

T = TypeVar("T")

# mpremote prints what it did not expect; here that is in the error, and fit to be shown.
transport_serial.print = lambda *said: None


def _any(value: Any) -> Any:
    return value


class ScriptError(TargetError):
    """Code on the board raised. `exception` is the name of what."""

    def __init__(self, traceback: str) -> None:
        lines = traceback.strip().splitlines() or ["an error without words"]
        super().__init__(printable(lines[-1]))
        self.exception = lines[-1].partition(":")[0]


class RaisedError(TargetError):
    """A talk that a ScriptError ended: the board answers, and cannot do what was asked."""


class Repl:
    """A board in raw REPL mode. Made by `connect`."""

    def __init__(self, port: str, transport: SerialTransport) -> None:
        self.port = port
        self.transport = transport
        self.line: Line = transport.serial

    def run(self, code: str, timeout: float = 30) -> str:
        """What `code` prints. `timeout` is how long it may take, in seconds.

        Raises ScriptError if it raises, LostError if the board does not answer.
        """
        with self.guarded("an answer", timeout):
            out, error = self.transport.exec_raw(code, timeout=timeout)
        if error:
            raise ScriptError(error.decode(errors="replace"))
        return str(out.decode(errors="replace"))

    def value(self, code: str, kind: Kind[T] = _any, timeout: float = 30) -> T:
        """The Python literal in the last line of that kind that `code` prints.

        `kind` takes a literal and raises ValueError, TypeError or LookupError if it is not
        what was asked for: `answers` has such. LostError if there is none.
        """
        said = self.run(code, timeout)
        try:
            return find_answer(said, kind)
        except ValueError:
            told = printable(said.strip()[-SHOWN:], SHOWN) or "nothing"
            raise lost(
                self.port, f"the board on {self.port} answers what was not asked ({told})"
            ) from None

    def limit(self, what: str, seconds: float) -> contextlib.AbstractContextManager[None]:
        """A block in which `what` has `seconds` to come, whatever else is done in it."""
        return self.line.limit(what, seconds)

    def recover(self) -> None:
        """Interrupt the board in whatever it does, and have its raw REPL again."""
        with self.guarded("the prompt", 10):
            self.transport.enter_raw_repl(soft_reset=False)

    def restart(self) -> None:
        """Soft reset the board: its heap is new, and what was imported is gone."""
        with self.guarded("the prompt after a soft reset", 20):
            self.transport.enter_raw_repl(soft_reset=True, timeout_overall=20)

    @contextlib.contextmanager
    def guarded(self, what: str, seconds: float) -> Iterator[None]:
        """A block in which mpremote talks: it ends in `seconds`, and its errors become ours."""
        try:
            with self.limit(what, seconds):
                yield
        except TransportExecError as error:
            raise ScriptError(str(error.error_output)) from None
        except _LOST as error:
            why = printable(first_line(error), SHOWN)
            raise lost(self.port, f"lost the board on {self.port} ({why})") from None


@contextlib.contextmanager
def connect(port: str, timeout: float = 10, word: Word | None = None) -> Iterator[Repl]:
    """Interrupt what runs on the board, soft reset it, and have its raw REPL.

    At the end the board is left at its prompt. Raises TargetError if `port` cannot
    be opened, RaisedError if code on the board raised, LostError if no MicroPython answers there
    within `timeout` seconds; a board that makes its file system gets as long as that takes.
    `word` is of a wait longer than this one.
    """
    transport = _open(port, word)
    line: Line = transport.serial
    try:
        yield Repl(port, _entered(transport, line, timeout))
    except ScriptError as error:
        raise RaisedError(
            f"the board on {port} cannot do what was asked ({error}): press its reset button "
            "and repeat, or put other firmware on it with `tinycnn flash`"
        ) from None
    finally:
        # A board that is gone cannot be left in order.
        with contextlib.suppress(*_LOST, LostError), line.limit("the prompt", _LEAVE):
            transport.serial.write(b"\x03")
            transport.exit_raw_repl()
        with contextlib.suppress(*_LOST):
            transport.close()


def wait_for_repl(port: str, seconds: float, first_word: float = WORD_SECONDS) -> str:
    """Wait for MicroPython's prompt after a reset; what it says of itself.

    After `first_word` seconds the user is told.

    Raises LostError if there is none after `seconds`, TargetError if `port` is not
    ours to open.
    """
    end = time.monotonic() + seconds
    word = Word(first_word, end)
    while True:
        left = end - time.monotonic()
        try:
            with connect(port, min(_TRY, max(left, 1)), word) as board:
                said = board.run("import sys; print(sys.version)", timeout=5)
                return printable(said.strip().rpartition("; ")[2], SHOWN)
        except RaisedError:
            raise  # it answers
        except TargetError:
            # A port of the chip's own USB is gone for a moment after a reset.
            if time.monotonic() > end:
                raise
        time.sleep(min(0.5, max(end - time.monotonic(), 0)))


def _open(port: str, word: Word | None) -> SerialTransport:
    try:
        transport = SerialTransport(port, timeout=_TICK)
        transport.serial.write_timeout = _PATIENCE
    except (TransportError, *_LOST) as error:
        raise cannot_open(port) or TargetError(
            f"cannot open {port}: {first_line(error)}"
        ) from None
    transport.serial = Line(port, transport.serial, _PATIENCE, word)
    return transport


def _entered(transport: SerialTransport, line: Line, timeout: float) -> SerialTransport:
    seconds = timeout
    while True:
        with line.limit("MicroPython's prompt", seconds):
            for _ in range(2):  # the first may come while the board still boots, and be lost
                try:
                    with line.limit("MicroPython's prompt", seconds / 2):
                        _flush(line)
                        transport.enter_raw_repl(soft_reset=True, timeout_overall=seconds / 2)
                    return transport
                except (*_LOST, LostError):
                    continue
        if _SETUP not in line.tail or seconds > timeout:
            break
        seconds = timeout + _FORMATTING
    raise lost(
        line.name,
        f"no MicroPython answers on {line.name}{line.says()}",
        "press the board's reset button and repeat, or flash it with `tinycnn flash`; "
        "after a first flash wait a minute, while it makes its file system",
    )


def _flush(line: Line) -> None:
    """Leave a raw REPL or a paste that somebody else did not leave."""
    line.write(b"\r\x03\x03\x02")
