"""Verbs for a board on a port: doctor, flash, deploy."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinycnn import interrupt
from tinycnn.cli import app
from tinycnn.cli.bars import progress_bar
from tinycnn.cli.say import say, say_error
from tinycnn.errors import UserError
from tinycnn.text import short_commit

if TYPE_CHECKING:
    from tinycnn.board.doctor import Diagnosis
    from tinycnn.board.flash import Plan
    from tinycnn.board.native import Standing

PortOption = Annotated[
    str | None,
    typer.Option(metavar="PORT", help="Device or pyserial URL. Without it: the only board."),
]

REBOOT_SECONDS = 120  # a first start makes the file system, which may take one minute
RESET_BY_HAND_SECONDS = 240


@app.command()
def doctor(port: PortOption = None) -> None:
    """Look at the board and say what to do next; status 1 if there is something to do."""
    from tinycnn.board.doctor import examine
    from tinycnn.board.ports import choose_port, describe
    from tinycnn.files import board_files

    name = choose_port(port)
    _tell("port", describe(name))  # at once: the rest may take its time
    try:
        files = board_files()
    except UserError:
        files = {}  # nothing was made yet: that is no reason not to look at the board
    found = examine(name, files)
    for title, text in _report(found):
        _tell(title, text)
    sys.exit(0 if found.ready else 1)


def _tell(title: str, text: str) -> None:
    say(f"{title:<12}{text}")


_STATES = {
    "same": "",
    "other": " (differs)",
    "missing": " (missing)",
    "rom": " (in ROMFS)",
    "frozen": " (in the firmware)",
}


def _report(found: Diagnosis) -> list[tuple[str, str]]:
    lines = []
    board = found.board
    if board is not None and found.tflm is not None:
        flash = f"{board.flash >> 20} MB flash, " if board.flash else ""
        files = f"{board.files_free >> 10} of {board.files_size >> 10} KB free for files"
        if not board.files_size:
            files = "no file system"
        lines += [
            ("board", board.machine),
            ("firmware", board.version),
            ("memory", f"{flash}{files}, {board.heap_free >> 10} KB of heap free"),
            ("tflm", _engine(found.tflm)),
        ]
        have = ", ".join(name + _STATES[state] for name, state in found.files.items())
        if own := [name for name in board.models if name not in found.files]:
            lines.append(("models", ", ".join(own)))
        lines.append(("files", have or "none to deploy yet: run `tinycnn demo`"))
    elif found.chip is not None:
        lines += [("chip", str(found.chip)), ("firmware", "no MicroPython answers")]
    elif found.silence is not None:
        lines.append(("firmware", found.silence.why))
    return [*lines, ("next", found.advice)]


def _engine(found: Standing) -> str:
    """What of `tflm` a board has."""
    tflm = found.tflm
    if tflm is None:
        return found.trouble if found.file else "not in this firmware"
    where = f"engine {tflm.engine} {short_commit(tflm.commit)}"
    if found.native and found.file is not None:
        where = f"native module {found.file.path}"
    return f"{tflm.version}, {where}, {len(tflm.ops)} ops"


@app.command()
def flash(
    port: PortOption = None,
    image: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Firmware. Without it: the newest in build/images."),
    ] = None,
    erase_all: Annotated[
        bool, typer.Option("--erase-all", help="Erase the whole flash first, files too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    baud: Annotated[int, typer.Option(metavar="N", help="Speed of the transfer.")] = 460800,
) -> None:
    """Put firmware on a board, verify it, and wait for MicroPython's prompt."""
    from tinycnn.board import flash as flashing
    from tinycnn.board import image as images
    from tinycnn.board import loader as loaders
    from tinycnn.board.ports import choose_port, has_reset_line
    from tinycnn.board.repl import wait_for_repl

    given = images.read_image(image) if image is not None else None
    name = choose_port(port)
    with loaders.connect(name, baud) as loader:
        say(f"{name}: {loader.chip}")
        plan = flashing.plan_flash(
            loader.chip, given or images.find_image(loader.chip.name), erase_all=erase_all
        )
        say(f"{plan.image.path}: {len(plan.image.data)} bytes at {plan.image.address:#x}")
        _agree(plan, yes)
        start = time.monotonic()
        try:
            with progress_bar("flash") as show:
                flashing.write_plan(loader, plan, show)
        except KeyboardInterrupt as stop:
            say_error(stop)
            interrupt.told()
            raise
    say(f"written and verified in {time.monotonic() - start:.0f} s")
    wait = REBOOT_SECONDS
    if not has_reset_line(name):
        wait = RESET_BY_HAND_SECONDS
        say(f"{name} has no reset line: reset the board now, out of download mode")
    else:
        say(f"{name} starts: a first time it makes its file system, up to a minute")
    say(f"{wait_for_repl(name, wait, 30)} answers; next: tinycnn deploy")


