"""What is plugged in, what is on it, and what to do next."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinycnn.board.deploy import board_digests
from tinycnn.board.loader import Chip, NoLoaderError
from tinycnn.board.loader import connect as connect_loader
from tinycnn.board.ports import find_ports
from tinycnn.board.repl import LostError, Repl
from tinycnn.board.repl import connect as connect_repl
from tinycnn.files import read_bytes

_FACTS = """\
import gc, os, sys
facts = {"version": sys.version.split("; ")[-1]}
facts["machine"] = getattr(sys.implementation, "_machine", "")
try:
    import esp
    facts["flash"] = esp.flash_size()
except ImportError:
    pass
stat = os.statvfs("")
facts["files"] = stat[0] * stat[3], stat[0] * stat[2]
gc.collect()
facts["heap"] = gc.mem_free()
try:
    import tflm
    facts["tflm"] = tflm.__version__, tflm.engine, tflm.tflm_commit, len(tflm.supported_ops())
except ImportError:
    pass
print(facts)
"""


@dataclass(frozen=True)
class Tflm:
    """The module in a board's firmware. `ops` is how many ops it runs."""

    version: str
    engine: str
    commit: str
    ops: int


@dataclass(frozen=True)
class Board:
    """What a running MicroPython tells of its board; sizes in bytes.

    flash       of the chip; 0 if the firmware does not tell
    files_free  of `files_size`, its file system
    tflm        None if the firmware has no such module
    """

    machine: str
    version: str
    flash: int
    files_free: int
    files_size: int
    heap_free: int
    tflm: Tflm | None


@dataclass(frozen=True)
class Diagnosis:
    """What was found on `port`: a running MicroPython, else the bare chip, else neither.

    files    of what a deploy brings: "same", "other" or "missing"
    silence  why neither answers; "" if one does
    """

    port: str
    description: str
    board: Board | None = None
    chip: Chip | None = None
    files: dict[str, str] = field(default_factory=dict)
    silence: str = ""

    @property
    def advice(self) -> str:
        """What to do next."""
        if self.board is None:
            return "tinycnn flash" if self.chip else self.silence
        if self.board.tflm is None:
            return "tinycnn flash, since this firmware has no tflm module"
        if set(self.files.values()) - {"same"}:
            return "tinycnn deploy"
        return run_line(self.port)

    @property
    def ready(self) -> bool:
        """May digits be classified there."""
        return bool(self.board and self.board.tflm) and set(self.files.values()) == {"same"}


def run_line(port: str) -> str:
    """What to type to classify digits on the board on `port`."""
    return f"mpremote connect {port} run device/classify.py"


def examine(port: str, files: Mapping[str, Path]) -> Diagnosis:
    """Look at the board on `port`, and which of `files` (names there -> here) it has.

    It interrupts what the board runs, and a chip without MicroPython is reset. Raises
    TargetError if `port` cannot be opened.
    """
    known = {found.device: found.description for found in find_ports()}
    description = known.get(port, "")
    try:
        with connect_repl(port, timeout=6) as board:
            return Diagnosis(port, description, read_board(board), files=_compare(board, files))
    except LostError as error:
        silence = str(error)
    try:
        with connect_loader(port) as loader:
            return Diagnosis(port, description, chip=loader.chip)
    except NoLoaderError:
        return Diagnosis(port, description, silence=silence)


def read_board(board: Repl) -> Board:
    """What the MicroPython on `board` tells of it."""
    facts: dict[str, Any] = board.value(_FACTS)
    free, size = facts["files"]
    return Board(
        machine=facts["machine"],
        version=facts["version"],
        flash=facts.get("flash", 0),
        files_free=free,
        files_size=size,
        heap_free=facts["heap"],
        tflm=Tflm(*facts["tflm"]) if "tflm" in facts else None,
    )


def _compare(board: Repl, files: Mapping[str, Path]) -> dict[str, str]:
    found = {}
    for name, digest in board_digests(board, files).items():
        here = hashlib.sha256(read_bytes(files[name])).hexdigest()
        found[name] = "missing" if not digest else "same" if digest == here else "other"
    return found
