"""Progress on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from tinycnn.cli.say import console
from tinycnn.progress import Progress
from tinycnn.text import printable


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """One bar while the block runs, gone afterwards; nothing without a terminal.

    Drawn on stdout, since TensorFlow's chatter is kept from stderr while it works;
    on stderr only if stdout leads elsewhere.
    """
    # sys.stdout as it is now: while TensorFlow works, the name stands for another.
    shown = console(file=sys.stdout)
    if not shown.is_terminal:
        shown = console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Bars(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bars:
        task = bars.add_task(title, total=None)

        def progress(message: str, done: int, total: int) -> None:
            # A guessed total may be too small: never show more than all.
            limit = max(done, total) if total else None
            bars.update(
                task, description=printable(f"{title}: {message}"), completed=done, total=limit
            )

        yield progress
