"""The targets by name: what each is, and one way to run a script on any of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from tinycnn.board.image import find_image, read_image
from tinycnn.board.ports import choose_port
from tinycnn.board.repl import wait_for_repl
from tinycnn.errors import MissingToolError, TargetError, UserError
from tinycnn.firmware.fetch import Origin
from tinycnn.firmware.qemu import build_qemu
from tinycnn.firmware.unix import Engine, build_simulator
from tinycnn.progress import Progress, silent
from tinycnn.targets import board, esp32, plugged, qemu, unix
from tinycnn.targets.completed import Completed
from tinycnn.targets.flash import FLASH
from tinycnn.targets.plugged import Plug
from tinycnn.tflite.ops import OpSet

PORT = "TINYCNN_PORT"
"""The environment variable that names the port of the target esp32, if there are several."""

_FACTS = """\
import tflm
print("tflm", tflm.__version__, "engine", tflm.engine, tflm.tflm_commit)
"""


class Run(Protocol):
    """Runs a script on a target."""

    def __call__(
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
class Target:
    """Something that runs MicroPython scripts, built and ready.

    program      the file that was built; a board's port if nobody told what it runs
    micropython  version and origin of the MicroPython in it
    plug         None for a process of this machine, which has no serial line
    counted      `run`, with a clock that counts instructions, a thousand to a microsecond;
                 None where there is no such clock
    """

    name: str
    program: Path
    micropython: str
    run: Run
    plug: Plug | None = None
    counted: Run | None = None


def _unix(
    name: str, engine: Engine, ops: OpSet | None, progress: Progress, *, esp_nn: bool = False
) -> Target:
    built = build_simulator(engine, esp_nn=esp_nn, ops=ops, progress=progress)
    version = _version(built.micropython_version, built.origin)
    return Target(name, built.path, version, partial(unix.run, program=built.path))


def _qemu(name: str, ops: OpSet | None, progress: Progress) -> Target:
    built = build_qemu(ops=ops, progress=progress)
    version = _version(built.micropython_version, built.origin)
    plug = partial(qemu.plug, firmware=built.path)
    return _emulated(name, built.path, version, plug)


def _board(name: str, ops: OpSet | None) -> Target:
    _need_no_ops(name, ops)
    port = choose_port(os.environ.get(PORT))
    plug = partial(board.plug, port=port)
    version = wait_for_repl(port, 5)
    return Target(name, Path(port), version, partial(plugged.run, plug=plug), plug)


def _chip(name: str, machine: esp32.Machine, ops: OpSet | None) -> Target:
    _need_no_ops(name, ops)
    emulator = esp32.find_emulator(machine)
    named = os.environ.get(f"TINYCNN_FIRMWARE_{machine.name.upper()}")
    try:
        image = read_image(Path(named)) if named else find_image(machine.chip)
    except UserError as error:
        raise MissingToolError(str(error)) from None
    plug = partial(esp32.plug, emulator=emulator, image=image)
    with tempfile.TemporaryDirectory() as nothing, plug(Path(nothing)) as chip:
        version = wait_for_repl(chip.port, 5)
    return _emulated(name, image.path, version, plug)


def _emulated(name: str, program: Path, micropython: str, plug: partial[Any]) -> Target:
    run = partial(plugged.run, plug=plug)
    counted = partial(plugged.run, plug=partial(plug, options=qemu.ICOUNT))
    return Target(name, program, micropython, run, plug, counted)


def _need_no_ops(name: str, ops: OpSet | None) -> None:
    if ops is not None:
        raise UserError(f"{name} has the ops of its firmware: build that with others")


def _version(number: str, origin: Origin) -> str:
    return f"{number} ({origin})"


Build = Callable[[OpSet | None, Progress], Target]

BUILDS: dict[str, Build] = {
    "unix-hosted": lambda ops, progress: _unix("unix-hosted", "hosted", ops, progress),
    "unix": lambda ops, progress: _unix("unix", "tflm", ops, progress),
    "unix-esp-nn": lambda ops, progress: _unix("unix-esp-nn", "tflm", ops, progress, esp_nn=True),
    "qemu-rv32": lambda ops, progress: _qemu("qemu-rv32", ops, progress),
    "qemu-esp32": lambda ops, progress: _chip("qemu-esp32", esp32.ESP32, ops),
    "qemu-esp32c3": lambda ops, progress: _chip("qemu-esp32c3", esp32.ESP32C3, ops),
    "esp32": lambda ops, progress: _board("esp32", ops),
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
