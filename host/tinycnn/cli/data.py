"""Options of data, shared by the verbs of the pipeline; a later verb knows those of `train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinycnn.cli.say import say
from tinycnn.files import shown

if TYPE_CHECKING:
    from tinycnn.pipeline.dataset import Dataset
    from tinycnn.pipeline.reading import Origin, Reading

DATA = "FOLDER|FILE"

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar=DATA,
        help="A folder of pictures for each class, a .csv or an .npz. Without it: digits.",
    ),
]
LaterData = Annotated[
    Path | None,
    typer.Option("--data", metavar=DATA, help="As for `train`. Without it: what that was given."),
]
AnyData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar=DATA,
        help="As for `train`; for --model also x, or x0 and x1, alone. "
        "Without it: what `train` was given, or for --model digits.",
    ),
]
Size = Annotated[
    str | None, typer.Option(metavar="WxH", help="Make pictures of a folder that large.")
]
Gray = Annotated[bool, typer.Option("--gray", help="Make pictures of a folder gray.")]
Shape = Annotated[
    str | None,
    typer.Option(metavar="64x3", help="Of a row of a .csv: 64 steps of 3 channels, or rows."),
]
Label = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="Of a .csv, by name or number. Without it: label, or the last."
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        metavar="random|sequential",
        help="Into parts. Without it: random for a folder, else sequential.",
    ),
]
Scale = Annotated[
    str | None,
    typer.Option(
        metavar="none|N",
        help="What values are divided by. Without it: the largest absolute value.",
    ),
]
Task = Annotated[
    str | None,
    typer.Option(metavar="classes|regression", help="What y is. Without it: classes."),
]


def options_of(
    size: str | None,
    gray: bool,
    shape: str | None,
    label: str | None,
    split: str | None,
    scale: str | None,
    task: str | None,
) -> dict[str, Any]:
    """What was typed of the options above, as `Reading` has it; nothing of what was not."""
    from tinycnn.pipeline.reading import shape_of

    given = {
        "size": None if size is None else shape_of(size, "--size", (2,)),
        "gray": gray or None,
        "shape": None if shape is None else shape_of(shape, "--shape", (1, 2, 3)),
        "label": label,
        "split": split,
        "scale": scale,
        "task": task,
    }
    return {name: what for name, what in given.items() if what is not None}


def origin_of(data: Path | None, given: dict[str, Any], build: Path) -> Origin:
    """Where the data of a later verb are: what was `given`, and the rest as `train` had it.

    Of data other than those of the model in `build`, all is as given.
    """
    from tinycnn.pipeline.reading import Origin, Reading
    from tinycnn.pipeline.train import find_trained

    trained = find_trained(build)
    if trained is not None and (data is None or trained.origin.of(data)):
        return Origin(trained.origin.path, trained.origin.reading.but(**given))
    return Origin("" if data is None else str(data), Reading().but(**given))


def load_origin(origin: Origin, title: str) -> Dataset:
    """The data, told of while they are read, with what was left out."""
    path = shown(Path(origin.path)) if origin.path else None
    return load_data(path, origin.reading, title)


def load_data(path: Path | None, reading: Reading, title: str) -> Dataset:
    """As `load_origin`."""
    from tinycnn.cli.bars import progress_bar
    from tinycnn.pipeline.dataset import load

    with progress_bar(title) as progress:
        found = load(path, reading, progress)
    tell_notes(found)
    return found


def tell_notes(data: Dataset) -> None:
    """What was left out of the data, on stderr."""
    for note in data.notes:
        say(f"tinycnn: {note}", err=True)
