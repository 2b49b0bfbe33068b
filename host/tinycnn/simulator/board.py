"""Run a script on a board: a real one, or an emulated one, behind a port."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tinycnn.board.deploy import sync
from tinycnn.board.repl import connect
from tinycnn.files import read_bytes
from tinycnn.simulator.completed import Completed
from tinycnn.simulator.flash import FLASH
from tinycnn.simulator.serial_script import SerialScript, run_serial


@contextmanager
def started(
    port: str, code: str, args: Sequence[str] = (), *, flash: Path = FLASH
) -> Iterator[SerialScript]:
    """The script `code`, running on the board on `port` with the files of the folder `flash`.

    They are brought there first, as far as they differ; others stay.
    """
    with connect(port) as board:
        sync(board, {path.name: read_bytes(path) for path in sorted(flash.glob("*.*"))})
        board.run(f"import gc, sys\nsys.argv[:] = {['', *args]!r}\ngc.collect()\ndel gc, sys")
        with board.guarded():
            script = SerialScript(board.transport, code)
            try:
                yield script
            finally:
                script.stop()  # or nobody would get the prompt from one that loops


def run(
    script: Path | None,
    args: Sequence[str] = (),
    *,
    port: str,
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
        mpremote = [sys.executable, "-m", "mpremote", "connect", port, "repl"]
        return Completed(subprocess.run(mpremote, check=False).returncode, "", "", 0)

    def start(code: str) -> AbstractContextManager[SerialScript]:
        return started(port, code, args, flash=flash)

    return run_serial(start, script, capture=capture, timeout=timeout)
