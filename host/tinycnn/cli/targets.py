"""Verbs that make firmware and run it: firmware fetch and build, simulate."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinycnn.cli import app
from tinycnn.cli.bars import progress_bar
from tinycnn.cli.say import say, say_error
from tinycnn.cli.words import speak
from tinycnn.errors import UserError
from tinycnn.firmware.esp32.boards import BOARDS, board_named

if TYPE_CHECKING:
    from tinycnn.tflite.ops import OpSet

firmware = typer.Typer(no_args_is_help=True, help="Fetch what firmware is built from; build it.")
app.add_typer(firmware, name="firmware")


class TargetName(StrEnum):
    """Where scripts run."""

    unix_hosted = "unix-hosted"
    unix = "unix"
    unix_esp_nn = "unix-esp-nn"
    unix_stock = "unix-stock"
    qemu_rv32 = "qemu-rv32"
    qemu_rv32_stock = "qemu-rv32-stock"
    qemu_armv6m_stock = "qemu-armv6m-stock"
    qemu_armv7emsp_stock = "qemu-armv7emsp-stock"
    qemu_esp32 = "qemu-esp32"
    qemu_esp32c3 = "qemu-esp32c3"
    qemu_esp32_stock = "qemu-esp32-stock"
    qemu_esp32c3_stock = "qemu-esp32c3-stock"
    esp32 = "esp32"


TargetOption = Annotated[
    TargetName,
    typer.Option(
        help="unix-hosted: this machine, models in the tflite-micro wheel; unix: this machine, "
        "TFLM compiled in; unix-esp-nn: with Espressif's kernels; unix-stock: the native module "
        "tflm.mpy in a stock MicroPython; qemu-rv32: a bare RISC-V machine in QEMU; "
        "qemu-rv32-stock: the same with tflm.mpy; qemu-armv6m-stock, qemu-armv7emsp-stock: the "
        "same on Arm; qemu-esp32, qemu-esp32c3: emulated chips; "
        "qemu-esp32-stock, qemu-esp32c3-stock: the same, stock, with tflm.mpy; "
        "esp32: a board on a port. See docs/targets.md."
    ),
]
PortOption = Annotated[
    str | None,
    typer.Option(metavar="PORT", help="The board of the target esp32, if there are several."),
]
QemuOption = Annotated[
    Path | None,
    typer.Option(metavar="PROGRAM", help="A QEMU that knows the chip of qemu-esp32*."),
]
ImageOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Its firmware. Without it: the newest in build/images."),
]
OpsOption = Annotated[
    str | None,
    typer.Option(metavar="digits|cnn|all", help="The ops it can run. Without it: cnn."),
]
OpsFromOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="MODEL.tflite", help="Just the ops of this model instead; may be repeated."
    ),
]


@firmware.command()
def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Sources; all by default.")
    ] = None,
    locals_: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="NAME=DIR", help="A clone to take NAME from instead."),
    ] = None,
) -> None:
    """Fetch the pinned upstream sources into the cache and verify their commits."""
    from tinycnn.firmware import fetch as fetching
    from tinycnn.firmware import sources

    local = dict(_name_and_folder(text) for text in locals_ or [])
    wanted = list(names or local or sources.load())
    if strange := [name for name in local if name not in wanted]:
        raise UserError(f"--from {strange[0]}=...: not among the names to fetch")
    failed = []
    for name in wanted:
        try:
            with progress_bar(f"fetch {name}") as show:
                checkout = fetching.fetch(
                    name, local=local.pop(name, None), retry=True, progress=show
                )
        except UserError as error:
            failed.append(str(error))
            continue
        say(f"{name} {checkout.version} ({checkout.origin}): {checkout.path}")
    if failed:
        for line in failed[:-1]:
            say_error(line)
        raise UserError(failed[-1])


@firmware.command()
def build(
    board: Annotated[
        str, typer.Option(metavar="BOARD", help=f"The board to build for: {', '.join(BOARDS)}.")
    ],
    ops: OpsOption = None,
    ops_from: OpsFromOption = None,
    freeze: Annotated[
        list[Path] | None,
        typer.Option(metavar="MODEL.tflite", help="Build this model in; may be repeated."),
    ] = None,
    idf: Annotated[
        Path | None, typer.Option(metavar="DIR", help="ESP-IDF, if not $IDF_PATH.")
    ] = None,
    components: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="IDF components to use, say offline; may be repeated."),
    ] = None,
    reference_kernels: Annotated[
        bool,
        typer.Option("--reference-kernels", help="TFLM's kernels, not ours."),
    ] = False,
    container: Annotated[
        bool, typer.Option("--container", help="Build in Espressif's container image.")
    ] = False,
) -> None:
    """Build MicroPython with tflm for an ESP32 board: one file to flash."""
    from tinycnn.files import ROOT, board_files, models_in
    from tinycnn.firmware.esp32 import build as esp32
    from tinycnn.firmware.esp32 import container as esp32_container
    from tinycnn.firmware.esp32 import frozen
    from tinycnn.firmware.esp32 import idf as esp32_idf
    from tinycnn.firmware.sources import cache_root

    wanted, chosen = board_named(board), _op_set(ops, ops_from)
    # A model that nobody asked for is left out of a firmware without its ops.
    ours = [path for path in models_in(board_files()).values() if frozen.runs(path, chosen)]
    frozen.read_models(freeze or (), chosen)  # before ESP-IDF is looked for
    folders = tuple(components or ())
    found = (
        esp32_container.container(ROOT, cache_root(), *folders)
        if container
        else esp32_idf.find(idf)
    )
    request = esp32.Request(
        wanted,
        chosen,
        tuple(freeze or ours),
        folders,
        reference_kernels,
    )
    with progress_bar(f"firmware {board}") as show:
        announce = say if container else (lambda command: None)
        built = esp32.build(request, found, progress=show, announce=announce)
    for line in esp32.told(built):
        say(line)


class ArchName(StrEnum):
    """The architectures of native modules, as MicroPython calls them."""

    x64 = "x64"
    rv32imc = "rv32imc"
    armv6m = "armv6m"
    armv7emsp = "armv7emsp"
    xtensawin = "xtensawin"


@firmware.command()
def native(
    arch: Annotated[
        list[ArchName] | None,
        typer.Option(help="Of the chip; may be repeated. Without it: all that can be built here."),
    ] = None,
    ops_from: OpsFromOption = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Lay them out here too: a folder each, for mip."),
    ] = None,
) -> None:
    """Build the native module tflm.mpy, for a stock MicroPython: one file to copy."""
    from tinycnn.errors import MissingToolError
    from tinycnn.files import need_writable, read_bytes
    from tinycnn.firmware.native import build_native
    from tinycnn.firmware.release import write_release
    from tinycnn.tflite.native import native_ops

    if output is not None:
        need_writable(output)
    chosen = native_ops({path: read_bytes(path) for path in ops_from}) if ops_from else None
    made, missing = [], []
    for name in arch or list(ArchName):
        try:
            with progress_bar(name.value) as show:
                built = build_native(name.value, ops=chosen, progress=show)
        except MissingToolError as error:
            missing.append(f"{name.value}: {error}")
            continue
        made.append(built)
        say(f"{name.value} {built.size:,} bytes: {built.path}")
    for line in missing[:-1]:
        say_error(line)
    if missing and (arch or len(missing) == len(ArchName)):
        raise UserError(missing[-1])
    if missing:
        say_error(missing[-1])
    if output is not None:
        say(f"{write_release(output, made)}")


@app.command(context_settings={"allow_interspersed_args": False})
def simulate(
    script: Annotated[
        Path | None,
        typer.Argument(metavar="SCRIPT", help="A MicroPython script; without one, the REPL."),
    ] = None,
    args: Annotated[
        list[str] | None, typer.Argument(metavar="ARGS", help="The script's arguments.")
    ] = None,
    target: TargetOption = TargetName.unix_hosted,
    ops: OpsOption = None,
    ops_from: OpsFromOption = None,
    port: PortOption = None,
    qemu: QemuOption = None,
    image: ImageOption = None,
    icount: Annotated[
        bool,
        typer.Option(
            "--icount", help="Count instructions: a thousand are a microsecond; qemu-* only."
        ),
    ] = False,
    build_only: Annotated[
        bool, typer.Option("--build-only", help="Build the target, say what it is, run nothing.")
    ] = False,
) -> None:
    """Run a script, or the REPL, on a target; the exit status is the script's."""
    from tinycnn.files import BUILD, need_writable, stage
    from tinycnn.targets.flash import FLASH, flash_files
    from tinycnn.targets.targets import Choice, build_target, facts

    speak(err=True)
    if script is not None and not script.is_file():
        raise UserError(f"there is no script {script}")
    need_writable(BUILD)
    chosen = _op_set(ops, ops_from) if ops or ops_from else None
    with progress_bar(target.value) as show:
        built = build_target(target.value, Choice(chosen, port, qemu, image), progress=show)
    if build_only:
        say(f"{built.program}\nMicroPython {built.micropython}\n{facts(built)}")
        return
    run = built.counted if icount else built.run
    if run is None:
        raise UserError(f"{target.value} cannot count instructions: --icount is for qemu-*")
    # A file that an argument names lies where the user is, which the script cannot see.
    given = {Path(word).name: Path(word) for word in args or [] if Path(word).is_file()}
    stage(FLASH, flash_files() | given)
    words = [Path(word).name if Path(word) in given.values() else word for word in args or []]
    sys.exit(run(script, words, flash=FLASH).status)


def _op_set(ops: str | None, ops_from: list[Path] | None) -> OpSet:
    """The ops that --ops or --ops-from ask for. Raises UserError if both do."""
    from tinycnn.files import read_bytes
    from tinycnn.tflite.check import need_runnable
    from tinycnn.tflite.ops import model_set, profile_set

    if not ops_from:
        return profile_set(ops or "cnn")
    if ops:
        raise UserError("--ops and --ops-from are two ways to say the same: give one of them")
    found = [need_runnable(read_bytes(path), path) for path in ops_from]
    names = {op.name for model in found for op in model.ops}
    return model_set(
        names,
        " and ".join(map(str, ops_from)),
        float32=not all(model.int8 for model in found),
        int16=any(model.int16 for model in found),
    )


def _name_and_folder(text: str) -> tuple[str, Path]:
    name, equals, folder = text.partition("=")
    if not (name and equals and folder):
        raise UserError(f"--from {text}: write it as NAME=DIR")
    return name, Path(folder)
