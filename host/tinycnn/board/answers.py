"""What a board answers, checked against what was asked: a value of the kind, or an error.

A kind is a function that takes a literal and returns it, or raises ValueError. What is
made of kinds is one too.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeVar

from tinycnn.text import printable

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
Kind = Callable[[Any], T]

_MOST = 1 << 40
"""No size of a board is larger: bytes, blocks, versions."""

_LONGEST = 80  # characters of a name or of a line about the board


def find_answer(said: str, kind: Kind[T]) -> T:
    """The last line of `said` that is a Python literal of that kind.

    Not just the last line: a timer or a thread of the board's may print too.
    Raises ValueError if there is none.
    """
    for line in reversed(said.splitlines()):
        try:
            return kind(ast.literal_eval(line.strip()))
        # What a literal can be that no program wrote: too deep, too many digits.
        except (ValueError, TypeError, LookupError, SyntaxError, MemoryError, RecursionError):
            continue
    raise ValueError("no such answer")


def size(value: Any) -> int:
    """A number of bytes or of things."""
    if type(value) is not int or not 0 <= value <= _MOST:
        raise ValueError(f"{value!r} is no size")
    return value


def text(value: Any) -> str:
    """A short text, fit to be shown."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return printable(value, _LONGEST)


def record(value: Any) -> dict[str, Any]:
    """Things by their names; what they are is to be checked."""
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no record")
    return value


def sequence_of(kind: Kind[T], length: int | None = None) -> Kind[tuple[T, ...]]:
    """A list or a tuple, of `length` items if that is given."""

    def check(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list | tuple) or length not in (None, len(value)):
            raise ValueError(f"{value!r} is no such sequence")
        return tuple(kind(item) for item in value)

    return check


def pair_of(first: Kind[K], second: Kind[V]) -> Kind[tuple[K, V]]:
    """Two things."""

    def check(value: Any) -> tuple[K, V]:
        one, other = sequence_of(lambda item: item, 2)(value)
        return first(one), second(other)

    return check
