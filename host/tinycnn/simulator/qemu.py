"""Run a script on the bare RV32IMC machine in QEMU, through its serial line.

Each run starts the machine anew: its flash is a ROMFS image that QEMU puts into
memory, and its UART is a pseudo-terminal.
"""

from __future__ import annotations

import re
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tinycnn.board.repl import connect
from tinycnn.errors import TargetError
from tinycnn.firmware.command import need
from tinycnn.simulator.completed import Completed
from tinycnn.simulator.flash import FLASH, romfs
from tinycnn.simulator.serial_script import SerialScript, run_serial

PROGRAM = "qemu-system-riscv32"

_ROMFS = 0x81000000
"""Where the flash is: behind all that firmware_build/qemu/virt.ld uses."""

_START = 20.0
"""Seconds until it has to answer; it takes a tenth of one."""

_PRELUDE = """\
import os, sys, uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address}, {size})), "/rom")
os.chdir("/rom")
sys.argv[:] = {argv!r}
del os, vfs, uctypes
"""

Arguments = Sequence[str]


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
        with subprocess.Popen(
            [*argv, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the script, not for the machine
        ) as process:
            try:
                yield _terminal(process)
            finally:
                process.kill()


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
def started(
    firmware: Path, code: str, args: Arguments = (), *, flash: Path = FLASH
) -> Iterator[SerialScript]:
    """The script `code`, running with the folder `flash` as its current one."""
    image = romfs(flash)
    with machine(firmware, image) as port, connect(port) as board:
        board.run(_PRELUDE.format(address=_ROMFS, size=len(image), argv=["", *args]))
        with board.guarded():
            yield SerialScript(board.transport, code)


def run(
    script: Path | None,
    args: Arguments = (),
    *,
    firmware: Path,
    flash: Path = FLASH,
    capture: bool = False,
    timeout: float | None = None,
) -> Completed:
    """Run `script` with `args`, or without one the REPL on the user's terminal.

    With `capture` its output is returned, else shown as it comes, a traceback on stderr.
    After `timeout` seconds the machine is switched off.

    Raises TargetError if the script is not there or the machine does not answer.
    """
    if script is None:
        return Completed(_repl(firmware, flash), "", "", 0)

    def start(code: str) -> AbstractContextManager[SerialScript]:
        return started(firmware, code, args, flash=flash)

    return run_serial(start, script, capture=capture, timeout=timeout)


def _repl(firmware: Path, flash: Path) -> int:
    """mpremote's terminal; its exit status."""
    image = romfs(flash)
    with machine(firmware, image) as port:
        code = _PRELUDE.format(address=_ROMFS, size=len(image), argv=[""])
        mpremote = [sys.executable, "-m", "mpremote", "connect", port]
        return subprocess.run([*mpremote, "exec", code, "repl"], check=False).returncode
