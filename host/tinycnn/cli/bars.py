"""Progress on the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from tinycnn.cli.say import console, say
from tinycnn.progress import Progress
from tinycnn.text import printable

LINE_SECONDS = 60
"""Between two lines in a log, which nobody watches."""


class _LinesNowAndThen:
    """Progress that is written to a file or a pipe: what has come so far, now and then."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._next = time.monotonic() + LINE_SECONDS

    def __call__(self, message: str, done: int, total: int) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LINE_SECONDS
        so_far = f" ({done} of {max(done, total)})" if total else ""
        say(f"{self._title}: {message}{so_far}", err=True)


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """One bar while the block runs, gone afterwards; without a terminal a line a minute.

    Drawn on stdout, since TensorFlow's chatter is kept from stderr while it works;
    on stderr only if stdout leads elsewhere.
    """
    # sys.stdout as it is now: while TensorFlow works, the name stands for another.
    shown = console(file=sys.stdout)
    if not shown.is_terminal:
        shown = console(stderr=True)
    if not shown.is_terminal:
        yield _LinesNowAndThen(title)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Bars(*columns, console=shown, transient=True) as bars:
        task = bars.add_task(title, total=None)

        def progress(message: str, done: int, total: int) -> None:
            # A guessed total may be too small: never show more than all.
            limit = max(done, total) if total else None
            bars.update(
                task, description=printable(f"{title}: {message}"), completed=done, total=limit
            )

        yield progress
