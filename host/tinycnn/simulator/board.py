"""Run a script on a board: a real one, or an emulated one, behind a port."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tinycnn.board.deploy import sync
from tinycnn.board.repl import connect
from tinycnn.errors import TargetError
from tinycnn.files import read_bytes
from tinycnn.simulator.completed import TIMED_OUT, Completed
from tinycnn.simulator.flash import FLASH
from tinycnn.simulator.qemu import follow
from tinycnn.simulator.serial_script import SerialScript


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
            yield SerialScript(board.transport, code)


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
    start = time.monotonic()
    if script is None:
        mpremote = [sys.executable, "-m", "mpremote", "connect", port, "repl"]
        status = subprocess.run(mpremote, check=False).returncode
        return Completed(status, "", "", time.monotonic() - start)
    if not script.is_file():
        raise TargetError(f"there is no script {script}")
    with started(port, read_bytes(script).decode(), args, flash=flash) as running:
        try:
            status, stdout, stderr = follow(running, capture, timeout)
        except TimeoutError:
            running.interrupt()
            return Completed(TIMED_OUT, "", "", time.monotonic() - start)
    if capture:
        return Completed(status, stdout, stderr, time.monotonic() - start)
    sys.stderr.write(stderr)
    return Completed(status, "", "", time.monotonic() - start)
