"""ESP32 chips in a QEMU that knows them, which most do not.

The flash is a file, and the UART is a TCP port: to everything else here this is a board
on a port. As a target, each run starts the chip anew, with its files in the flash: our firmware's
in its ROMFS partition, a stock firmware's in its file system.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinycnn.board.repl import wait_for_repl
from tinycnn.board.romfs import romfs_folder
from tinycnn.errors import MissingToolError, TargetError
from tinycnn.firmware.esp32.image import Image
from tinycnn.targets.littlefs import littlefs_folder
from tinycnn.targets.plugged import Plugged
from tinycnn.targets.qemu import emulating

FLASH_SIZE = 4 << 20

_START = 20.0  # seconds until it listens; it takes a tenth of one
_BOOT = 60.0  # seconds until the prompt; it takes two

# MicroPython mounts its ROMFS partition by itself.
_ENTER = 'import os\nos.chdir("/rom")\ndel os\n'

# The module's code is read to the heap and copied to memory that it has to share with the heap,
# which doubles for want of a piece so large. With a script in it there may be no piece left.
_ENTER_STOCK = "import tflm\ndel tflm\n"


@dataclass(frozen=True)
class Machine:
    """A chip as QEMU knows it.

    chip     its name in esptool
    arch     MicroPython's name for what it runs
    strap    the level of its pins at a reset that means download mode
    address  where its bootloader lies
    """

    name: str
    chip: str
    arch: str
    program: str
    strap: int
    address: int

    @property
    def variable(self) -> str:
        """The environment variable that may name its QEMU."""
        return f"TINYCNN_{self.program.replace('-system', '').replace('-', '_').upper()}"


ESP32 = Machine("esp32", "ESP32", "xtensawin", "qemu-system-xtensa", 0x0F, 0x1000)
ESP32C3 = Machine("esp32c3", "ESP32-C3", "rv32imc", "qemu-system-riscv32", 0x02, 0)

MACHINES = {machine.name: machine for machine in (ESP32, ESP32C3)}


@dataclass(frozen=True)
class Emulator:
    """A QEMU that has the machine."""

    machine: Machine
    qemu: str

    @contextmanager
    def running(
        self, flash: Path, *, download: bool = False, port: int = 0, options: Sequence[str] = ()
    ) -> Iterator[str]:
        """The chip with `flash`, a file; the URL of its UART, at the TCP port `port` if not 0.

        With `download` it starts in its ROM loader; `options` are more of QEMU's.
        Raises TargetError if it ends at once.
        """
        name, number = self.machine.name, port or _free_port()
        argv = [self.qemu, "-M", name, "-nographic", "-monitor", "none"]
        argv += ["-drive", f"file={flash},if=mtd,format=raw"]
        argv += ["-serial", f"tcp:127.0.0.1:{number},server=on,wait=off"]
        # What an idle emulator does for long is no hang.
        settings = {f"timer.{name}.timg": ("wdt_disable", "true")}
        if download:
            settings[f"{name}.gpio"] = ("strap_mode", hex(self.machine.strap))
        for driver, (key, value) in settings.items():
            argv += ["-global", f"driver={driver},property={key},value={value}"]
        with emulating([*argv, *options]) as process:
            _wait_until_it_listens(process, number)
            yield f"socket://127.0.0.1:{number}"


def find_emulator(machine: Machine, given: Path | None = None) -> Emulator:
    """The QEMU that emulates `machine`: `given`, or that of its variable, or on the path.

    Raises MissingToolError if there is none.
    """
    named = given or os.environ.get(machine.variable)
    qemu = str(named) if named else shutil.which(machine.program)
    hint = f"--qemu or {machine.variable} may name one that has the machine {machine.name}"
    if qemu is None:
        raise MissingToolError(f"no {machine.program} found: {hint}")
    try:
        known = subprocess.run([qemu, "-M", "help"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise MissingToolError(f"cannot run {qemu} ({error.strerror}): {hint}") from None
    if machine.name not in [line.partition(" ")[0] for line in known.stdout.splitlines()]:
        raise MissingToolError(f"{qemu} has no machine {machine.name}: {hint}")
    return Emulator(machine, qemu)


@contextmanager
def plug(
    flash: Path, *, emulator: Emulator, image: Image, options: Sequence[str] = ()
) -> Iterator[Plugged]:
    """The chip with `image` in a flash of its own, the folder `flash` in its ROMFS partition.

    Raises TargetError if that is too small, or if no MicroPython answers.
    """
    part = next((part for part in image.partitions if part.name == "romfs"), None)
    if part is None:
        raise TargetError(f"{image.path} has no partition romfs, where a script's files go")
    content = romfs_folder(flash)
    if len(content) > part.size:
        raise TargetError(
            f"the script's files take {len(content):,} bytes, and the partition romfs of "
            f"{image.path} has {part.size:,}"
        )
    with _booted(emulator, image, part.offset, content, options) as port:
        yield Plugged(port, _ENTER)


@contextmanager
def plug_stock(
    flash: Path,
    *,
    emulator: Emulator,
    image: Image,
    micropython: Path,
    module: Path,
    options: Sequence[str] = (),
) -> Iterator[Plugged]:
    """The chip with the stock `image`; the folder `flash` and `module` in its file system.

    That is made by `micropython`, a program of this machine. The module is imported before a
    script comes. Raises TargetError as plug() does.
    """
    start = max(part.end for part in image.partitions)  # MicroPython takes what is left
    content = littlefs_folder(micropython, FLASH_SIZE - start, flash, module)
    with _booted(emulator, image, start, content, options) as port:
        yield Plugged(port, _ENTER_STOCK)


@contextmanager
def _booted(
    emulator: Emulator, image: Image, offset: int, content: bytes, options: Sequence[str]
) -> Iterator[str]:
    """The port of a chip with `image` in a flash of its own, and `content` at `offset`."""
    with tempfile.TemporaryDirectory() as folder:
        file = flash_file(Path(folder) / "flash.img", image.data, image.address)
        with file.open("r+b") as written:
            written.seek(offset)
            written.write(content)
        with emulator.running(file, options=options) as port:
            wait_for_repl(port, _BOOT)
            yield port


def flash_file(path: Path, image: bytes = b"", address: int = 0, size: int = FLASH_SIZE) -> Path:
    """A new flash of `size` bytes in `path`, empty but for `image` at `address`."""
    content = bytearray(b"\xff" * size)
    content[address : address + len(image)] = image
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    # Not by connecting: the one connection that QEMU takes is for the caller.
    row = f"0100007F:{port:04X} 00000000:0000 0A"
    end = time.monotonic() + _START
    while row not in Path("/proc/net/tcp").read_text():
        if process.poll() is not None or time.monotonic() > end:
            raise TargetError(f"{process.args!r} does not start")
        time.sleep(0.05)
