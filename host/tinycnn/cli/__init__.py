"""The `tinycnn` command: parse, call, print. No work is done here."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tinycnn import interrupt
from tinycnn.cli.say import say_error
from tinycnn.cli.words import speak
from tinycnn.errors import UserError, first_line

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        from tinycnn import __version__

        typer.echo(f"tinycnn {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Which version, and end."
        ),
    ] = False,
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
    """Run the command line; what the user can mend is one line on stderr and exit status 2."""
    # Imported here so that each verb's module may import `app` from this one.
    from tinycnn.cli import bench, board, check, demo, draw, pipeline, targets  # noqa: F401

    # A shell's >&- leaves none.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal of ASCII gets a ?, not a traceback
    speak()
    with interrupt.prompt():
        try:
            try:
                app()
            finally:
                sys.stdout.flush()
        except UserError as error:
            _fail(error)
        except MemoryError as error:
            what = first_line(error).rpartition(" with shape")[0] or "more than there is"
            _fail(f"out of memory ({what}): take fewer or smaller images, or another machine")
        except OSError as error:
            # A disk that is full or must not be written, a limit of this machine: nothing
            # of ours to look for in a traceback.
            if error.filename is None and error.errno not in _OUTSIDE:
                raise
            _fail(_told(error))


_OUTSIDE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENOMEM}


def _told(error: OSError) -> str:
    place = "" if error.filename is None else f" ({error.filename})"
    room = ": make room, or set TMPDIR to a folder that has some"
    return f"{error.strerror}{place}{room if error.errno in (errno.ENOSPC, errno.EDQUOT) else ''}"


def _fail(told: object) -> NoReturn:
    with contextlib.suppress(OSError):
        say_error(told)
    if not sys.stdout.closed:
        try:
            sys.stdout.flush()
        except OSError:  # what it did not take, it will not take when Python ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(2)
