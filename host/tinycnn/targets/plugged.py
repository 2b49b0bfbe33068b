"""One way to run a script on whatever is behind a serial line.

A target says how its board is plugged in with some files; what follows is the same for
a machine in QEMU, for an emulated chip, and for a board on the desk.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinycnn.board.repl import connect
from tinycnn.targets.completed import Completed
from tinycnn.targets.flash import FLASH
from tinycnn.targets.serial_script import SerialScript, run_serial


@dataclass(frozen=True)
class Plugged:
    """A board that runs; `port` is where it answers.

    After each reset `enter`, a piece of MicroPython, makes its files the current folder.
    """

    port: str
    enter: str


Plug = Callable[[Path], AbstractContextManager[Plugged]]
"""Plugs a board in whose files are those of a folder of the host, and no others."""


@contextmanager
def started(
    plug: Plug, code: str, args: Sequence[str] = (), *, flash: Path = FLASH
) -> Iterator[SerialScript]:
    """The script `code`, running with the folder `flash` as its current one."""
    with plug(flash) as plugged, connect(plugged.port) as board:
        argv = f"import gc, sys\nsys.argv[:] = {['', *args]!r}\ngc.collect()\ndel gc, sys"
        board.run(plugged.enter + argv)
        script = SerialScript(board, code)
        try:
            yield script
        finally:
            script.stop()  # or nobody would get the prompt from one that loops


def run(
    script: Path | None,
    args: Sequence[str] = (),
    *,
    plug: Plug,
    flash: Path = FLASH,
    capture: bool = False,
    timeout: float | None = None,
) -> Completed:
    """Run `script` with `args`, or without one the REPL on the user's terminal.

    With `capture` its output is returned, else shown as it comes, a traceback on stderr.
    After `timeout` seconds it is interrupted. Raises TargetError if the script is not
    there or the board does not answer.
    """
    if script is None:
        return Completed(_repl(plug, flash), "", "", 0)

    def start(code: str) -> AbstractContextManager[SerialScript]:
        return started(plug, code, args, flash=flash)

    return run_serial(start, script, capture=capture, timeout=timeout)


def _repl(plug: Plug, flash: Path) -> int:
    """mpremote's terminal; its exit status."""
    with plug(flash) as plugged:
        mpremote = [sys.executable, "-m", "mpremote", "connect", plugged.port]
        return subprocess.run([*mpremote, "exec", plugged.enter, "repl"], check=False).returncode
