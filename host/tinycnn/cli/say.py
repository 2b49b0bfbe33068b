"""What is said to the user: each line free of what a terminal would act upon."""

from __future__ import annotations

from typing import IO

import typer
from rich.console import Console

from tinycnn.text import printable

_LONGEST = 2000
"""Characters of a line: enough for any of ours, and an end to any from outside."""


def say(text: object, *, err: bool = False) -> None:
    """Print the lines of `text`, with what came from outside made harmless."""
    for line in str(text).split("\n"):
        typer.echo(printable(line, _LONGEST), err=err)


def say_error(error: object) -> None:
    """Print what is wrong, as the one line that it is."""
    typer.echo(f"tinycnn: {printable(str(error), _LONGEST)}", err=True)


def console(*, file: IO[str] | None = None, stderr: bool = False) -> Console:
    """A console for tables and bars: names with brackets or colons are no markup."""
    return Console(file=file, stderr=stderr, highlight=False, markup=False, emoji=False)
