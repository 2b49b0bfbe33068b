"""The bare RV32IMC machine in QEMU, behind a serial line.

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
from pathlib import Path

from tinycnn.board.romfs import romfs_folder
from tinycnn.command import need
from tinycnn.errors import TargetError
from tinycnn.targets.plugged import Plugged

PROGRAM = "qemu-system-riscv32"

ICOUNT = ("-icount", "shift=0,sleep=off")
"""QEMU's options for a clock that counts: an instruction takes a nanosecond, waiting none."""

_ROMFS = 0x81000000
"""Where the flash is: behind all that firmware_build/qemu/virt.ld uses."""

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
def machine(firmware: Path, flash: bytes = b"", options: Sequence[str] = ()) -> Iterator[str]:
    """A machine that runs `firmware`; the pseudo-terminal of its serial line.

    `flash` is put at the address 0x81000000; `options` are more of QEMU's.
    Raises MissingToolError without QEMU, TargetError if it does not start.
    """
    need(PROGRAM)
    with tempfile.NamedTemporaryFile(suffix=".romfs") as file:
        file.write(flash)
        file.flush()
        loader = f"loader,file={file.name},addr={_ROMFS:#x},force-raw=on"
        argv = [PROGRAM, "-machine", "virt", "-bios", "none", "-display", "none"]
        argv += ["-monitor", "none", "-semihosting", "-serial", "pty", "-kernel", str(firmware)]
        argv += ["-device", loader] if flash else []
        with emulating([*argv, *options], subprocess.PIPE) as process:
            yield _terminal(process)


def _terminal(process: subprocess.Popen[bytes]) -> str:
    """The pseudo-terminal, which QEMU names when it starts."""
    assert process.stdout is not None
    said = b""
    while not (found := re.search(rb"redirected to (\S+)", said)):
        ready, _, _ = select.select([process.stdout], [], [], _START)
        piece = process.stdout.read1(4096) if ready else b""  # type: ignore[attr-defined]
        if not piece:
            told = said.decode(errors="replace").strip().splitlines() or ["nothing"]
            raise TargetError(f"{PROGRAM} does not start, and says: {told[-1]}")
        said += piece
    return found[1].decode()


@contextmanager
def plug(
    flash: Path, *, firmware: Path, more: Sequence[Path] = (), options: Sequence[str] = ()
) -> Iterator[Plugged]:
    """A machine that runs `firmware`; the folder `flash`, and files `more`, are in /rom."""
    image = romfs_folder(flash, *more)
    with machine(firmware, image, options) as port:
        yield Plugged(port, _ENTER.format(address=_ROMFS, size=len(image)))
