"""What GNU ld's map says of an ESP-IDF application: bytes by kind, and whose they are.

Not by esp-idf-size: it gives strings that files share to the first of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

KINDS = {
    ".flash.text": "text",
    ".flash.rodata": "rodata",
    ".flash.rodata_noload": "rodata",
    ".flash.appdesc": "rodata",
    ".iram0.vectors": "iram",
    ".iram0.text": "iram",
    ".dram0.data": "data",
    ".dram0.bss": "bss",
}
"""Output sections of ESP-IDF's linker scripts: code and constants in flash, then RAM."""

OURS = {
    "tflm": re.compile(r"lib(espressif__)?esp-tflite-micro\.a\("),
    "esp_nn": re.compile(r"lib(espressif__)?esp-nn\.a\("),
    "engine": re.compile(r"libtflm_engine\.a\((?!flatbuf|model_)"),
    "module": re.compile(r"\b(modtflm|tflm_[a-z]+)\.c\.o"),
    "model_check": re.compile(r"\b(flatbuf|model_\w+)\.c\.o"),
    "frozen_models": re.compile(r"\bfrozen_models\.c\.o"),
}
"""Whose object files are in an application for the sake of the module `tflm` alone."""

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
    """Bytes of the whole application by kind."""
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
    Here each file is given its own, as if nobody shared them.
    """
    kind, section, file = None, "", ""
    for line in text.partition(_START)[2].splitlines():
        if match := _OUTPUT.match(line):
            kind = KINDS.get(match[1])
        if not kind or not line.startswith(" ") or line.startswith(" *"):
            continue
        if not line.startswith("  "):
            section = line.split()[0]
        if placed := _PLACED.search(line):
            file = placed[3]
            if not _MERGED.search(section) and int(placed[2], 16):
                yield Piece(kind, file, int(placed[2], 16))
        elif _MERGED.search(section) and (before := _BEFORE.match(line)):
            yield Piece(kind, file, int(before[1], 16))


def added(text: str) -> dict[str, dict[str, int]]:
    """Bytes by part (see OURS) and kind that are there for `tflm` alone."""
    parts: dict[str, dict[str, int]] = {part: {} for part in OURS}
    for piece in pieces(text):
        for part, pattern in OURS.items():
            if pattern.search(piece.file):
                kinds = parts[part]
                kinds[piece.kind] = kinds.get(piece.kind, 0) + piece.size
    return parts
