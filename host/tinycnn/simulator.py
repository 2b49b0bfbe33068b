"""One way to run a MicroPython script in the simulator.

The simulated board's flash is a folder, build/flash/: what a deploy would copy
to a board is copied there, and it is the current folder of the simulator.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinycnn.errors import TargetError
from tinycnn.files import BUILD, ROOT, read_bytes, write_atomic
from tinycnn.firmware.unix import Engine, build_simulator

FLASH = BUILD / "flash"

TIMED_OUT = 124
"""The status of a script that was stopped, as of the `timeout` command."""

_FACTS = """\
import tflm
print("tflm", tflm.__version__, "engine", tflm.engine, tflm.tflm_commit)
"""


@dataclass(frozen=True)
class Completed:
    """How a script ended. Its output is "" where it was not captured.

    `status` is the script's own exit status: 1 after an uncaught exception,
    128 + N if signal N ended the simulator, TIMED_OUT if we did.
    """

    status: int
    stdout: str
    stderr: str
    seconds: float


def board_files(
    device: Path = ROOT / "device", models: Path = BUILD / "models"
) -> dict[str, Path]:
    """What a deploy copies: names on the board and where the files are on the host."""
    found = [*device.glob("*.py"), *device.glob("*.tflite"), *models.glob("*.tflite")]
    return {path.name: path for path in found}


def stage(flash: Path, files: Mapping[str, Path]) -> list[str]:
    """Copy `files` (names on the board -> host files) to the folder `flash`.

    Returns the names of those that were not there already, byte for byte.
    Raises UserError if one cannot be read or written.
    """
    copied = []
    for name, path in files.items():
        data, target = read_bytes(path), flash / name
        if not (target.is_file() and target.read_bytes() == data):
            write_atomic(target, data)
            copied.append(name)
    return copied


def run(
    script: Path | None,
    args: Sequence[str] = (),
    *,
    engine: Engine = "hosted",
    flash: Path = FLASH,
    capture: bool = False,
    timeout: float | None = None,
    program: Path | None = None,
) -> Completed:
    """Run `script` with `args`, or without one the REPL on the user's terminal.

    Built with `engine` if need be; `program` is a simulator to use instead. With
    `capture` the script has no terminal and its output is returned. After
    `timeout` seconds it is killed, and everything it started.

    Raises TargetError if the script or the simulator is not there.
    """
    if script is not None and not script.is_file():
        raise TargetError(f"there is no script {script}")
    if program is None:
        program = build_simulator(engine).path
    if not program.is_file():
        raise TargetError(f"there is no simulator {program}: run `tinycnn simulator`")
    flash.mkdir(parents=True, exist_ok=True)
    argv = [str(program.absolute()), *([] if script is None else [str(script.absolute())]), *args]
    start = time.monotonic()
    status, stdout, stderr = (_captured if capture else _inherited)(
        argv, flash, environment(flash), timeout
    )
    if status < 0:
        status = 128 - status
    return Completed(status, stdout, stderr, time.monotonic() - start)


def facts(program: Path, flash: Path = FLASH) -> str:
    """What `import tflm` says of itself in the simulator `program`, in one line."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "facts.py"
        script.write_text(_FACTS)
        done = run(script, flash=flash, capture=True, timeout=60, program=program)
    if done.status != 0:
        told = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["nothing"]
        raise TargetError(f"the simulator cannot import tflm, and says: {told[-1]}")
    return done.stdout.strip()


def environment(flash: Path) -> dict[str, str]:
    """The environment of a simulator whose flash is `flash`."""
    return dict(
        os.environ,
        MICROPYPATH=f"{flash.absolute()}:{flash.absolute() / 'lib'}:.frozen",
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
            _kill_group(process)
            out, err = process.communicate()
        except BaseException:
            _kill_group(process)
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


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
