"""Does a model find room on a board? Worked out from what is known of the board, none is asked.

MicroPython's heap on an ESP32 begins small and grows by areas, out of what the system has left.
Without PSRAM it may double once, which leaves enough to start Wi-Fi and make an HTTPS request: so
say MicroPython's authors, by whose sizes this goes (ports/esp32/mpconfigport.h).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from tinycnn.errors import BuildError, UserError
from tinycnn.files import ROOT
from tinycnn.firmware.esp32.boards import KIB, Board
from tinycnn.tflite.arena import predict_arena
from tinycnn.tflite.native import native_need

PSRAM = 2048 * KIB
"""Bytes of PSRAM that a module has at least, if any: ports/esp32/README.md."""

PROMPT = 2 * KIB
"""Of the heap, taken at the prompt, rounded up: 1,664 bytes on an emulated ESP32-C3, 1,696 on an
emulated ESP32."""

NATIVE = 60 * KIB
"""Of memory that could be heap, for the code of tflm.mpy with all ops: as large as the file, which
for no chip of these is larger. On an emulated ESP32-C3 the largest piece that the heap may grow by
was 59,392 bytes smaller after the import."""

_TABLE = ROOT / "firmware_build" / "esp32" / "boards" / "partitions-4MiB.csv"


@dataclass(frozen=True)
class Need:
    """Bytes that a model takes of the heap, in three pieces: its file, its arena, and what the
    interpreter keeps."""

    model: int
    arena: int
    kept: int

    @property
    def in_flash(self) -> Need:
        """The same with the file in flash."""
        return replace(self, model=0)

    @property
    def pieces(self) -> tuple[int, ...]:
        return self.model, self.arena, self.kept

    @property
    def total(self) -> int:
        return sum(self.pieces)


@dataclass(frozen=True)
class Fit:
    """How a model fits a board whose firmware has `tflm`, and one with tflm.mpy.

    need     what it takes
    areas    bytes of each area of the heap, with Wi-Fi on if the board has it
    copied   whether there is room with the model in the heap, as from the file system
    flash    whether there is with the model in flash, as in ROMFS or frozen in
    native   what it takes in tflm.mpy; None if that does not run the model, or not there
    psram    whether there is in PSRAM of 2 MB
    """

    need: Need
    areas: tuple[int, ...]
    copied: bool
    flash: bool
    native: Need | None
    psram: bool

    @property
    def fits(self) -> bool:
        return self.copied or self.flash

    @property
    def native_fits(self) -> bool:
        """Whether there is room for the model and the code of tflm.mpy."""
        return self.native is not None and has_room(self.areas, self.native, NATIVE)


def fit(model: bytes, board: Board) -> Fit:
    """Whether `model`, a .tflite that check_model() found valid, fits `board`."""
    arena = predict_arena(model, esp32s3=board.chip == "ESP32-S3")
    need = Need(len(model), arena.arena, arena.kept)
    areas = heap_areas(board)
    return Fit(
        need,
        areas,
        has_room(areas, need),
        has_room(areas, need.in_flash) and len(model) <= rom_size(),
        _native(model) if board.native else None,
        has_room(heap_areas(replace(board, psram="all")), need),
    )


def heap_areas(board: Board) -> tuple[int, ...]:
    """Bytes of each area that the heap of `board` grows to, of its smallest modules."""
    sizes, most = [board.heap], PSRAM if board.psram == "all" else 2 * board.heap
    while 2 * sum(sizes) <= most:
        sizes.append(sum(sizes))
    # As gc_try_add_heap() of py/gc.c reckons what an area keeps for itself.
    return tuple(size - max(2 * KIB, size * 13 // 512) for size in sizes)


def has_room(areas: Sequence[int], need: Need, less: int = 0) -> bool:
    """Whether each piece finds a place in an area; `less` are bytes that the last one lacks."""
    free = [areas[0] - PROMPT, *areas[1:-1], max(areas[-1] - less, 0)]
    placed = product(range(len(free)), repeat=len(need.pieces))
    return any(
        all(
            sum(piece for piece, at in zip(need.pieces, places, strict=True) if at == area) <= room
            for area, room in enumerate(free)
        )
        for places in placed
    )


def rom_size() -> int:
    """Bytes of the partition romfs of a firmware of ours."""
    lines = (line.split(",") for line in _TABLE.read_text().splitlines())
    return next(int(words[4], 0) for words in lines if words[0] == "romfs")


def _native(model: bytes) -> Need | None:
    try:
        found = native_need(model)
    except BuildError:
        raise
    except UserError:
        return None
    return Need(len(model), found.arena, found.kept)
