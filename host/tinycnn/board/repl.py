"""A MicroPython prompt at the other end of a serial port, by mpremote's transport."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import struct
import time
from collections.abc import Iterator
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from tinycnn.board.ports import cannot_open
from tinycnn.errors import TargetError, first_line

_READ_TIMEOUT = 3.0
"""Seconds for what the board owes at once; without, a dead board hangs us."""

# What comes out of mpremote when the board goes away or talks nonsense.
_LOST = (TransportError, OSError, struct.error, UnicodeDecodeError, IndexError)


class LostError(TargetError):
    """The board stopped answering, or does not run MicroPython."""


class ScriptError(TargetError):
    """Code on the board raised. `exception` is the name of what."""

    def __init__(self, traceback: str) -> None:
        lines = traceback.strip().splitlines() or ["nothing"]
        super().__init__(lines[-1])
        self.exception = lines[-1].partition(":")[0]


class Repl:
    """A board in raw REPL mode. Made by `connect`."""

    def __init__(self, port: str, transport: SerialTransport) -> None:
        self.port = port
        self.transport = transport

    def run(self, code: str, timeout: float = 30) -> str:
        """What `code` prints. `timeout` is how long the board may be silent, in seconds.

        Raises ScriptError if it raises, LostError if the board does not answer.
        """
        with self.guarded():
            out, error = self.transport.exec_raw(code, timeout=timeout)
        if error:
            raise ScriptError(error.decode(errors="replace"))
        return str(out.decode(errors="replace"))

    def value(self, code: str, timeout: float = 30) -> Any:
        """The Python literal in the last line that `code` prints."""
        lines = self.run(code, timeout).strip().splitlines()
        try:
            return ast.literal_eval(lines[-1])
        except (IndexError, ValueError, SyntaxError):
            raise LostError(f"{self.port} answers what was not asked: {lines[-1:]}") from None

    def recover(self) -> None:
        """Interrupt the board in whatever it does, and have its raw REPL again."""
        with self.guarded():
            self.transport.enter_raw_repl(soft_reset=False)

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """A block in which mpremote's errors become ours."""
        try:
            yield
        except TransportExecError as error:
            raise ScriptError(str(error.error_output)) from None
        except _LOST as error:
            raise LostError(
                f"lost the board on {self.port} ({first_line(error)}): "
                "plug it in again, then repeat the command"
            ) from None


@contextlib.contextmanager
def connect(port: str, timeout: float = 10) -> Iterator[Repl]:
    """Interrupt what runs on the board, soft reset it, and have its raw REPL.

    At the end the board is left at its prompt. Raises TargetError if `port` cannot
    be opened, LostError if no MicroPython answers there within `timeout` seconds.
    """
    transport = _open(port)
    try:
        yield Repl(port, _entered(transport, port, timeout))
    finally:
        # A board that is gone cannot be left in order.
        with contextlib.suppress(*_LOST):
            transport.serial.write(b"\x03")
            transport.exit_raw_repl()
        with contextlib.suppress(*_LOST):
            transport.close()


def wait_for_repl(port: str, seconds: float) -> str:
    """Wait for MicroPython's prompt after a reset; what it says of itself.

    Raises LostError if there is none after `seconds`, TargetError if `port` is not
    ours to open.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            with connect(port, timeout=4) as board:
                return board.run("import sys; print(sys.version)").strip().partition("; ")[2]
        except TargetError:
            # A port of the chip's own USB is gone for a moment after a reset.
            if time.monotonic() > end:
                raise
        time.sleep(0.5)


def _open(port: str) -> SerialTransport:
    try:
        return SerialTransport(port, timeout=_READ_TIMEOUT)
    except (TransportError, ValueError) as error:
        raise cannot_open(port) or TargetError(
            f"cannot open {port}: {first_line(error)}"
        ) from None


def _entered(transport: SerialTransport, port: str, timeout: float) -> SerialTransport:
    for _ in range(2):  # the first may come while the board still boots, and be lost
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):  # mpremote prints what it did not expect
                _flush(transport)
                transport.enter_raw_repl(soft_reset=True, timeout_overall=timeout / 2)
            return transport
        except _LOST:
            continue
    heard = re.sub(r"\\x..|\\[rn]", " ", said.getvalue()).strip(" b'\"\n")
    raise LostError(
        f"no MicroPython answers on {port}"
        + (f" (it says: ...{heard[-60:].strip()})" if heard else "")
        + ": press the board's reset button and repeat, or flash it with `tinycnn flash`"
    )


def _flush(transport: SerialTransport) -> None:
    """Leave a raw REPL or a paste that somebody else did not leave."""
    transport.serial.write(b"\r\x03\x03\x02")
