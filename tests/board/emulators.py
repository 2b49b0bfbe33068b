"""ESP32 chips in an emulator that knows them: a QEMU with Espressif's machines.

Debian's QEMU has them not. TINYCNN_QEMU_XTENSA and TINYCNN_QEMU_RISCV32 name others;
docs/boards.md says where such a one can be had.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from host_helpers import TOOLS

FLASH_SIZE = 4 << 20


@dataclass(frozen=True)
class Machine:
    """A chip as QEMU knows it. `strap`: the level of its pins that means download mode."""

    name: str
    chip: str
    program: str
    strap: int
    address: int

    @property
    def variable(self) -> str:
        return f"TINYCNN_{self.program.replace('-system', '').replace('-', '_').upper()}"

    @property
    def image_variable(self) -> str:
        return f"TINYCNN_STOCK_{self.name.upper()}"


MACHINES = (
    Machine("esp32", "ESP32", "qemu-system-xtensa", 0x0F, 0x1000),
    Machine("esp32c3", "ESP32-C3", "qemu-system-riscv32", 0x02, 0),
)


@dataclass(frozen=True)
class Emulator:
    """A QEMU that has the machine."""

    machine: Machine
    qemu: str

    @contextmanager
    def running(self, flash: Path, *, download: bool = False, port: int = 0) -> Iterator[int]:
        """The chip with the flash `flash`, a file; the TCP port of its UART."""
        name, number = self.machine.name, port or _free_port()
        options = ["-M", name, "-nographic", "-monitor", "none"]
        options += ["-drive", f"file={flash},if=mtd,format=raw"]
        options += ["-serial", f"tcp:127.0.0.1:{number},server=on,wait=off"]
        settings = {f"timer.{name}.timg": ("wdt_disable", "true")}
        if download:
            settings[f"{name}.gpio"] = ("strap_mode", hex(self.machine.strap))
        for driver, (key, value) in settings.items():
            options += ["-global", f"driver={driver},property={key},value={value}"]
        process = subprocess.Popen(
            [self.qemu, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_until_it_listens(process, number)
            yield number
        finally:
            process.kill()
            process.wait()


def url(port: int) -> str:
    return f"socket://127.0.0.1:{port}"


def flash_file(path: Path, image: bytes = b"", address: int = 0, size: int = FLASH_SIZE) -> Path:
    """A flash of `size` bytes, empty but for `image` at `address`."""
    content = bytearray(b"\xff" * size)
    content[address : address + len(image)] = image
    path.write_bytes(content)
    return path


@cache
def find_emulator(machine: Machine) -> Emulator | str:
    """The emulator of `machine`, or what is missing."""
    qemu = os.environ.get(machine.variable) or shutil.which(machine.program)
    if qemu is None:
        return f"{TOOLS}no {machine.program}; {machine.variable} may name one"
    done = subprocess.run([qemu, "-M", "help"], capture_output=True, text=True, check=False)
    if machine.name not in [line.split(" ")[0] for line in done.stdout.splitlines()]:
        return f"{TOOLS}{qemu} has no machine {machine.name}; {machine.variable} may name another"
    return Emulator(machine, qemu)


def need_emulator(machine: Machine) -> Emulator:
    """The emulator of `machine`; skips the test if there is none."""
    found = find_emulator(machine)
    if isinstance(found, str):
        pytest.skip(found)
    return found


def stock_image(machine: Machine) -> Path:
    """A MicroPython image as upstream publishes it; skips the test if none is named."""
    name = os.environ.get(machine.image_variable)
    if not name:
        pytest.skip(f"{TOOLS}{machine.image_variable} names no MicroPython image")
    return Path(name)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    # Not by connecting: the one connection that QEMU takes is for the test.
    row = f"0100007F:{port:04X} 00000000:0000 0A"
    end = time.monotonic() + 20
    while row not in Path("/proc/net/tcp").read_text():
        assert process.poll() is None, "the emulator ended at once"
        assert time.monotonic() < end, "the emulator does not listen"
        time.sleep(0.05)
