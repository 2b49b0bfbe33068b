"""Names of classes: in the order that people count in, and fit for a file of lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from tinycnn.arrays import Labels
from tinycnn.errors import UserError
from tinycnn.text import printable

LONGEST = 80


def natural(name: str) -> tuple[list[str | int], str]:
    """A key to sort by: "10" comes after "9", and capitals beside small letters."""
    parts = re.split(r"([0-9]+)", name)  # a number is at every odd place
    return [int(p) if at % 2 else p.casefold() for at, p in enumerate(parts)], name


def numbered(names: Sequence[str]) -> tuple[Labels, tuple[str, ...]]:
    """The class of each of `names`, int64 (n,), and the classes' names in natural order.

    Raises UserError for a name that is none.
    """
    order = tuple(sorted(set(names), key=natural))
    need_names(order)
    places = {name: at for at, name in enumerate(order)}
    return np.array([places[name] for name in names], np.int64), order


def need_names(names: Iterable[str]) -> None:
    """Raise UserError unless each can be a line of a file, and no two are the same."""
    seen = set()
    for name in names:
        shown = printable(name, LONGEST)
        if not name.strip():
            raise UserError("a class has no name")
        if shown != name:
            raise UserError(
                f"the class {shown!r} has a name that is too long, or has characters that cannot "
                f"be shown: at most {LONGEST}, on one line"
            )
        if name in seen:
            raise UserError(f"two classes have the name {name!r}")
        seen.add(name)


def lines_of(names: Iterable[str]) -> bytes:
    """The file `labels.txt` of these classes."""
    return "".join(f"{name}\n" for name in names).encode()
