"""Running other programs: no terminal, known settings, a time limit, nothing left behind."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tinycnn.errors import MissingToolError
from tinycnn.interrupt import at_the_latest
from tinycnn.progress import Progress

_PACKAGES = {
    "ar": "binutils",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "qemu-system-riscv32": "qemu-system-misc",
    "riscv64-unknown-elf-ar": "binutils-riscv64-unknown-elf",
    "riscv64-unknown-elf-g++": "gcc-riscv64-unknown-elf",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
    "setarch": "util-linux",
}
"""Debian's packages of programs that are not called as their package."""


_running: set[int] = set()
"""Groups of processes that we have started."""


@at_the_latest
def _kill_all() -> None:
    for group in tuple(_running):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


PATIENCE = 1.0
"""Seconds that a program has to end when it is asked to."""


@dataclass(frozen=True)
class Finished:
    """How a program ended: its status (None when it ran out of time) and its output."""

    status: int | None
    output: str

    @property
    def ok(self) -> bool:
        return self.status == 0


def need(*programs: str) -> None:
    """Raises MissingToolError, saying how to install it, for a program that is missing."""
    for program in programs:
        if shutil.which(program) is None:
            package = _PACKAGES.get(program, program)
            raise MissingToolError(
                f"{program} is missing: install it (Debian: apt install {package})"
            )


@cache
def compiler(program: str) -> str:
    """The first line of `program --version`: another compiler, other code."""
    return run((program, "--version")).output.partition("\n")[0]


def first_error(log: str) -> str:
    """The first line of a build's output that looks like an error, else the last line.

    What CMake says of an error stands indented on the lines after it.
    """
    if found := re.search(
        r"^CMake Error\b[^\n]*:\s*\n((?:(?:[ \t]+\S[^\n]*)?\n)+)", log, re.MULTILINE
    ):
        return " ".join(found[1].split())
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    pattern = re.compile(r"(\berror:|undefined reference|\*\*\* |No such file)")
    told = [line for line in lines if pattern.search(line)]
    return (told or lines or ["no output"])[0 if told else -1]


_PASSED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|TMPDIR|LANG|LC_\w+|XDG_\w+"  # a person, a place
    r"|(?i:\w+_proxy)|SSL_CERT_\w+|SSH_\w+|GIT_\w+|DOCKER_\w+"  # the network
    r"|IDF_\w+|ESP_\w+|OPENOCD_SCRIPTS"  # an ESP-IDF whose export.sh was run
    r"|CCACHE_\w+|SOURCE_DATE_EPOCH|TINYCNN_\w+|LD_LIBRARY_PATH|PYTHONPATH|PYTHONHOME"
)
"""What a program that we start may know of this machine: no flags of somebody's compiler."""


def environment(**more: str) -> dict[str, str]:
    """The environment of a program that we start: the known part of ours, and `more`."""
    return {k: v for k, v in os.environ.items() if _PASSED.fullmatch(k)} | more


def make_environment() -> dict[str, str]:
    """The environment for a make, or another tool that starts Pythons of its own."""
    known = environment(LC_ALL="C")
    return {name: value for name, value in known.items() if not name.startswith("PYTHON")}


@contextmanager
def locked(folder: Path, progress: Progress) -> Iterator[None]:
    """Let one process at a time build in `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            progress("Waiting for another build to end", 0, 0)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def at_rest(folder: Path) -> Iterator[None]:
    """Let nobody build in `folder`. Raises BlockingIOError if somebody does."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextmanager
def _group(
    argv: Sequence[str | Path], cwd: Path | None, env: Mapping[str, str] | None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start `argv` in a process group of its own, which does not outlive the block."""
    process = subprocess.Popen(
        [str(word) for word in argv],
        cwd=cwd,
        env=dict(environment() if env is None else env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    _running.add(process.pid)
    try:
        yield process
    finally:
        if process.poll() is None:
            end_group(process)
        _running.discard(process.pid)
        if process.stdout is not None:
            process.stdout.close()


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End `process`, a leader of its group, and everything it started; reap it.

    A make that is asked to end deletes the file it is at. What has not ended after
    PATIENCE seconds is killed.
    """
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Finished:
    """Run `argv` to its end, or for `timeout` seconds; stdout and stderr together.

    `on_line` sees each line (ended by newline or carriage return) as it comes.
    Raises FileNotFoundError if there is no such program.
    """
    with _group(argv, cwd, env) as process:
        late = threading.Event()

        def expire() -> None:
            late.set()
            end_group(process)

        timer = None if timeout is None else threading.Timer(timeout, expire)
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            lines = []
            for line in _lines(process):
                lines.append(line)
                if on_line is not None:
                    on_line(line)
            status = process.wait()
        finally:
            if timer is not None:
                timer.cancel()
    return Finished(None if late.is_set() else status, "\n".join(lines))


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """The output of `process`, split at newlines and at carriage returns."""
    assert process.stdout is not None
    rest = b""
    while chunk := os.read(process.stdout.fileno(), 65536):
        *lines, rest = (rest + chunk.replace(b"\r", b"\n")).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")
