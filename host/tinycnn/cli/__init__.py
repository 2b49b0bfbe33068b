"""The `tinycnn` command: parse, call, print. No work is done here."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from tinycnn.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Train, quantize and run small int8 neural networks in MicroPython on an ESP32.",
)


def main() -> None:
    """Run the command line; a UserError is one line on stderr and exit status 2."""
    # Imported here so that each verb's module may import `app` from this one.
    from tinycnn.cli import board, check, demo, pipeline, targets  # noqa: F401

    try:
        app()
    except UserError as error:
        Console(stderr=True, highlight=False).print(
            f"tinycnn: {error}", markup=False, soft_wrap=True
        )
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
