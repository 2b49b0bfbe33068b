"""The targets by name: what each is, and one way to run a script on any of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from tinycnn.board.image import find_image, read_image
from tinycnn.board.ports import choose_port
from tinycnn.board.repl import wait_for_repl
from tinycnn.errors import MissingToolError, TargetError, UserError
from tinycnn.firmware.esp32.image import Image
from tinycnn.firmware.native import build_native
from tinycnn.firmware.port import Program
from tinycnn.firmware.qemu import ARMS, build_qemu, build_qemu_arm, build_qemu_stock
from tinycnn.firmware.unix import build_unix, build_unix_stock
from tinycnn.progress import Progress, silent
from tinycnn.targets import board, esp32, plugged, qemu, unix
from tinycnn.targets.completed import Completed
from tinycnn.targets.flash import FLASH
from tinycnn.targets.plugged import Plug
from tinycnn.text import printable, short_commit
from tinycnn.tflite.ops import OpSet

_FACTS = """\
import tflm
print("tflm", tflm.__version__, "engine", tflm.engine, tflm.tflm_commit)
"""


class RunScript(Protocol):
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
    library      the folder that `tflm` is imported from, where it is not built in
    """

    name: str
    program: Path
    micropython: str
    run: RunScript
    plug: Plug | None = None
    counted: RunScript | None = None
    library: Path | None = None


@dataclass(frozen=True)
class Choice:
    """What a user may choose of a target, as far as it has it.

    ops    of what is built: those of the profile cnn unless it says otherwise
    port   the board's; without, the only board there is
    qemu   a QEMU that knows the chip; without, TINYCNN_QEMU_* or the one on the path
    image  its firmware; without, TINYCNN_FIRMWARE_* or the newest that was built, of a stock
           target TINYCNN_STOCK_*
    """

    ops: OpSet | None = None
    port: str | None = None
    qemu: Path | None = None
    image: Path | None = None


Build = Callable[[str, Choice, Progress], Target]


def _unix(name: str, choice: Choice, progress: Progress) -> Target:
    built = build_unix(
        "hosted" if name == "unix-hosted" else "tflm",
        kernels="esp-nn" if name == "unix-esp-nn" else "own",
        ops=choice.ops,
        progress=progress,
    )
    return Target(name, built.path, _version(built), partial(unix.run, program=built.path))


def _unix_stock(name: str, choice: Choice, progress: Progress) -> Target:
    library = build_native("x64", progress=progress).path.parent
    if named := os.environ.get(unix.STOCK):
        program, version = Path(named), unix.version(Path(named))
    else:
        built = build_unix_stock(progress=progress)
        program, version = built.path, _version(built)
    run = partial(unix.run, program=program, library=library)
    return Target(name, program, version, run, library=library)


def _qemu(name: str, choice: Choice, progress: Progress) -> Target:
    built = build_qemu(ops=choice.ops, progress=progress)
    return _emulated(name, built.path, _version(built), partial(qemu.plug, firmware=built.path))


def _qemu_stock(name: str, choice: Choice, progress: Progress) -> Target:
    built = build_qemu_stock(progress=progress)
    module = build_native("rv32imc", progress=progress).path
    plug = partial(qemu.plug, firmware=built.path, more=[module])
    return _emulated(name, built.path, _version(built), plug)


def _qemu_arm(name: str, choice: Choice, progress: Progress) -> Target:
    arch = name.removeprefix("qemu-").removesuffix("-stock")
    built = build_qemu_arm(arch, progress=progress)
    module = build_native(arch, progress=progress).path
    bare = qemu.mps2(ARMS[arch].machine, strict=arch == "armv6m")
    plug = partial(qemu.plug, firmware=built.path, more=[module], bare=bare)
    return _emulated(name, built.path, _version(built), plug)


def _chip(name: str, choice: Choice, progress: Progress) -> Target:
    machine = esp32.MACHINES[name.removeprefix("qemu-")]
    emulator = esp32.find_emulator(machine, choice.qemu)
    named = choice.image or os.environ.get(f"TINYCNN_FIRMWARE_{machine.name.upper()}")
    try:
        image = read_image(Path(named)) if named else find_image(machine.chip)
    except UserError as error:
        if choice.image:
            raise
        raise MissingToolError(str(error)) from None
    plug = partial(esp32.plug, emulator=emulator, image=image)
    return _started(name, image, machine, plug, progress)