def _agree(plan: Plan, yes: bool) -> None:
    """Ask, unless told not to. Raises UserError if the answer is no, or nobody is there."""
    say(f"This {plan}.")
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("nothing written: say --yes, since nobody can be asked here")
    if not typer.confirm("Go on?"):
        raise UserError("nothing written")


@app.command()
def deploy(
    port: PortOption = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FILE.tflite", help="This model. Without it: device/'s, or demo's."),
    ] = None,
    module: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.mpy|DIR",
            help="This tflm.mpy, or that of this release, for stock firmware.",
        ),
    ] = None,
) -> None:
    """Copy the model and device/'s files to a board, as far as they differ."""
    from tinycnn.board import deploy as deploying
    from tinycnn.board.doctor import run_line
    from tinycnn.board.ports import choose_port
    from tinycnn.board.repl import connect
    from tinycnn.files import LABELS, board_files, read_bytes
    from tinycnn.tflite.divisor import told

    files = board_files(model)
    models = deploying.need_models(files)
    if module is not None and not module.is_dir():
        read_bytes(module)  # before a board is looked for
    name = choose_port(port)
    with connect(name) as board, progress_bar("deploy") as show:
        done = deploying.deploy(board, files, show, module)
    if brought := done.brought:
        alone = ", with just the ops of this model for want of memory"
        say(f"{brought.place}: copied, since {brought.why}{'' if brought.module.whole else alone}")
    elif module is not None:
        say(f"{module}: there already")
    for file in files:
        arena = f", arena of {done.arenas[file]} bytes" if file in done.arenas else ""
        state = "copied" if file in done.copied else "there already"
        say(f"{file}: {state}{arena}")
        if file in models:
            say(f"  {told(models[file].divisor)}")
    own = model.name if model is not None and model.name not in board_files() else None
    say(f"{done.free >> 10} KB free; next: {run_line(name, own, labels=LABELS in files)}")


@app.command()
def romfs(
    models: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[MODEL.tflite]...", help="Models. Without any: deploy's."),
    ] = None,
    output: Annotated[
        Path, typer.Option(metavar="FILE.romfs", help="Where the image goes.")
    ] = Path("build/models.romfs"),
) -> None:
    """Pack models for the board's ROMFS, where they run from flash without a copy."""
    from tinycnn.board import romfs as packing
    from tinycnn.files import board_files, models_in, need_model_name, need_writable, write_atomic

    for path in models or ():
        need_model_name(path)
    chosen = models_in({path.name: path for path in models} if models else board_files())
    if models and len(chosen) < len(models):
        raise UserError("two models have the same name: rename one")
    if output.suffix not in (".romfs", ".img"):
        raise UserError(f"--output {output}: mpremote wants a name that ends in .romfs")
    need_writable(output.parent)
    image = packing.model_image(chosen)
    write_atomic(output, image)
    for name in chosen:
        say(f"/rom/{name}")
    say(f"{output}: {len(image)} bytes; next: mpremote romfs deploy {output}")
