"""Run a script in the simulator: MicroPython's unix port, a process of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tinycnn.errors import TargetError
from tinycnn.targets.completed import TIMED_OUT, Completed
from tinycnn.targets.flash import FLASH
from tinycnn.text import printable

STOCK = "TINYCNN_STOCK_UNIX"
"""The environment variable that may name another MicroPython for the target unix-stock."""

_VERSION = "import sys\nprint(sys.implementation.name, *sys.implementation.version)"


def run(
    script: Path | None,
    args: Sequence[str] = (),
    *,
    program: Path,
    library: Path | None = None,
    flash: Path = FLASH,
    capture: bool = False,
    timeout: float | None = None,
) -> Completed:
    """Run `script` with `args`, or without one the REPL on the user's terminal.

    `program` is the simulator, `library` a folder to import from. With `capture` the script has
    no terminal and its output is returned. After `timeout` seconds it is killed, and everything
    it started.

    Raises TargetError if the script or the simulator is not there.
    """
    if script is not None and not script.is_file():
        raise TargetError(f"there is no script {script}")
    if not program.is_file():
        raise TargetError(f"there is no simulator {program}: run `tinycnn simulate --build-only`")
    flash.mkdir(parents=True, exist_ok=True)
    argv = [str(program.absolute()), *([] if script is None else [str(script.absolute())]), *args]
    start = time.monotonic()
    status, stdout, stderr = (_captured if capture else _inherited)(
        argv, flash, environment(flash, library), timeout
    )
    if status < 0:
        status = 128 - status
    return Completed(status, stdout, stderr, time.monotonic() - start)


def version(program: Path) -> str:
    """Of a MicroPython that somebody else built; TargetError if STOCK names none."""
    try:
        done = subprocess.run(
            [program, "-c", _VERSION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=10,
        )
        name, *numbers = done.stdout.split()
    except (OSError, subprocess.TimeoutExpired, ValueError):
        name, numbers = "", []
    if name != "micropython" or not numbers:
        raise TargetError(f"{STOCK} names no MicroPython for this machine: {program}")
    return printable(f"{'.'.join(numbers)} ({program})")


def environment(flash: Path, library: Path | None = None) -> dict[str, str]:
    """The environment of a simulator whose flash is `flash`, and which imports from `library`."""
    places = [flash, flash / "lib", *([library] if library else [])]
    return dict(
        os.environ,
        MICROPYPATH=":".join([*(str(place.absolute()) for place in places), ".frozen"]),
        TFLM_HOST_PYTHON=sys.executable,
    )


Outcome = tuple[int, str, str]
"""Status, stdout, stderr."""


def _captured(argv: list[str], cwd: Path, env: dict[str, str], timeout: float | None) -> Outcome:
    """Run in a process group of its own, which is gone afterwards."""
    with subprocess.Popen(
        argv,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        late = False
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            late = True
            kill_group(process)
            out, err = process.communicate()
        except BaseException:
            kill_group(process)
            raise
    status = TIMED_OUT if late else process.returncode
    return status, out.decode(errors="replace"), err.decode(errors="replace")


def _inherited(argv: list[str], cwd: Path, env: dict[str, str], timeout: float | None) -> Outcome:
    """Run on the user's terminal, where Ctrl-C is for the simulator, not for us."""
    # Not SIG_IGN: an ignored signal would stay ignored in the child.
    with (
        _handled(signal.SIGINT, lambda: None),
        subprocess.Popen(argv, cwd=cwd, env=env) as process,
        _handled(signal.SIGTERM, process.terminate),
    ):
        try:
            return process.wait(timeout=timeout), "", ""
        except subprocess.TimeoutExpired:
            process.kill()
            return TIMED_OUT, "", ""


@contextmanager
def _handled(number: signal.Signals, handle: Callable[[], None]) -> Iterator[None]:
    """Call `handle` on signal `number` for as long as the block runs."""
    before = signal.signal(number, lambda number, frame: handle())
    try:
        yield
    finally:
        signal.signal(number, before)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End `process`, which leads its session, and all that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
