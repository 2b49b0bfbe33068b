"""A board with stock firmware: which tflm.mpy its MicroPython takes, and whether it has room.

What MicroPython says of a native module that it cannot take is short ("incompatible .mpy arch"),
and comes before a line of the module's runs. So the host looks first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinycnn.board.answers import record, sequence_of, size
from tinycnn.board.repl import Repl
from tinycnn.errors import MissingToolError, SourceError, TargetError
from tinycnn.files import BUILD
from tinycnn.firmware.native import ARCHES, NAME, build_native
from tinycnn.progress import Progress, silent
from tinycnn.tflite.ops import OpSet

__all__ = ["NAME", "Module", "Stock", "natives_for", "stock_of"]

ABI = (6, 3)
"""Of .mpy files with native code: MicroPython's from 1.23 on."""

OLDEST = (1, 24)
"""Older ones may free a native module that is in use."""

_ARCHES = (
    "", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp",
    "xtensa", "xtensawin", "rv32imc", "rv64imc",
)  # fmt: skip
"""By MicroPython's numbers for them (docs/reference/mpyfiles.rst)."""

_RUNS = {"armv7m": "armv6m", "armv7em": "armv6m", "armv7emdp": "armv7emsp"}
"""Of another architecture, whose files MicroPython takes there: it passes floats as they do."""

_ASK = """\
import sys
said = {"mpy": getattr(sys.implementation, "_mpy", 0)}
said["version"] = sys.implementation.version[:2]
print(said)
"""

# The file's code is read to one piece of the heap, and on an ESP32 copied to another memory while
# that is there. What is left for it counts, if it is less than is needed.
_ROOM = """\
import gc
def room(need):
    gc.collect()
    try:
        piece = bytearray(need)
    except MemoryError:
        return 0
    try:
        import esp32
        return max(row[2] for row in esp32.idf_heap_info(esp32.HEAP_EXEC))
    except (ImportError, AttributeError, ValueError):
        return need
print(int(room({need}) >= {need}))
"""


@dataclass(frozen=True)
class Stock:
    """What a MicroPython takes of native modules.

    arch   of the module that it runs; "" if none, or one that has no name here
    """

    version: tuple[int, ...]
    arch: str
    abi: tuple[int, int]

    @property
    def why_not(self) -> str:
        """Why no tflm.mpy runs there, whatever its size; "" if one does."""
        if self.version < OLDEST:
            return f"MicroPython {_dotted(self.version)} is older than {_dotted(OLDEST)}"
        if self.arch not in ARCHES:
            return f"there is no {NAME} for {self.arch or 'its chip'}"
        if self.abi != ABI:
            return f"its native modules have ABI {_dotted(self.abi)}, and {NAME} {_dotted(ABI)}"
        return ""


def stock_of(board: Repl) -> Stock:
    """Ask the board."""
    return board.value(_ASK, _stock)


@dataclass(frozen=True)
class Module:
    """A tflm.mpy for a board. `whole` if it has all ops, not just those of some models."""

    path: Path
    whole: bool


def natives_for(board: Repl, own: OpSet, progress: Progress = silent) -> Iterator[Module]:
    """What of tflm.mpy may fit in this board's memory, built if that can be done here.

    First with all its ops, then with its `own` alone: whether one fits, importing it tells.
    Raises TargetError with what to do behind the last one, or if none runs there or can be had.
    """
    stock = stock_of(board)
    begin = f"the firmware on {board.port} has no tflm module"
    flash = "put one on that has, with `tinycnn flash`"
    if stock.why_not:
        raise TargetError(f"{begin}, and {stock.why_not}: {flash}")
    need = 0
    for chosen in (None, own):
        try:
            path = _built(stock.arch, chosen, progress)
        except (MissingToolError, SourceError) as error:
            raise TargetError(
                f"{begin}, and `tinycnn firmware native --arch {stock.arch}` cannot build one for "
                f"it: {error}; or {flash}"
            ) from error
        need = path.stat().st_size
        if board.value(_ROOM.format(need=need), size):
            yield Module(path, chosen is None)
    raise TargetError(
        f"{begin}, and no room in memory for {NAME}, whose code takes {need} bytes in one piece, "
        f"on an ESP32 twice: {flash}"
    )


def _built(arch: str, ops: OpSet | None, progress: Progress) -> Path:
    """What was built before does where nothing can be built."""
    try:
        return build_native(arch, ops=ops, progress=progress).path
    except (MissingToolError, SourceError):
        path = BUILD / "native" / f"{arch}-{ops.name if ops else 'all'}" / NAME
        if path.exists():
            return path
        raise


def _stock(answer: Any) -> Stock:
    said = record(answer)
    mpy = size(said["mpy"])
    number = mpy >> 10 & 0x0F
    arch = _ARCHES[number] if number < len(_ARCHES) else ""
    return Stock(
        version=sequence_of(size, 2)(said["version"]),
        arch=_RUNS.get(arch, arch),
        abi=(mpy & 0xFF, mpy >> 8 & 3),
    )


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
