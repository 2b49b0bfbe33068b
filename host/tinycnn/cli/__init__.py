"""The `tinycnn` command: parse, call, print. No work is done here."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tinycnn.cli.say import say_error
from tinycnn.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def common(
    cache: Annotated[
        Path | None,
        typer.Option(
            envvar="TINYCNN_CACHE",
            metavar="DIR",
            help="Where sources and slow builds are kept. Without it: build/cache.",
        ),
    ] = None,
) -> None:
    """Train, quantize and run small int8 neural networks in MicroPython on an ESP32."""
    if cache is not None:
        os.environ["TINYCNN_CACHE"] = str(cache)  # what each room, and a child process, asks


def main() -> None:
    """Run the command line; a UserError is one line on stderr and exit status 2."""
    # Imported here so that each verb's module may import `app` from this one.
    from tinycnn.cli import board, check, demo, pipeline, targets  # noqa: F401

    try:
        app()
    except UserError as error:
        say_error(error)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