def _chip_stock(name: str, choice: Choice, progress: Progress) -> Target:
    machine = esp32.MACHINES[name.removeprefix("qemu-").removesuffix("-stock")]
    emulator = esp32.find_emulator(machine, choice.qemu)
    variable = f"TINYCNN_STOCK_{machine.name.upper()}"
    named = choice.image or os.environ.get(variable)
    if not named:
        raise MissingToolError(f"{variable} names no MicroPython as upstream publishes it")
    image = read_image(Path(named))
    plug = partial(
        esp32.plug_stock,
        emulator=emulator,
        image=image,
        micropython=build_unix_stock(progress=progress).path,
        module=build_native(machine.arch, progress=progress).path,
    )
    return _started(name, image, machine, plug, progress)


def _started(
    name: str, image: Image, machine: esp32.Machine, plug: partial[Any], progress: Progress
) -> Target:
    """The target, once the chip has told its version."""
    progress(f"Starting {machine.chip}", 0, 0)
    with tempfile.TemporaryDirectory() as nothing, plug(Path(nothing)) as chip:
        version = wait_for_repl(chip.port, 5)
    return _emulated(name, image.path, version, plug)


def _board(name: str, choice: Choice, progress: Progress) -> Target:
    port = choose_port(choice.port)
    plug = partial(board.plug, port=port)
    progress(f"Asking {port}", 0, 0)
    version = wait_for_repl(port, 5)
    return Target(name, Path(port), version, partial(plugged.run, plug=plug), plug)


def _emulated(name: str, program: Path, micropython: str, plug: partial[Any]) -> Target:
    run = partial(plugged.run, plug=plug)
    counted = partial(plugged.run, plug=partial(plug, options=qemu.ICOUNT))
    return Target(name, program, micropython, run, plug, counted)


def _version(built: Program) -> str:
    return f"{built.micropython_version} ({built.origin})"


BUILDS: dict[str, tuple[Build, frozenset[str]]] = {
    "unix-hosted": (_unix, frozenset({"ops"})),
    "unix": (_unix, frozenset({"ops"})),
    "unix-esp-nn": (_unix, frozenset({"ops"})),
    "unix-stock": (_unix_stock, frozenset()),
    "qemu-rv32": (_qemu, frozenset({"ops"})),
    "qemu-rv32-stock": (_qemu_stock, frozenset()),
    "qemu-armv6m-stock": (_qemu_arm, frozenset()),
    "qemu-armv7emsp-stock": (_qemu_arm, frozenset()),
    "qemu-esp32": (_chip, frozenset({"qemu", "image"})),
    "qemu-esp32c3": (_chip, frozenset({"qemu", "image"})),
    "qemu-esp32-stock": (_chip_stock, frozenset({"qemu", "image"})),
    "qemu-esp32c3-stock": (_chip_stock, frozenset({"qemu", "image"})),
    "esp32": (_board, frozenset({"port"})),
}
"""How each is built, and what one may choose of it. A name is what --target takes."""


def build_target(
    name: str, choice: Choice | None = None, *, progress: Progress = silent
) -> Target:
    """The target `name` of BUILDS, built if it is not up to date.

    Raises UserError for a choice that it does not have, and MissingToolError, SourceError
    and BuildError as the builds do.
    """
    choice = choice or Choice()
    need_choice(name, choice)
    build, _ = BUILDS[name]
    return build(name, choice, progress)


def need_choice(name: str, choice: Choice) -> None:
    """Raise UserError if `choice` has anything that the target `name` has not."""
    _, choices = BUILDS[name]
    for field in fields(choice):
        if getattr(choice, field.name) is not None and field.name not in choices:
            able = ", ".join(other for other, (_, has) in BUILDS.items() if field.name in has)
            raise UserError(f"the target {name} takes no --{field.name}: that is for {able}")


def facts(target: Target, flash: Path | None = None) -> str:
    """What `import tflm` says of itself on `target`, in one line."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "facts.py"
        script.write_text(_FACTS)
        done = target.run(script, flash=flash or Path(folder), capture=True, timeout=60)
    if done.status != 0:
        told = done.last_line or "nothing"
        raise TargetError(f"{target.name} cannot import tflm, and says: {told}")
    return " ".join(map(short_commit, printable(done.stdout.strip()).split()))
