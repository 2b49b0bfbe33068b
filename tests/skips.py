"""Honest skips: for want of upstream sources or of a tool, each with its remedy, or because
a target is not made for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from tinycnn.errors import SourceError

SOURCES, TOOLS, TARGET = "upstream sources: ", "tools: ", "not on this target: "
"""How the reason of a skip begins; what is wanting and the remedy follow."""


@contextmanager
def or_skip(*also: type[Exception]) -> Iterator[None]:
    """A block in which a SourceError, or one of `also`, skips the test; it says what to do."""
    try:
        yield
    except (SourceError, *also) as error:
        pytest.skip(f"{SOURCES if isinstance(error, SourceError) else TOOLS}{error}")


def told(reasons: Iterable[str]) -> list[tuple[str, bool]]:
    """A line for each reason, the most frequent first; and whether it is none to skip for."""
    lines = []
    for reason, count in Counter(reasons).most_common():
        wrong = not reason.startswith((SOURCES, TOOLS, TARGET))
        lines.append((f"{count} skipped{', WHICH NONE MAY' if wrong else ''}: {reason}", wrong))
    return lines
