"""How slow steps say how far they are: a function (what, done, total)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]
"""Called with what is being done and how much of it; a total of 0 is not known."""


def silent(what: str, done: int, total: int) -> None:
    """Say nothing."""


@contextmanager
def bars() -> Iterator[Progress]:
    """Progress bars on the terminal's stderr, one for each `what`."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    display = Bars(*columns, console=Console(stderr=True))

    def finish() -> None:
        for task in tasks.values():
            display.update(task, total=1, completed=1)

    def show(what: str, done: int, total: int) -> None:
        display.start()  # with nothing to show there is nothing on the terminal
        if what not in tasks:
            finish()  # one step at a time
            tasks[what] = display.add_task(what, total=None)
        # A guessed total may be too small: never show more than all.
        limit = max(done, total) if total else None
        display.update(tasks[what], completed=done, total=limit)

    try:
        yield show
        finish()
    finally:
        if tasks:
            display.stop()
