"""Windows of signals in a CSV file: a row each, numbers and a label."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from tinycnn.arrays import Floats
from tinycnn.child import machine_memory
from tinycnn.errors import UserError
from tinycnn.files import need_regular
from tinycnn.pipeline.naming import numbered
from tinycnn.pipeline.reading import Reading
from tinycnn.progress import Progress, silent
from tinycnn.text import printable

LABEL = "label"
"""The column that is y, if there is one of that name and no other is asked for."""

_LINE = 1 << 22  # characters: more is no row of a window
_TOLD = 5000  # rows between two words about progress
_PER_VALUE = 9  # bytes: as read, as divided, and whether it is finite
_FLOAT32 = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Table:
    """x float32 (n, ...) of the shape asked for; y (n,) classes, or float32; their names."""

    x: Floats
    y: npt.NDArray[Any]
    labels: tuple[str, ...]


def read_table(path: Path, reading: Reading, progress: Progress = silent) -> Table:
    """The rows of a CSV file, in their order; no more of it is held than its numbers.

    Cells are parted by commas, semicolons or tabs, whichever the first row has most of. It is a
    header if it has the label's name in it, if a cell beside the label is no number, or if those
    count 0, 1, 2. y is the column of `reading.label`, else that called `label`, else the last.
    Raises UserError, with the line, for a cell that is no number.
    """
    need_regular(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(file, path, reading, progress)
    except UnicodeDecodeError:
        raise UserError(f"{path} is no CSV file: its text is not in UTF-8") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def _read(file: TextIO, path: Path, reading: Reading, progress: Progress) -> Table:
    rows = _rows(file, path)
    line, first = next(rows, (0, []))
    if len(first) < 2:
        raise UserError(f"{path} is no CSV file: its rows need a value and a label at least")
    header, at = _label_column(first, reading.label, path)
    values, targets, names = array("f"), array("f"), list[str]()
    shared: dict[str, str] = {}  # a name once, however many rows have it
    width, most = len(first), machine_memory() // _PER_VALUE
    size = path.stat().st_size

    def take(line: int, row: Sequence[str]) -> None:
        if len(row) != width:
            raise UserError(f"{path}, line {line}: {len(row)} cells, the first row has {width}")
        for column, cell in enumerate(row):
            if column != at:
                values.append(_number(cell, path, line, column))
        if reading.regression:
            targets.append(_number(row[at], path, line, at))
        else:
            name = _name(row[at])
            if not name:
                raise UserError(f"{path}, line {line}: no label in column {at + 1}")
            names.append(shared.setdefault(name, name))

    if not header:
        take(line, first)
    for count, (line, row) in enumerate(rows):
        take(line, row)
        if count % _TOLD == 0:
            if len(values) > most:
                raise UserError(f"{path} has more values than this machine's memory holds")
            progress(f"line {line}", min(file.buffer.tell(), size), size)
    if not values:
        raise UserError(f"{path} has no rows below its header")
    x = np.frombuffer(values, np.float32).reshape(-1, width - 1)
    shape = reading.shape or (width - 1,)
    if math.prod(shape) != width - 1:
        asked = "x".join(map(str, shape))
        raise UserError(
            f"{path} has {width - 1} values in a row, and {asked} is {math.prod(shape)}: "
            "look at --shape"
        )
    if not reading.shape and reading.rank == 3:
        raise UserError(
            f"{path} has rows of {width - 1} values, and the network takes images: "
            f"{_as_image(width - 1)}`tinycnn train --model FILE.keras` takes a network of signals"
        )
    x = x.reshape(-1, *shape)
    if reading.regression:
        return Table(x, np.frombuffer(targets, np.float32), ())
    fractions = [name for name in shared if not name.lstrip("+-").isdigit()]
    if fractions and all(map(_is_number, shared)):
        raise UserError(
            f"{path}: labels are numbers like {printable(fractions[0], 40)}: if the model is to "
            "give them, say --task regression; else call the classes otherwise"
        )
    try:
        return Table(x, *numbered(names))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _as_image(values: int) -> str:
    """How so many values may be an image, the nearest to a square; "" if they are none."""
    sides = [side for side in range(4, math.isqrt(values) + 1) if values % side == 0]
    return f"say --shape {sides[-1]}x{values // sides[-1]}, as rows and columns; " if sides else ""


def _rows(file: TextIO, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows that have something in them, with the number of the line that each ends in."""
    first = ""

    def lines() -> Iterator[str]:
        nonlocal first
        while text := file.readline(_LINE):
            if len(text) == _LINE and not text.endswith("\n"):
                raise UserError(f"{path} is no CSV file: it has a line without an end")
            yield text

    each = lines()
    first = next(each, "")
    counts = {mark: first.count(mark) for mark in ",;\t"}
    delimiter = max(counts, key=lambda mark: counts[mark])
    try:
        yield from _parsed(first, each, delimiter)
    except csv.Error as error:
        raise UserError(f"{path} is no CSV file: {error}") from None


def _parsed(first: str, rest: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    def every() -> Iterator[str]:
        yield first
        yield from rest

    rows = csv.reader(every(), delimiter=delimiter)
    for row in rows:
        if any(cell.strip() for cell in row):
            yield rows.line_num, row


def _label_column(first: Sequence[str], asked: str, path: Path) -> tuple[bool, int]:
    """Whether the first row is a header, and where the label is."""
    names = [cell.strip() for cell in first]
    wanted = asked or next((name for name in names if name.lower() == LABEL), LABEL)
    at = len(first) - 1
    if wanted in names and names.count(wanted) > 1:
        raise UserError(f"{path} has more than one column called {printable(wanted, 80)}")
    named = wanted in names and not (asked.isascii() and asked.isdigit())
    if named:
        at = names.index(wanted)
    elif asked.isascii() and asked.isdigit() and 1 <= int(asked[:9]) <= len(first):
        at = int(asked[:9]) - 1
    elif asked:
        told = printable(", ".join(names), 100)
        raise UserError(f"{path} has no column {printable(asked, 80)}: the first row is {told}")
    others = [cell for i, cell in enumerate(names) if i != at]
    counted = others == [str(i) for i in range(len(others))]  # as pandas calls columns
    header = named or (counted and len(others) > 1) or not all(map(_is_number, others))
    if header and "" in names:
        raise UserError(
            f"{path}: column {names.index('') + 1} has no name; if it counts the rows, leave it "
            "out (index=False in pandas)"
        )
    return header, at


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # which Python would take


def _number(cell: str, path: Path, line: int, column: int) -> float:
    value = float(cell) if _is_number(cell) else math.nan
    if not abs(value) <= _FLOAT32:  # NaN neither
        shown = printable(cell.strip(), 40)
        why = "is beyond float32" if math.isfinite(value) else "is no number"
        raise UserError(f"{path}, line {line}: '{shown}' in column {column + 1} {why}")
    return value


def _name(cell: str) -> str:
    """A label as it is called: 3.0 is 3, as programs write it that know no whole numbers."""
    name = cell.strip()
    whole, point, rest = name.partition(".")
    return whole if point and whole.isdigit() and not rest.strip("0") else name
