"""How a board stands to `tflm`: in its firmware, as tflm.mpy, or not; and what tflm.mpy it takes.

What MicroPython says of a native module that it cannot take is short ("incompatible .mpy arch"),
and comes before a line of the module's runs. So the host looks first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinycnn.board.answers import pair_of, record, sequence_of, size, text
from tinycnn.board.repl import Repl
from tinycnn.errors import MissingToolError, SourceError, TargetError, UserError
from tinycnn.files import BUILD, read_bytes
from tinycnn.firmware.esp32.boards import BOARDS
from tinycnn.firmware.mpy import (
    ABI,
    HEAD,
    OLDEST,
    Kind,
    dotted,
    kind_of,
    kind_of_file,
    native_for,
)
from tinycnn.firmware.native import ARCHES, NAME, build_native
from tinycnn.firmware.release import find_released
from tinycnn.progress import Progress, silent
from tinycnn.tflite.ops import OpSet

__all__ = [
    "ASIDE",
    "NAME",
    "Module",
    "Standing",
    "Stock",
    "Tflm",
    "given_native",
    "look",
    "mend",
    "natives_for",
]

NATIVE = "native"
"""The engine of tflm.mpy."""

FLASH = "put firmware on it that has one, with `tinycnn flash`"

_UNFIT = {board.chip.replace("-", "") for board in BOARDS.values() if not board.native}
"""Chips, as MicroPython calls them."""

ASIDE = ".old"
"""Behind a file's name while deploy tries another in its place: that one, or an empty file."""

IMPORT_SECONDS = 30.0
"""How long a board may take to import it and say what it is."""

# Any error is an answer: RuntimeError is of tflm.mpy itself, in a MicroPython that is too old.
# No import may come back, of a file that is damaged; so what was just brought is told as trusted.
_ASK = """\
import os, sys
ended = False
said = {{"mpy": getattr(sys.implementation, "_mpy", 0)}}
said["version"] = sys.implementation.version[:2]
said["machine"] = getattr(sys.implementation, "_machine", "")
for folder in sys.path:
    name = folder + "/tflm.mpy" if folder else "tflm.mpy"
    try:
        with open(name, "rb") as file:
            said["file"] = name, list(file.read(3)), file.seek(0, 2)
        os.stat(name + "{aside}")
        ended = not {trusted}
        break
    except OSError:
        if "file" in said:
            break
try:
    if ended:
        raise RuntimeError("a deploy ended while it was imported")
    import tflm
    said["tflm"] = tflm.__version__, tflm.engine, tflm.tflm_commit, tflm.supported_ops()
except Exception as error:
    said["error"] = type(error).__name__ + ": " + str(error)
print(said)
"""

# The file's code is read to one piece of the heap, and on an ESP32 copied to another memory while
# that is there.
_ROOM = """\
import gc
def room(need):
    gc.collect()
    try:
        piece = bytearray(need)
    except MemoryError:
        return "heap", 0
    try:
        import esp32
        most = max(row[2] for row in esp32.idf_heap_info(esp32.HEAP_EXEC))
    except (ImportError, AttributeError, ValueError):
        return "", 0
    return "code" if most < need else "", most
print(room({need}))
"""


@dataclass(frozen=True)
class Tflm:
    """The module, imported on a board. `ops` are those that it runs, and the newest version."""

    version: str
    engine: str
    commit: str
    ops: dict[str, int]


@dataclass(frozen=True)
class Stock:
    """A MicroPython, and what native modules it takes.

    machine   the board's name and the chip's, as MicroPython tells them
    """

    version: tuple[int, ...]
    takes: Kind
    machine: str = ""

    @property
    def unfit(self) -> str:
        """Why no tflm.mpy at all runs there; "" if one may."""
        if self.version < OLDEST:
            return f"MicroPython {dotted(self.version)} is older than {dotted(OLDEST)}"
        if any(chip in self.machine for chip in _UNFIT):
            return f"its firmware passes floats in registers that {NAME} does not look at"
        return ""

    @property
    def why_not(self) -> str:
        """Why no tflm.mpy that is built here runs there, whatever its size; "" if one does."""
        if self.unfit:
            return self.unfit
        if self.takes.arch not in ARCHES:
            return f"there is no {NAME} for {self.takes.arch or 'its chip'}"
        if self.takes.abi != ABI:
            has = dotted(self.takes.abi)
            return f"its native modules have ABI {has}, and {NAME} {dotted(ABI)}"
        return ""


@dataclass(frozen=True)
class Lying:
    """The tflm.mpy that a board's import finds. `kind` is None if it is no .mpy."""

    path: str
    kind: Kind | None
    size: int


@dataclass(frozen=True)
class Standing:
    """How a board stands to `tflm`.

    stock  its MicroPython
    file   the tflm.mpy there, which is not what is imported if the firmware has the module
    tflm   what `import tflm` gives; None if it raises
    error  what it raises then
    """

    stock: Stock
    file: Lying | None
    tflm: Tflm | None
    error: str = ""

    @property
    def native(self) -> bool:
        """Is what is imported tflm.mpy."""
        return self.tflm is not None and self.tflm.engine == NATIVE

    @property
    def trouble(self) -> str:
        """Why there is no `tflm`; "" if there is. Nothing is said there of room in memory."""
        if self.tflm is not None:
            return ""
        if self.file is None:
            return "this firmware has no tflm module"
        path, kind, takes = self.file.path, self.file.kind, self.stock.takes
        if kind is None:
            return f"{path} there is no .mpy file"
        if kind != takes:
            return f"{path} there is for {kind}, and this firmware takes {takes}"
        if self.error.startswith("MemoryError"):
            return f"{path} there finds no memory ({self.error})"
        return f"{path} there cannot be imported ({self.error})"


