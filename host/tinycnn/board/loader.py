"""The ROM loader of a chip, by esptool as a library."""

from __future__ import annotations

import contextlib
import struct
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import esptool
import serial
from esptool.logger import TemplateLogger, log
from esptool.util import FatalError, flash_size_bytes

from tinycnn.board.line import SHOWN, Line, LostError, lost
from tinycnn.board.ports import has_reset_line, open_error
from tinycnn.errors import TargetError, first_line
from tinycnn.progress import Progress, silent
from tinycnn.text import printable

ROM_BAUD = 115200
FAST_BAUD = 460800

_SYNC_ATTEMPTS = 4
_SYNC_SECONDS = 15.0
_START_SECONDS = 30.0  # for the stub and what it tells; it takes two
_WRITE_SECONDS = 300.0  # for the erasing; and beside that
_SLOWEST = 2000  # bytes written in a second

# What comes out of esptool when the chip goes away or talks nonsense.
_LOST = (
    FatalError,
    RuntimeError,
    OSError,
    termios.error,
    struct.error,
    ValueError,
    LookupError,
    TypeError,
)


class NoLoaderError(LostError):
    """The chip does not answer esptool."""


@dataclass(frozen=True)
class Chip:
    """What the ROM loader tells. `flash` is the size of its flash in bytes, 0 if unknown."""

    name: str
    description: str
    mac: str
    flash: int

    def __str__(self) -> str:
        size = f"{self.flash >> 20} MB of flash" if self.flash else "flash of unknown size"
        return f"{self.description}, MAC {self.mac}, {size}"


class Loader:
    """A chip in its ROM loader, esptool's stub running. Made by `connect`."""

    def __init__(self, port: str, esp: Any) -> None:
        self.port = port
        self._esp = esp
        size = esptool.detect_flash_size(esp)
        self.chip = Chip(
            name=str(esp.CHIP_NAME),
            description=str(esp.get_chip_description()),
            mac=":".join(f"{byte:02x}" for byte in esp.read_mac()),
            flash=flash_size_bytes(size) if size else 0,
        )

    def write(self, data: bytes, address: int, *, erase_all: bool, progress: Progress) -> None:
        """Write `data` at `address`, and compare the flash's MD5 with it.

        Raises TargetError if the board goes away or does not hold what was written.
        """
        _log().progress = progress
        seconds = _WRITE_SECONDS + len(data) / _SLOWEST
        with _guarded(self._esp._port, "the whole image in the flash", seconds):
            esptool.write_flash(self._esp, [(address, data)], erase_all=erase_all)


@contextlib.contextmanager
def connect(port: str, baud: int = FAST_BAUD) -> Iterator[Loader]:
    """Reset the chip on `port` into its ROM loader and talk to it with `baud`.

    At the end the chip is reset again, to run what is in its flash, if the port has a
    line for that.

    Raises TargetError if `port` cannot be opened, NoLoaderError if no chip answers.
    """
    _log().progress = silent
    esp = _detected(port)
    try:
        try:
            loader = _started(esp._port, esp, baud)
        except TargetError:
            # A byte lost on the way up: it is worth a second time, from the start.
            esp._port.close()
            esp = _detected(port)
            loader = _started(esp._port, esp, baud)
        yield loader
    finally:
        # Whatever went wrong: let the board run what it has.
        with contextlib.suppress(*_LOST):
            if has_reset_line(port):
                esp.hard_reset()
        esp._port.close()


def _opened(port: str) -> Line:
    try:
        return Line(port, serial.serial_for_url(port, ROM_BAUD, exclusive=True))
    except (OSError, ValueError, termios.error) as error:
        raise open_error(port, error) from None


def _detected(port: str) -> Any:
    """esptool's object for the chip on `port`, which is in its ROM loader."""
    before = "default-reset" if has_reset_line(port) else "no-reset"
    line = _opened(port)
    try:
        with line.limit("a ROM loader's answer", _SYNC_SECONDS):
            return esptool.detect_chip(line, ROM_BAUD, before, connect_attempts=_SYNC_ATTEMPTS)
    except (*_LOST, LostError) as error:
        line.close()
        why = error.why if isinstance(error, LostError) else first_line(error).rstrip(".")
        raise NoLoaderError(
            f"no ESP32 chip answers on {port} ({printable(why)})",
            "hold its BOOT button, press and release RESET, release BOOT, and repeat",
        ) from None
    except BaseException:
        line.close()
        raise


def _started(line: Line, esp: Any, baud: int) -> Loader:
    """The chip with esptool's stub running and its flash known."""
    with _guarded(line, "the chip's flash loader", _START_SECONDS):
        if not esp.IS_STUB:
            esp = esptool.run_stub(esp)
        esptool.attach_flash(esp)
        if baud != ROM_BAUD:
            esp.change_baud(baud)
        return Loader(line.name, esp)


@contextlib.contextmanager
def _guarded(line: Line, what: str, seconds: float) -> Iterator[None]:
    """A block in which esptool talks: it ends in `seconds`, and its errors become ours."""
    try:
        with line.limit(what, seconds):
            yield
    except LostError:
        raise
    except _LOST as error:
        why = f"lost the chip on {line.name} ({printable(first_line(error), SHOWN)})"
        raise lost(line.name, why) from None


@cache
def _log() -> _Log:
    """Our logger, installed in esptool: once, since a second time it refuses."""
    made = _Log()
    log.set_logger(made)
    return made


class _Log(TemplateLogger):  # type: ignore[misc]
    """esptool's way to have its messages elsewhere; errors come as exceptions too."""

    progress: Progress = staticmethod(silent)

    def print(self, *args: Any, **kwargs: Any) -> None:
        pass

    def note(self, message: str) -> None:
        pass

    def warning(self, message: str) -> None:
        pass

    def error(self, message: str) -> None:
        pass

    def stage(self, finish: bool = False) -> None:
        pass

    def progress_bar(
        self,
        cur_iter: int,
        total_iters: int,
        prefix: str = "",
        suffix: str = "",
        bar_length: int = 30,
    ) -> None:
        self.progress(prefix.strip(), cur_iter, total_iters)

    def set_verbosity(self, verbosity: str) -> None:
        pass
