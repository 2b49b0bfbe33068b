"""A board with stock firmware: which tflm.mpy its MicroPython takes, and whether it has room.

What MicroPython says of a native module that it cannot take is short ("incompatible .mpy arch"),
and comes before a line of the module's runs. So the host looks first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinycnn.board.answers import record, sequence_of, size
from tinycnn.board.repl import Repl
from tinycnn.errors import MissingToolError, SourceError, TargetError
from tinycnn.files import BUILD
from tinycnn.firmware.native import ARCHES, NAME, build_native
from tinycnn.progress import Progress, silent

__all__ = ["NAME", "Stock", "native_for", "stock_of"]

ABI = (6, 3)
"""Of .mpy files with native code: MicroPython's from 1.23 on."""

OLDEST = (1, 24)
"""Older ones may free a native module that is in use."""

_ARCHES = (
    "", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp",
    "xtensa", "xtensawin", "rv32imc", "rv64imc",
)  # fmt: skip
"""By MicroPython's numbers for them (docs/reference/mpyfiles.rst)."""

_ASK = """\
import gc, sys
gc.collect()
said = {"mpy": getattr(sys.implementation, "_mpy", 0), "heap": gc.mem_free()}
said["version"] = sys.implementation.version[:2]
try:
    import esp32
    said["code"] = max(row[2] for row in esp32.idf_heap_info(esp32.HEAP_EXEC))
except (ImportError, AttributeError, ValueError):
    pass
print(said)
"""


@dataclass(frozen=True)
class Stock:
    """What a MicroPython takes of native modules.

    arch   "" if none, or one that has no name here
    code   the largest piece of memory that code may lie in, besides the heap; None where that
           is the heap itself
    """

    version: tuple[int, ...]
    arch: str
    abi: tuple[int, int]
    heap: int
    code: int | None

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


def native_for(board: Repl, progress: Progress = silent) -> Path:
    """The tflm.mpy for this board, built if that can be done here.

    Raises TargetError with what to do if none runs there, it cannot be had, or there is no room
    in memory.
    """
    stock = stock_of(board)
    begin = f"the firmware on {board.port} has no tflm module"
    flash = "put one on that has, with `tinycnn flash`"
    if stock.why_not:
        raise TargetError(f"{begin}, and {stock.why_not}: {flash}")
    try:
        path = build_native(stock.arch, progress=progress).path
    except (MissingToolError, SourceError) as error:
        path = BUILD / "native" / f"{stock.arch}-all" / NAME
        if not path.exists():
            raise TargetError(
                f"{begin}, and `tinycnn firmware native --arch {stock.arch}` cannot build one for "
                f"it: {error}; or {flash}"
            ) from error
    need = path.stat().st_size
    for room, have in (("heap", stock.heap), ("memory for code", stock.code)):
        if have is not None and have < need:
            raise TargetError(
                f"{begin}, and no room for {NAME}: {need} bytes needed, {have} of {room} "
                f"free; {flash}"
            )
    return path


def _stock(answer: Any) -> Stock:
    said = record(answer)
    mpy = size(said["mpy"])
    number = mpy >> 10 & 0x0F
    return Stock(
        version=sequence_of(size, 2)(said["version"]),
        arch=_ARCHES[number] if number < len(_ARCHES) else "",
        abi=(mpy & 0xFF, mpy >> 8 & 3),
        heap=size(said["heap"]),
        code=size(said["code"]) if "code" in said else None,
    )


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
