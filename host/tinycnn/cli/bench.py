"""The verb `bench`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinycnn.cli import app
from tinycnn.cli.bars import progress_bar
from tinycnn.cli.say import console, say, say_error
from tinycnn.cli.targets import ImageOption, QemuOption

if TYPE_CHECKING:
    from rich.table import Table

    from tinycnn.bench import Bench, Part, Row


class Counted(StrEnum):
    """Where instructions can be counted."""

    unix = "unix"
    qemu_rv32 = "qemu-rv32"
    qemu_esp32 = "qemu-esp32"
    qemu_esp32c3 = "qemu-esp32c3"


@app.command()
def bench(
    models: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[MODEL.tflite]...", help="Models. Without any: eight of ours."),
    ] = None,
    target: Annotated[
        Counted,
        typer.Option(
            help="unix: this machine, counted by valgrind; qemu-rv32: a bare RISC-V machine; "
            "qemu-esp32, qemu-esp32c3: emulated chips."
        ),
    ] = Counted.unix,
    qemu: QemuOption = None,
    image: ImageOption = None,
) -> None:
    """Count the instructions of models with TFLM's kernels, Espressif's and ours."""
    from tinycnn.bench import measure, write
    from tinycnn.bench.models import read_model
    from tinycnn.files import BUILD, need_writable
    from tinycnn.targets.targets import Choice

    need_writable(BUILD)
    given = [read_model(path) for path in models or ()]
    with progress_bar(f"bench {target.value}") as show:
        found = measure(target.value, given, Choice(qemu=qemu, image=image), progress=show)
    _print(found)
    say(write(found))


def _print(found: Bench) -> None:
    from tinycnn.cli.tables import print_table
    from tinycnn.text import short_commit

    print_table(console(), _table(found))
    for part in found.parts:
        if part.flash:
            parts = ", ".join(f"{name} {size:,}" for name, size in part.flash.items() if size)
            say(f"flash with {part.kernels}: {sum(part.flash.values()):,} bytes: {parts}")
        count = part.rows[0].count
        made_by = f", {part.compiler}" if part.compiler else ""
        say(
            f"counted with {part.kernels}: MicroPython {count.micropython}, "
            f"TFLM {short_commit(count.tflm)}{made_by}"
        )
        for line in part.refused:
            say_error(line)


def _table(found: Bench) -> Table:
    """A model's rows beneath each other, one for each part."""
    from rich.table import Table

    table = Table(title=f"Instructions on {found.target}", title_justify="left")
    table.add_column("model")
    table.add_column("kernels")
    for heading in (
        "model B", "multiply-acc.", "load", "invoke", "each m.-a.", "predict", "raw, argmax",
        "arena B", "heap B",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for name in dict.fromkeys(row.model for part in found.parts for row in part.rows):
        for part in found.parts:
            for row in part.rows:
                if row.model == name:
                    table.add_row(*_cells(part, row))
    return table


def _cells(part: Part, row: Row) -> list[str]:
    count = row.count
    return [
        row.model,
        part.kernels,
        f"{row.bytes:,}",
        f"{row.macs:,}",
        f"{count.load:,}",
        f"{count.invoke:,}",
        "" if row.per_mac is None else f"{row.per_mac:.1f}",
        *("no room" if each is None else f"{each:,}" for each in (count.predict, count.raw)),
        f"{count.arena:,}",
        f"{count.heap:,}",
    ]