@dataclass(frozen=True)
class Module:
    """A tflm.mpy for a board. If it is not `whole` it has just the ops of some models."""

    path: Path
    whole: bool


_MEND = f"""\
import os, sys
for folder in sys.path:
    name = folder + "/{NAME}" if folder else "{NAME}"
    try:
        kept = os.stat(name + "{ASIDE}")[6]
    except OSError:
        continue
    try:
        os.remove(name)
    except OSError:
        pass
    if kept:
        os.rename(name + "{ASIDE}", name)
    else:
        os.remove(name + "{ASIDE}")
"""


def look(board: Repl, *, trusted: bool = False) -> Standing:
    """Ask the board, which imports the module, if it can.

    What a deploy that never ended was about is not imported, unless it is `trusted`.
    """
    return board.value(_ASK.format(aside=ASIDE, trusted=trusted), _standing, IMPORT_SECONDS)


def mend(board: Repl) -> None:
    """Undo a deploy of the module that never ended, as when the import did not come back."""
    board.run(_MEND)


def no_room(board: Repl, need: int) -> str:
    """Why a tflm.mpy of `need` bytes finds no memory on the board now; "" if it may find some.

    Not always: the heap of some boards grows, so importing it tells.
    """
    what, most = board.value(_ROOM.format(need=need), pair_of(text, size))
    if what == "heap":
        return f"the heap has no room for {NAME}, which takes {need} bytes in one piece"
    if what:
        return f"{most} bytes of executable memory are left, and {NAME} takes {need} in one piece"
    return ""


def natives_for(
    board: Repl, stock: Stock, why: str, own: OpSet, progress: Progress = silent
) -> Iterator[Module]:
    """The tflm.mpy for this board, built if that can be done here: with all ops, then `own` alone.

    Raises TargetError, with `why` one is wanted and what to do, if none runs there or can be had.
    """
    begin = f"{board.port}: {why}"
    if stock.why_not:
        raise TargetError(f"{begin}, and {stock.why_not}: {FLASH}")
    for chosen in (None, own):
        try:
            yield Module(_built(stock.takes.arch, chosen, progress), chosen is None)
        except (MissingToolError, SourceError) as error:
            raise TargetError(
                f"{begin}: take {stock.takes.folder}/{NAME} of a release for `tinycnn deploy "
                f"--module FILE`, or build it with `tinycnn firmware native --arch "
                f"{stock.takes.arch}` ({error}), or {FLASH}"
            ) from error


def given_native(board: Repl, found: Standing, given: Path) -> Module:
    """The file `given`, or what fits of the release in that folder.

    Raises UserError or TargetError if it does not run on this board.
    """
    stock = found.stock
    if found.tflm is not None and not found.native:
        raise UserError(
            f"the firmware on {board.port} has tflm itself, which is imported before any file: "
            "leave --module out"
        )
    if stock.unfit:
        raise TargetError(f"{board.port}: no {NAME} runs there, since {stock.unfit}: {FLASH}")
    path = find_released(given, stock.takes) if given.is_dir() else given
    kind = kind_of_file(read_bytes(path)[:HEAD])
    if kind is None:
        raise UserError(f"{path} is no .mpy file: take {stock.takes.folder}/{NAME} of a release")
    if kind != stock.takes:
        raise UserError(
            f"{path} is for {kind}, and the firmware on {board.port} takes {stock.takes}: "
            f"take {stock.takes.folder}/{NAME} of a release"
        )
    return Module(path, True)


def smallest_built(arch: str) -> int:
    """Bytes of the smallest tflm.mpy with a model's ops that was built here; 0 if none was."""
    built = (BUILD / "native").glob(f"{arch}-ops-*/{NAME}")
    return min((path.stat().st_size for path in built), default=0)


def _built(arch: str, ops: OpSet | None, progress: Progress) -> Path:
    """What was built before does where nothing can be built."""
    try:
        return build_native(arch, ops=ops, progress=progress).path
    except (MissingToolError, SourceError):
        path = BUILD / "native" / f"{arch}-{ops.name if ops else 'all'}" / NAME
        if path.exists():
            return path
        raise


def _standing(answer: Any) -> Standing:
    said = record(answer)
    file = tflm = None
    if "file" in said:
        path, head, length = sequence_of(lambda item: item, 3)(said["file"])
        file = Lying(text(path), kind_of_file(bytes(sequence_of(size)(head))), size(length))
    if "tflm" in said:
        version, engine, commit, ops = sequence_of(lambda item: item, 4)(said["tflm"])
        known = dict(sequence_of(pair_of(text, size))(ops))
        tflm = Tflm(text(version), text(engine), text(commit), known)
    return Standing(
        Stock(
            sequence_of(size, 2)(said["version"]),
            native_for(kind_of(size(said["mpy"]))),
            text(said.get("machine", "")),
        ),
        file,
        tflm,
        text(said.get("error", "")),
    )
