"""A bare machine in QEMU, RV32IMC unless it says otherwise, behind a serial line.

Each run starts the machine anew: its flash is a ROMFS image that QEMU puts into
memory, and its UART is a pseudo-terminal.
"""

from __future__ import annotations

import re
import select
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinycnn.board.romfs import romfs_folder
from tinycnn.command import need
from tinycnn.errors import TargetError
from tinycnn.targets.plugged import Plugged

PROGRAM = "qemu-system-riscv32"

ICOUNT = ("-icount", "shift=0,sleep=off")
"""QEMU's options for a clock that counts: an instruction takes a nanosecond, waiting none."""


@dataclass(frozen=True)
class Bare:
    """A machine that QEMU knows.

    options  of QEMU's, that name it
    flash    where that is: behind all that the linker script uses
    begin    what its MicroPython is to do first
    """

    program: str
    options: tuple[str, ...]
    flash: int
    begin: str = ""


RV32 = Bare(PROGRAM, ("-machine", "virt", "-bios", "none"), 0x81000000)
"""See firmware_build/qemu/virt.ld."""

_MPS2_FLASH = 0x00100000
"""Memory behind a firmware of half a megabyte, and 2 MB below its stack."""

_STRICT = "import machine\nmachine.mem32[0xE000ED14] |= 8\ndel machine\n"
"""A load that is not aligned is a fault, as on a Cortex-M0: UNALIGN_TRP of the register CCR."""


def mps2(name: str, *, strict: bool) -> Bare:
    """Arm's board, with the processor that QEMU's machine `name` has."""
    begin = _STRICT if strict else ""
    return Bare("qemu-system-arm", ("-machine", name), _MPS2_FLASH, begin)


_START = 20.0
"""Seconds until it has to answer; it takes a tenth of one."""

_ENTER = """\
import os, uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address}, {size})), "/rom")
os.chdir("/rom")
del os, uctypes, vfs
"""


@contextmanager
def emulating(
    argv: Sequence[str], output: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """A QEMU, until the block ends; all that it says goes to `output`, as for Popen."""
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for the script, not for the machine
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def machine(
    firmware: Path, flash: bytes = b"", options: Sequence[str] = (), bare: Bare = RV32
) -> Iterator[str]:
    """A machine that runs `firmware`; the pseudo-terminal of its serial line.

    `flash` is put where its is; `options` are more of QEMU's.
    Raises MissingToolError without QEMU, TargetError if it does not start.
    """
    need(bare.program)
    with tempfile.NamedTemporaryFile(suffix=".romfs") as file:
        file.write(flash)
        file.flush()
        loader = f"loader,file={file.name},addr={bare.flash:#x},force-raw=on"
        argv = [bare.program, *bare.options, "-display", "none"]
        argv += ["-monitor", "none", "-semihosting", "-serial", "pty", "-kernel", str(firmware)]
        argv += ["-device", loader] if flash else []
        with emulating([*argv, *options], subprocess.PIPE) as process:
            yield _terminal(process, bare.program)


def _terminal(process: subprocess.Popen[bytes], program: str) -> str:
    """The pseudo-terminal, which QEMU names when it starts."""
    assert process.stdout is not None
    said = b""
    while not (found := re.search(rb"redirected to (\S+)", said)):
        ready, _, _ = select.select([process.stdout], [], [], _START)
        piece = process.stdout.read1(4096) if ready else b""  # type: ignore[attr-defined]
        if not piece:
            told = said.decode(errors="replace").strip().splitlines() or ["nothing"]
            raise TargetError(f"{program} does not start, and says: {told[-1]}")
        said += piece
    return found[1].decode()


@contextmanager
def plug(
    flash: Path,
    *,
    firmware: Path,
    more: Sequence[Path] = (),
    options: Sequence[str] = (),
    bare: Bare = RV32,
) -> Iterator[Plugged]:
    """A machine that runs `firmware`; the folder `flash`, and files `more`, are in /rom."""
    image = romfs_folder(flash, *more)
    with machine(firmware, image, options, bare) as port:
        yield Plugged(port, bare.begin + _ENTER.format(address=bare.flash, size=len(image)))
