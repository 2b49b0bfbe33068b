"""A script on a board behind a serial line, through MicroPython's raw REPL."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from mpremote.transport_serial import SerialTransport

from tinycnn.errors import TargetError
from tinycnn.files import read_bytes
from tinycnn.interrupt import passed_on
from tinycnn.targets.completed import TIMED_OUT, Completed

_END = b"\x04"
_CTRL_C = b"\x03"
_PAUSE = 0.002  # seconds between looks at a line that says nothing
_PIPE_CLOSED = 141  # what a shell says of a program that SIGPIPE ended


class SerialScript:
    """A script that runs there. `transport` is in the raw REPL, and stays so.

    Raises TargetError if the board stops answering; TimeoutError where it says.
    """

    def __init__(self, transport: SerialTransport, code: str) -> None:
        self._transport = transport
        self._unread = b""
        self._shown = 0
        self._ended = False
        transport.exec_raw_no_follow(code)

    def line(self, timeout: float = 10) -> str:
        """The next line that it prints; TimeoutError if there is none in `timeout` seconds."""
        end = time.monotonic() + timeout
        while b"\n" not in self._unread:
            self._read(end)
        line, self._unread = self._unread.split(b"\n", 1)
        return line.rstrip(b"\r").decode(errors="replace")

    def interrupt(self) -> None:
        """What a terminal sends on Ctrl-C."""
        self._transport.serial.write(_CTRL_C)

    def stop(self, timeout: float = 5) -> None:
        """End it if it still runs, however often it catches Ctrl-C, within `timeout` seconds."""
        end, gap = time.monotonic() + timeout, 0.001
        while not self._ended and time.monotonic() < end:
            # The second comes while the script deals with the first.
            self.interrupt()
            time.sleep(gap)
            self.interrupt()
            with suppress(TimeoutError):
                self.finish(0.05)
            gap = gap * 1.5 if gap < 0.05 else 0.001

    def finish(
        self, timeout: float | None = None, on_output: Callable[[str], None] = lambda text: None
    ) -> tuple[str, str]:
        """What it prints until its end, and the traceback if it has one.

        `on_output` sees the first of them as it comes. TimeoutError after `timeout` seconds.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            printed = self._unread.partition(_END)[0]
            new, self._shown = printed[self._shown :], len(printed)
            on_output(_text(new))
            if self._unread.count(_END) >= 2:
                break
            self._read(end)
        stdout, stderr, self._unread = self._unread.split(_END, 2)
        self._ended = True
        return _text(stdout), _text(stderr)

    def _read(self, end: float | None) -> None:
        """More of what the board says."""
        while not (more := self._waiting()):
            if end is not None and time.monotonic() > end:
                raise TimeoutError(f"nothing more from the board, after {self._unread!r}")
            time.sleep(_PAUSE)
        self._unread += more

    def _waiting(self) -> bytes:
        """What has come and nobody has read."""
        line = self._transport.serial
        try:
            return bytes(line.read(line.in_waiting)) if line.in_waiting else b""
        except OSError as error:
            raise TargetError(f"the board is gone: {error}") from None


def run_serial(
    start: Callable[[str], AbstractContextManager[SerialScript]],
    script: Path,
    *,
    capture: bool,
    timeout: float | None,
) -> Completed:
    """Run the file `script`, whose text `start` takes to a board, to its end.

    With `capture` its output is returned, else shown as it comes, a traceback on stderr.
    After `timeout` seconds it is interrupted. Raises TargetError if it is not there.
    """
    if not script.is_file():
        raise TargetError(f"there is no script {script}")
    begin = time.monotonic()
    with start(read_bytes(script).decode()) as running:
        try:
            stdout, stderr = _followed(running, capture, timeout)
        except TimeoutError:
            running.interrupt()
            return Completed(TIMED_OUT, "", "", time.monotonic() - begin)
    seconds, status = time.monotonic() - begin, 1 if stderr else 0
    if capture:
        return Completed(status, stdout, stderr, seconds)
    sys.stderr.write(stderr)
    return Completed(status, "", "", seconds)


def _followed(running: SerialScript, capture: bool, timeout: float | None) -> tuple[str, str]:
    """Its stdout and stderr. A Ctrl-C of the user's is one on the board."""

    def show(text: str) -> None:
        if text and not capture:
            try:
                sys.stdout.write(text)
                sys.stdout.flush()
            except BrokenPipeError:  # `| head` has seen enough: not the board that is lost
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise SystemExit(_PIPE_CLOSED) from None

    with passed_on():
        while True:
            try:
                return running.finish(timeout, show)
            except KeyboardInterrupt:
                running.interrupt()


def _text(data: bytes) -> str:
    return data.replace(b"\r\n", b"\n").decode(errors="replace")
