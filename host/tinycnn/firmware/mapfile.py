"""What GNU ld's map says of firmware: bytes by kind, and whose they are.

Not by esp-idf-size: it gives strings that files share to the first of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tinycnn.files import ROOT

KINDS = {
    ".flash.text": "text",
    ".flash.rodata": "rodata",
    ".flash.rodata_noload": "rodata",
    ".flash.appdesc": "rodata",
    ".iram0.vectors": "iram",
    ".iram0.text": "iram",
    ".dram0.data": "data",
    ".dram0.bss": "bss",
    ".text": "text",
    ".rodata": "rodata",
    ".data": "data",
    ".bss": "bss",
}
"""Output sections: of ESP-IDF's linker scripts, code and constants in flash, then RAM; and of
firmware_build/qemu/virt.ld."""


def _objects(names: str) -> re.Pattern[str]:
    """Object files by their sources' names: cmake calls them a.c.obj, make a.o."""
    return re.compile(rf"\b(?:{names})\.(?:c\.|cpp\.)?o")


_KERNELS = "|".join(path.stem for path in (ROOT / "firmware_build" / "kernels").glob("*.c"))

OURS = {
    "tflm": re.compile(r"lib(?:espressif__)?(?:esp-tflite-micro|tflm)\.a\("),
    "esp_nn": re.compile(r"lib(?:espressif__)?esp[-_]nn\.a\("),
    "kernels": re.compile(
        rf"\bkernels_tflm_\w+\.|(?:/kernels/|libtflm_engine\.a\()(?:{_KERNELS})\.(?:c\.)?o"
    ),
    "engine": _objects("engine_tflm|tflm_ops"),
    "module": _objects("modtflm|tflm_[a-z]+"),
    "model_check": _objects(r"flatbuf|model_\w+"),
    "frozen_models": _objects("frozen_models"),
}
"""Whose object files are in firmware for the sake of the module `tflm` alone: the first that
fits."""

_START = "Linker script and memory map"
_PLACED = re.compile(r"\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$")
_OUTPUT = re.compile(r"^(\.[\w.]+)(?:\s+0x[0-9a-f]+\s+0x([0-9a-f]+))?")
_WRAPPED = re.compile(r"^\s+0x[0-9a-f]+\s+0x([0-9a-f]+)")
_MERGED = re.compile(r"\.(?:str|cst)\d+(?:\.\d+)?$")
_BEFORE = re.compile(r"^\s+0x([0-9a-f]+) \(size before relaxing\)$")


@dataclass(frozen=True)
class Piece:
    """`size` bytes of `kind` (text, rodata, iram, data or bss) from the object `file`."""

    kind: str
    file: str
    size: int


def totals(text: str) -> dict[str, int]:
    """Bytes of the whole firmware by kind."""
    found: dict[str, int] = {}
    name = ""
    for line in text.partition(_START)[2].splitlines():
        if match := _OUTPUT.match(line):
            name, size = match[1], match[2]
        elif name and (wrapped := _WRAPPED.match(line)):  # a long name has a line of its own
            size = wrapped[1]
        else:
            name = ""
            continue
        if size is not None:
            if kind := KINDS.get(name):
                found[kind] = found.get(kind, 0) + int(size, 16)
            name = ""
    return found


def pieces(text: str) -> Iterator[Piece]:
    """What each object file contributes, in the order of the map.

    Of strings that the linker shares between files, the map gives all to the first file.
    Here each file is given its own, as if nobody shared them: what the line below tells, if
    there is one. A newer linker has it for the first file alone, and leaves the others theirs.
    """
    kind, merged = None, False
    found: Piece | None = None
    for line in text.partition(_START)[2].splitlines():
        if found and (before := _BEFORE.match(line)):
            found = replace(found, size=int(before[1], 16)) if merged else found
            continue
        if match := _OUTPUT.match(line):
            kind = KINDS.get(match[1])
        if not kind or not line.startswith(" ") or line.startswith(" *"):
            continue
        if not line.startswith("  "):
            merged = _MERGED.search(line.split()[0]) is not None
        if placed := _PLACED.search(line):
            if found and found.size:
                yield found
            found = Piece(kind, placed[3], int(placed[2], 16))
    if found and found.size:
        yield found


def added(text: str) -> dict[str, dict[str, int]]:
    """Bytes by part (see OURS) and kind that are there for `tflm` alone."""
    parts: dict[str, dict[str, int]] = {part: {} for part in OURS}
    for piece in pieces(text):
        part = next((part for part, pattern in OURS.items() if pattern.search(piece.file)), None)
        if part is not None:
            kinds = parts[part]
            kinds[piece.kind] = kinds.get(piece.kind, 0) + piece.size
    return parts


def in_flash(kinds: Mapping[str, int]) -> int:
    """Bytes of flash of a part's `kinds`: all but what is zero at the start."""
    return sum(size for kind, size in kinds.items() if kind != "bss")
