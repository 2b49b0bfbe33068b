"""How data are to be read: what `--data` alone does not say."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tinycnn.errors import UserError

SPLITS = ("random", "sequential")
TASKS = ("classes", "regression")

_LARGEST = 4095
"""A side of what is made of a picture: no more fits a board, by far."""


@dataclass(frozen=True)
class Reading:
    """Options of data; what is empty or None is left to the kind of data.

    size    (width, height) that pictures of a folder are made
    gray    pictures become gray
    shape   of one row of a CSV file, without the channel of a gray image
    label   the column of a CSV file that is y: its name, or its number from 1 on
    split   "random" or "sequential"
    scale   what raw values are divided by: "none", a number, or "" for the largest absolute one
    task    "classes" or "regression"
    rank    dimensions of one x: 3 for images (h, w, c), 2 for windows (steps, channels), 1
    """

    size: tuple[int, int] | None = None
    gray: bool = False
    shape: tuple[int, ...] = ()
    label: str = ""
    split: str = ""
    scale: str = ""
    task: str = "classes"
    rank: int = 3

    def but(self, **given: Any) -> Reading:
        """With what is `given`, where it is not None. Raises UserError if that cannot be."""
        made = replace(self, **{name: what for name, what in given.items() if what is not None})
        if made.split not in ("", *SPLITS):
            raise UserError(f"--split must be {' or '.join(SPLITS)}, not {made.split}")
        if made.task not in TASKS:
            raise UserError(f"--task must be {' or '.join(TASKS)}, not {made.task}")
        made.divisor(1.0)
        return made

    def divisor(self, largest: float) -> float:
        """What raw values are divided by, the largest absolute one of which is `largest`."""
        if not self.scale:
            return largest
        if self.scale == "none":
            return 1.0
        try:
            number = float(self.scale)
        except ValueError:
            number = math.nan
        if not 1e-30 < number < 1e30:
            raise UserError(f"--scale must be none or a number above 0, not {self.scale}")
        return number

    def suiting(self, path: Path | None, takes: tuple[int | None, ...]) -> Reading:
        """For a model that `takes` such an x, of what is in `path`; what is told stays."""
        made = self.but(rank=min(max(len(takes), 1), 3))
        known = tuple(size for size in takes if size is not None)
        if path is None or known != takes or len(takes) > 3:
            return made
        if path.is_dir() and len(known) == 3:
            height, width, channels = known
            return made.but(size=self.size or (width, height), gray=self.gray or channels == 1)
        return made.but(shape=self.shape or known) if is_table(path) else made

    @property
    def regression(self) -> bool:
        """Whether y are numbers that the model should give, no classes."""
        return self.task == "regression"

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> Reading:
        """Of what asdict() made, as JSON gives it back."""
        size = facts["size"]
        shapes = {"size": None if size is None else tuple(size), "shape": tuple(facts["shape"])}
        return cls(**facts | shapes)


@dataclass(frozen=True)
class Origin:
    """Where data came from: an absolute path, or "" for the digits, and how they were read."""

    path: str = ""
    reading: Reading = Reading()

    def of(self, path: Path | None) -> bool:
        """Whether `path`, as a user gave it, is this one."""
        return path is not None and str(path.absolute()) == self.path

    def suiting(self, takes: tuple[int | None, ...]) -> Origin:
        """The same, for a model that `takes` such an x."""
        path = Path(self.path) if self.path else None
        return replace(self, reading=self.reading.suiting(path, takes))

    def as_dict(self) -> dict[str, Any]:
        """For a record in JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> Origin:
        """Of what as_dict() made."""
        return cls(facts["path"], Reading.from_dict(facts["reading"]))


DIGITS = Origin()
"""The article's digits, as they are."""


def is_table(path: Path) -> bool:
    """Whether a file is one of `table.read_table`, by its name."""
    return path.suffix.lower() in (".csv", ".tsv")


def shape_of(text: str, option: str, sides: tuple[int, ...]) -> tuple[int, ...]:
    """A shape as one types it, "28x28"; UserError unless it has so many `sides`."""
    parts = text.split("x")
    numbers = [int(part) for part in parts if re.fullmatch(r"[0-9]{1,9}", part)]
    if len(numbers) != len(parts) or len(parts) not in sides or 0 in numbers:
        raise UserError(f"{option} must be like {_likes(sides)}, not {text}")
    if option == "--size" and max(numbers) > _LARGEST:
        raise UserError(f"{option} {text} is larger than {_LARGEST}")
    return tuple(numbers)


def _likes(sides: tuple[int, ...]) -> str:
    return " or ".join("x".join(["28", "28", "3"][:n]) for n in sides)
