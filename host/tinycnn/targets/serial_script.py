"""A script on a board behind a serial line, through MicroPython's raw REPL."""

from __future__ import annotations

import codecs
import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from tinycnn.board.line import MOST_BYTES, lost
from tinycnn.board.repl import Repl
from tinycnn.errors import TargetError, first_line
from tinycnn.files import read_bytes
from tinycnn.interrupt import passed_on
from tinycnn.targets.completed import TIMED_OUT, Completed

_END = b"\x04"
_CTRL_C = b"\x03"
_PAUSE = 0.002  # seconds between looks at a line that says nothing
_START = 30.0  # seconds until the board has taken a script, or a Ctrl-C
_INSIST = 2.0  # seconds within which a second Ctrl-C is for us
_MOST_CAPTURED = 16 << 20  # characters of a script's output that we keep
_PIPE_CLOSED = 141  # what a shell says of a program that SIGPIPE ended


class SerialScript:
    """A script that runs on `board`, which stays in the raw REPL.

    Raises TargetError if the board stops answering; TimeoutError where it says.
    """

    def __init__(self, board: Repl, code: str) -> None:
        self._board = board
        self._unread = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._printed: list[str] = []
        self._kept = 0
        self._ended = False
        self.heard = 0
        with board.guarded("the start of the script", _START):
            board.transport.exec_raw_no_follow(code)

    def line(self, timeout: float = 10) -> str:
        """The next line that it prints; TimeoutError if there is none in `timeout` seconds."""
        end = time.monotonic() + timeout
        while b"\n" not in self._unread:
            self._read(end)
        line, self._unread = self._unread.split(b"\n", 1)
        return line.rstrip(b"\r").decode(errors="replace")

    def interrupt(self) -> None:
        """What a terminal sends on Ctrl-C."""
        with self._board.guarded("room for a Ctrl-C", _START):
            self._board.line.write(_CTRL_C)

    def stop(self, timeout: float = 5) -> None:
        """End it if it still runs, however often it catches Ctrl-C, within `timeout` seconds."""
        end, gap = time.monotonic() + timeout, 0.001
        while not self._ended and time.monotonic() < end:
            # The second comes while the script deals with the first.
            self.interrupt()
            time.sleep(gap)
            self.interrupt()
            with suppress(TimeoutError):
                self.finish(0.05, lambda text: None)
            gap = gap * 1.5 if gap < 0.05 else 0.001

    def finish(
        self, timeout: float | None = None, on_output: Callable[[str], None] | None = None
    ) -> tuple[str, str]:
        """What it prints until its end, and the traceback if it has one.

        `on_output` sees the first of them as it comes, instead. TimeoutError after `timeout`
        seconds.
        """
        end = None if timeout is None else time.monotonic() + timeout
        show = on_output or self._keep
        while _END not in self._unread:
            # A \r may have its \n in what comes next.
            keep = 1 if self._unread.endswith(b"\r") else 0
            new = self._unread[: len(self._unread) - keep]
            self._unread = self._unread[len(new) :]
            show(self._decoder.decode(_newlines(new)))
            self._read(end)
        while self._unread.count(_END) < 2:
            if len(self._unread) > MOST_BYTES:
                raise lost(self._board.port, f"{self._board.port} sends an error without end")
            self._read(end)
        stdout, stderr, self._unread = self._unread.split(_END, 2)
        show(self._decoder.decode(_newlines(stdout), final=True))
        self._ended = True
        return "".join(self._printed), _newlines(stderr).decode(errors="replace")

    def _keep(self, text: str) -> None:
        self._printed.append(text)
        self._kept += len(text)
        if self._kept > _MOST_CAPTURED:
            raise TargetError(
                f"the script on {self._board.port} prints without end: let it print less, "
                "or run it with `tinycnn simulate`, which shows what comes"
            )

    def _read(self, end: float | None) -> None:
        """More of what the board says."""
        while True:
            if end is not None and time.monotonic() > end:
                raise TimeoutError("the script goes on")
            if more := self._waiting():
                break
            time.sleep(_PAUSE)
        self._unread += more
        self.heard += len(more)

    def _waiting(self) -> bytes:
        """What has come and nobody has read."""
        line, port = self._board.line, self._board.port
        try:
            return bytes(line.read(line.in_waiting)) if line.in_waiting else b""
        except OSError as error:
            raise lost(port, f"lost the board on {port} ({first_line(error)})") from None


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
    """Its stdout, if that is captured, and its stderr.

    A Ctrl-C of the user's is one on the board. The next is for us if the board said nothing
    to that, or if it comes at once: such a board may never end.
    """

    def show(text: str) -> None:
        if not text:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:  # `| head` has seen enough: not the board that is lost
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(_PIPE_CLOSED) from None

    last, heard = -_INSIST, -1
    with passed_on():
        while True:
            try:
                return running.finish(timeout, None if capture else show)
            except KeyboardInterrupt:
                now = time.monotonic()
                if heard == running.heard or now < last + _INSIST:
                    raise
                last, heard = now, running.heard
                running.interrupt()


def _newlines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")
