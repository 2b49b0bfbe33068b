"""What is plugged in, what is on it, and what to do next."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinycnn.board.answers import pair_of, record, sequence_of, size, text
from tinycnn.board.deploy import board_digests
from tinycnn.board.loader import Chip
from tinycnn.board.loader import connect as connect_loader
from tinycnn.board.native import NAME, Standing, look, no_room, smallest_built
from tinycnn.board.repl import LostError, Repl
from tinycnn.board.repl import connect as connect_repl
from tinycnn.files import read_bytes

SCRIPT = "classify.py"
"""What runs on the board, but from here: of the files, it alone may be missing there."""

_SECONDS = 25.0  # for all that is asked; it takes one or two

_FACTS = """\
import gc, os, sys
facts = {"version": sys.version.split("; ")[-1]}
facts["machine"] = getattr(sys.implementation, "_machine", "")
try:
    import esp
    facts["flash"] = esp.flash_size()
except (ImportError, AttributeError):
    pass
try:
    stat = os.statvfs("")
    facts["files"] = stat[0] * stat[3], stat[0] * stat[2]
    facts["models"] = [name for name in os.listdir() if name.endswith(".tflite")][:20]
except OSError:
    pass
gc.collect()
facts["heap"] = gc.mem_free()
print(facts)
"""

# Where device/classify.py looks too: in ROMFS, and frozen into the firmware. `digest` is
# known there already. A frozen module has no file, and an import from .frozen runs no other.
_ELSEWHERE = """\
import binascii, hashlib, sys
def elsewhere(name):
    found = digest("/rom/" + name)
    if found:
        return "rom", found
    stem, _, kind = name.rpartition(".")
    path = sys.path[:]
    sys.path[:] = [".frozen"]
    try:
        if kind == "py":
            __import__(stem)
            return "frozen", ""
        model = getattr(__import__("frozen_models"), stem)
        return "frozen", binascii.hexlify(hashlib.sha256(model).digest()).decode()
    except (ImportError, AttributeError):
        return "", ""
    finally:
        sys.path[:] = path
"""


@dataclass(frozen=True)
class Board:
    """What a running MicroPython tells of its board; sizes in bytes.

    flash       of the chip; 0 if the firmware does not tell
    files_free  of `files_size`, its file system; both 0 if it has none
    models      the .tflite files in it
    """

    machine: str
    version: str
    flash: int
    files_free: int
    files_size: int
    models: tuple[str, ...]
    heap_free: int


@dataclass(frozen=True)
class Diagnosis:
    """What was found on `port`: a running MicroPython, else the bare chip, else neither.

    files    of what a deploy brings: "same", "other" or "missing"; "rom" or "frozen" if the
             same is in the firmware
    tflm     how the board stands to the module
    no_room  why it has no memory for a tflm.mpy; "" if it may have
    silence  why neither answers, and what to do; None if one does
    """

    port: str
    board: Board | None = None
    chip: Chip | None = None
    files: dict[str, str] = field(default_factory=dict)
    tflm: Standing | None = None
    no_room: str = ""
    silence: LostError | None = None

    @property
    def advice(self) -> str:
        """What to do next."""
        if self.board is None or self.tflm is None:
            return self.silence.do if self.silence else "tinycnn flash"
        if self.tflm.tflm is None:
            if why := self.tflm.stock.why_not or self.no_room:
                return f"tinycnn flash, since {why}"
            return f"tinycnn deploy, which brings {NAME}; or tinycnn flash, for more ops"
        if not self._has_all:
            if not self.board.files_size:
                return "tinycnn flash --erase-all, since the board has no file system"
            if self._own:
                return run_line(self.port, self._own[0])
            return "tinycnn deploy"
        return run_line(self.port)

    @property
    def ready(self) -> bool:
        """May digits be classified there, or does a model of the user's own wait."""
        return bool(self.tflm and self.tflm.tflm) and (self._has_all or bool(self._own))

    @property
    def _own(self) -> list[str]:
        """Models that a deploy of theirs brought in the place of ours."""
        if self.board is None or "other" in self.files.values():
            return []
        return [name for name in self.board.models if name not in self.files]

    @property
    def _has_all(self) -> bool:
        missing = [name for name, state in self.files.items() if state == "missing"]
        return (
            bool(self.files) and "other" not in self.files.values() and missing in ([], [SCRIPT])
        )


def run_line(port: str, model: str | None = None, *, labels: bool = False) -> str:
    """What to type to classify digits on the board on `port`; with a model of one's own, to
    run that once and see what it takes and gives; if it has labels there, by device/run.py."""
    mpremote = f"mpremote connect {shlex.quote(port)}"
    if model is None:
        return f"{mpremote} run device/{SCRIPT}"
    if labels:
        return f"{mpremote} exec {shlex.quote(f'import run; run.main({model!r})')}"
    code = f"import tflm; net = tflm.Interpreter({model!r}); net.invoke(); print(net)"
    return f"{mpremote} exec {shlex.quote(code)}"


def examine(port: str, files: Mapping[str, Path]) -> Diagnosis:
    """Look at the board on `port`, and which of `files` (names there -> here) it has.

    It interrupts what the board runs, and a chip without MicroPython is reset. Raises
    TargetError if `port` cannot be opened, or if the board raises.
    """
    try:
        with connect_repl(port, timeout=6) as board, board.limit("what is on it", _SECONDS):
            found, tflm = read_board(board), look(board)
            state = _compare(board, files)
            return Diagnosis(port, found, None, state, tflm, _no_room(board, tflm))
    except LostError as error:
        silence = error
    try:
        with connect_loader(port) as loader:
            return Diagnosis(port, chip=loader.chip)
    except LostError:
        return Diagnosis(port, silence=silence)


def read_board(board: Repl) -> Board:
    """What the MicroPython on `board` tells of it."""
    return board.value(_FACTS, _board)


def _no_room(board: Repl, found: Standing) -> str:
    """Why not even the smallest tflm.mpy that was built here finds memory, if one was."""
    if found.tflm is not None or found.stock.why_not:
        return ""
    need = smallest_built(found.stock.takes.arch)
    return no_room(board, need) if need else ""


def _board(answer: Any) -> Board:
    """The answer to _FACTS, checked."""
    facts = record(answer)
    free, whole = pair_of(size, size)(facts.get("files", (0, 0)))
    return Board(
        machine=text(facts["machine"]),
        version=text(facts["version"]),
        flash=size(facts.get("flash", 0)),
        files_free=free,
        files_size=whole,
        models=sequence_of(text)(facts.get("models", ())),
        heap_free=size(facts["heap"]),
    )


def _compare(board: Repl, files: Mapping[str, Path]) -> dict[str, str]:
    here = {name: hashlib.sha256(read_bytes(path)).hexdigest() for name, path in files.items()}
    there = board_digests(board, files)
    state = {
        name: "missing" if not found else "same" if found == here[name] else "other"
        for name, found in there.items()
    }
    board.run(_ELSEWHERE)
    for name in [name for name in files if state[name] == "missing" and name != SCRIPT]:
        asked = f"print(elsewhere({name!r}))"
        place, found = board.value(asked, pair_of(text, text))
        if place:
            state[name] = place if found in ("", here[name]) else "other"
    return state
