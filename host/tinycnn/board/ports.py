"""Which serial port a board is on, and why a port cannot be opened."""

from __future__ import annotations

import errno
import grp
import os
from dataclasses import dataclass
from pathlib import Path

import serial
from serial.tools import list_ports

from tinycnn.errors import TargetError, first_line
from tinycnn.text import printable

# USB vendors whose serial ports ESP32 boards have.
_VENDORS = {
    0x303A: "Espressif",
    0x10C4: "Silicon Labs CP210x",
    0x1A86: "WCH CH340/CH910x",
    0x0403: "FTDI",
    0x067B: "Prolific PL2303",
}


@dataclass(frozen=True)
class Port:
    """A USB serial port. `likely`: its vendor is one that ESP32 boards have."""

    device: str
    description: str
    likely: bool

    def __str__(self) -> str:
        return f"{self.device} ({self.description})"


def find_ports() -> list[Port]:
    """The USB serial ports of this machine, by name.

    Only those of vendors that ESP32 boards have, unless there is none of them.
    """
    found = []
    for info in sorted(list_ports.comports(), key=lambda info: str(info.device)):
        if info.vid is None:
            continue  # a serial port of the machine itself, or a modem
        vendor = _VENDORS.get(info.vid, info.manufacturer or "USB serial port")
        text = f"{vendor}, {info.vid:04X}:{info.pid or 0:04X}"
        found.append(Port(info.device, text, info.vid in _VENDORS))
    return [port for port in found if port.likely] or found


def choose_port(name: str | None) -> str:
    """`name`, or without one the only board there is.

    Raises TargetError if there is none, or several.
    """
    if name is not None:
        if not name.strip():
            raise TargetError("--port names no port: leave it out, or name one")
        return name
    found = find_ports()
    if not found:
        raise TargetError(
            "no board found: plug one in with a USB cable that carries data, "
            "or name its port with --port"
        )
    if len(found) > 1:
        listed = ", ".join(map(str, found))
        raise TargetError(f"{len(found)} boards found, choose one with --port: {listed}")
    return found[0].device


def describe(port: str) -> str:
    """`port` and, if it is a USB one, of whom it is."""
    known = {found.device: str(found) for found in find_ports()}
    return known.get(port, port)


def has_reset_line(port: str) -> bool:
    """Can we reset the board: not over a socket, nor over a pseudo-terminal."""
    scheme, separator, _ = port.partition("://")
    if separator:
        return scheme == "rfc2217"
    return not port.startswith("/dev/pts/")


def cannot_open(port: str) -> TargetError | None:
    """Why `port` cannot be opened, and what to do; None if it can.

    It opens the port, so ask only after something else has failed to.
    """
    try:
        # pyserial types the function that this is, not its arguments.
        opened = serial.serial_for_url(port, do_not_open=True, exclusive=True)
        opened.open()
    except (OSError, ValueError) as error:
        return open_error(port, error)
    opened.close()
    return None


def open_error(port: str, error: Exception) -> TargetError:
    """The error of opening `port`, in words that say what to do."""
    number = error.errno if isinstance(error, OSError) else None
    text = first_line(error)
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return TargetError(f"there is no port {port}; `tinycnn doctor` finds those that are there")
    if number in (errno.EACCES, errno.EPERM):
        return TargetError(
            f"no permission to open {port}: `sudo usermod -aG {_group(port)} $USER`, "
            "then log out and in again"
        )
    if number in (errno.EBUSY, errno.EAGAIN):
        user = other_user(port) or "another program"
        return TargetError(f"{port} is busy: {user} has it open; close that first")
    if "onnection refused" in text:
        return TargetError(f"nobody answers at {port}: is the board, or its emulator, running?")
    return TargetError(
        f"cannot open {port} ({text}): name a serial port, or a URL that pyserial opens"
    )


def _group(port: str) -> str:
    """The group that may open `port`; dialout on most systems."""
    try:
        return grp.getgrgid(Path(port).stat().st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"


def other_user(port: str) -> str:
    """The other program that has `port` open; "" if there is none that we may know of.

    One that takes no lock lets us open the port too, and half of what comes is its.
    """
    device = os.path.realpath(port)
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) != device or link.parts[2] == str(os.getpid()):
                continue
            name = (
                Path("/proc", link.parts[2], "comm").read_bytes().decode(errors="replace").strip()
            )
        except OSError:
            continue
        return f"{printable(name)} (process {link.parts[2]})"
    return ""
