"""Progress bars for steps that follow each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from tinycnn.progress import Progress


@contextmanager
def step_bars() -> Iterator[Progress]:
    """One bar for each message on the terminal's stderr; gone when all is done.

    Without a terminal, or without a call, nothing is shown.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bars = Bars(*columns, console=console, transient=True, disable=not console.is_terminal)

    def show(message: str, done: int, total: int) -> None:
        bars.start()
        if not any(task.description == message for task in bars.tasks):
            for task in bars.tasks:  # one step at a time: those before have ended
                bars.update(task.id, total=1, completed=1)
            bars.add_task(message, total=None)
        # A guessed total may be too small: never show more than all.
        limit = max(done, total) if total else None
        bars.update(bars.tasks[-1].id, completed=done, total=limit)

    try:
        yield show
    finally:
        if bars.tasks:
            bars.stop()
