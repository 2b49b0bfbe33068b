"""A MicroPython on any target that is kept open: code after code, and what it prints.

Behind a serial line that is the raw REPL. The simulator has none, so a few lines of MicroPython
stand in for it: they take code from a pipe and answer as a raw REPL does.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from tinycnn.board.answers import Kind, find_answer
from tinycnn.board.line import MOST_BYTES, SHOWN, LostError
from tinycnn.board.ports import choose_port
from tinycnn.board.repl import Repl, ScriptError, connect
from tinycnn.targets import unix
from tinycnn.targets.plugged import Plug
from tinycnn.targets.targets import Target
from tinycnn.text import printable

T = TypeVar("T")

_END = b"\x04"

_SERVE = """\
import io, sys
names = {"__name__": "__main__"}
while True:
    line = sys.stdin.readline()
    if not line:
        break
    error = ""
    try:
        exec(eval(line), names)
    except BaseException as raised:
        told = io.StringIO()
        sys.print_exception(raised, told)
        error = told.getvalue()
    print("\\x04" + error + "\\x04", end="")
"""


class Console(Protocol):
    """A MicroPython that keeps its names from one piece of code to the next.

    Raises ScriptError if the code raises, LostError if nothing answers.
    """

    def run(self, code: str, timeout: float = 30) -> str:
        """What `code` prints."""

    def value(self, code: str, kind: Kind[T], timeout: float = 30) -> T:
        """The literal of that kind in the last line that `code` prints of that kind."""


Open = Callable[[], AbstractContextManager[Console]]
"""Starts or finds a MicroPython anew, for as long as the block runs."""


class _Process:
    """The simulator, with _SERVE in it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def run(self, code: str, timeout: float = 30) -> str:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # then it has ended, which _said tells
            self._process.stdin.write(f"{code!a}\n".encode())
            self._process.stdin.flush()
        said, error = self._said(time.monotonic() + timeout, timeout)
        if error:
            raise ScriptError(error)
        return said

    def value(self, code: str, kind: Kind[T], timeout: float = 30) -> T:
        said = self.run(code, timeout)
        try:
            return find_answer(said, kind)
        except ValueError:
            told = printable(said.strip()[-SHOWN:], SHOWN) or "nothing"
            raise _lost(f"the simulator answers what was not asked ({told})") from None

    def _said(self, end: float, seconds: float) -> tuple[str, str]:
        """What is printed until the code's end, and its traceback."""
        assert self._process.stdout is not None
        pipe, heard = self._process.stdout.fileno(), b""
        while heard.count(_END) < 2:
            if not select.select([pipe], [], [], max(end - time.monotonic(), 0))[0]:
                raise _lost(f"the simulator did not answer in {seconds:.0f} s")
            more = os.read(pipe, 4096)
            if not more:
                raise _lost("the simulator has ended")
            heard += more
            if len(heard) > MOST_BYTES:
                raise _lost("the simulator prints without end")
        said, error, _ = heard.split(_END, 2)
        return said.decode(errors="replace"), error.decode(errors="replace")


def _lost(why: str) -> LostError:
    return LostError(why, "repeat the command")


def board_on(port: str | None) -> Open:
    """How to have the board on `port`, or the only one there is, with its files as they are.

    Raises TargetError if there is none, or several.
    """
    return partial(connect, choose_port(port))


def console_on(target: Target, flash: Path) -> Open:
    """How to have a MicroPython on `target` whose files are those of the folder `flash`."""
    if target.plug is None:
        return partial(_process, target, flash)
    return partial(_plugged, target.plug, flash)


@contextmanager
def _process(target: Target, flash: Path) -> Iterator[_Process]:
    with subprocess.Popen(
        [target.program, "-c", _SERVE],
        cwd=flash,
        env=unix.environment(flash, target.library),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us
    ) as process:
        try:
            yield _Process(process)
        finally:
            unix.kill_group(process)
            assert process.stdin is not None
            with suppress(BrokenPipeError):  # what it did not take before it ended
                process.stdin.close()


@contextmanager
def _plugged(plug: Plug, flash: Path) -> Iterator[Repl]:
    with plug(flash) as plugged, connect(plugged.port) as board:
        board.run(plugged.enter)
        yield board
