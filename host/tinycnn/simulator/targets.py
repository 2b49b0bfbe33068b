"""The targets by name: what each is, and one way to run a script on any of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tinycnn.errors import TargetError
from tinycnn.firmware.fetch import Origin
from tinycnn.firmware.ops import OpSet
from tinycnn.firmware.qemu import build_qemu
from tinycnn.firmware.unix import Engine, build_simulator
from tinycnn.progress import Progress, silent
from tinycnn.simulator import qemu, unix
from tinycnn.simulator.completed import Completed
from tinycnn.simulator.flash import FLASH

_FACTS = """\
import tflm
print("tflm", tflm.__version__, "engine", tflm.engine, tflm.tflm_commit)
"""


class Target(Protocol):
    """Something that runs MicroPython scripts, built and ready."""

    @property
    def name(self) -> str: ...

    @property
    def program(self) -> Path:
        """The file that was built."""

    @property
    def micropython(self) -> str:
        """Version and origin of the MicroPython in it."""

    def run(
        self,
        script: Path | None,
        args: Sequence[str] = (),
        *,
        flash: Path = FLASH,
        capture: bool = False,
        timeout: float | None = None,
    ) -> Completed:
        """Run `script`, or without one the REPL on the user's terminal.

        The folder `flash` is its file system. With `capture` the script's output is
        returned, else shown. It is stopped after `timeout` seconds.
        """


@dataclass(frozen=True)
class UnixTarget:
    """MicroPython as a program of this machine."""

    name: str
    program: Path
    micropython: str

    def run(
        self,
        script: Path | None,
        args: Sequence[str] = (),
        *,
        flash: Path = FLASH,
        capture: bool = False,
        timeout: float | None = None,
    ) -> Completed:
        return unix.run(
            script, args, flash=flash, capture=capture, timeout=timeout, program=self.program
        )


@dataclass(frozen=True)
class QemuTarget:
    """MicroPython on a bare machine in QEMU."""

    name: str
    program: Path
    micropython: str

    def run(
        self,
        script: Path | None,
        args: Sequence[str] = (),
        *,
        flash: Path = FLASH,
        capture: bool = False,
        timeout: float | None = None,
    ) -> Completed:
        return qemu.run(
            script, args, flash=flash, capture=capture, timeout=timeout, firmware=self.program
        )


def _unix(name: str, engine: Engine, ops: OpSet | None, progress: Progress) -> Target:
    built = build_simulator(engine, ops=ops, progress=progress)
    return UnixTarget(name, built.path, _version(built.micropython_version, built.origin))


def _qemu(name: str, ops: OpSet | None, progress: Progress) -> Target:
    built = build_qemu(ops=ops, progress=progress)
    return QemuTarget(name, built.path, _version(built.micropython_version, built.origin))


def _version(number: str, origin: Origin) -> str:
    return f"{number} ({origin})"


Build = Callable[[OpSet | None, Progress], Target]

BUILDS: dict[str, Build] = {
    "unix-hosted": lambda ops, progress: _unix("unix-hosted", "hosted", ops, progress),
    "unix": lambda ops, progress: _unix("unix", "tflm", ops, progress),
    "qemu-rv32": lambda ops, progress: _qemu("qemu-rv32", ops, progress),
}
"""How each is built. A name is what --target takes."""


def build_target(name: str, *, ops: OpSet | None = None, progress: Progress = silent) -> Target:
    """The target `name` of BUILDS, built if it is not up to date.

    `ops` are those of the profile cnn unless it says otherwise. Raises MissingToolError,
    SourceError and BuildError as the builds do.
    """
    return BUILDS[name](ops, progress)


def facts(target: Target, flash: Path = FLASH) -> str:
    """What `import tflm` says of itself on `target`, in one line."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "facts.py"
        script.write_text(_FACTS)
        done = target.run(script, flash=flash, capture=True, timeout=60)
    if done.status != 0:
        told = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["nothing"]
        raise TargetError(f"{target.name} cannot import tflm, and says: {told[-1]}")
    return done.stdout.strip()
