"""A board on a pseudo-terminal: the simulator, its files in a littlefs of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tinycnn.targets.unix import environment

RAW_REPL = Path(__file__).with_name("raw_repl.py")
BLOCK = 512


@dataclass(frozen=True)
class PtyBoard:
    """A board that runs; `port` is where it answers."""

    port: str
    process: subprocess.Popen[bytes]

    def unplug(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def plugged_in(
    program: Path,
    flash: Path,
    *,
    blocks: int = 256,
    writes: int = 0,
    heap: str = "1M",
    without: str = "",
) -> Iterator[PtyBoard]:
    """Boot the board whose flash is the file `flash`, made empty if it is not there.

    After `writes` writes to it the power fails; 0 is never. `without` is a module that
    its firmware does not have.
    """
    if not flash.exists():
        flash.write_bytes(bytes(blocks * BLOCK))
    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        process = subprocess.Popen(
            [
                "sh",
                "-c",
                '"$@" ""; while [ $? -eq 3 ]; do "$@" raw; done',
                "board",
                program,
                "-X",
                f"heapsize={heap}",
                RAW_REPL,
                flash,
                str(blocks),
                str(writes),
                without,
            ],
            stdin=master,
            stdout=master,
            env=environment(flash.parent),
            start_new_session=True,
        )
        os.close(master)
        board = PtyBoard(os.ttyname(slave), process)
        try:
            yield board
        finally:
            board.unplug()
    finally:
        os.close(slave)
