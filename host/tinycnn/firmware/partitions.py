"""The partition table of an ESP32's flash.

The format is described in ESP-IDF's guide under "Partition Tables".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

TABLE_OFFSET = 0x8000
"""Where ESP-IDF puts the table in the flash, unless told otherwise."""

_TABLE_SIZE = 0xC00
_ENTRY = struct.Struct("<2sBBII16sI")
_MAGIC = b"\xaa\x50"
_APP = 0


@dataclass(frozen=True)
class Partition:
    """An entry of the table; `offset` and `size` in bytes."""

    name: str
    type: int
    subtype: int
    offset: int
    size: int

    @property
    def is_app(self) -> bool:
        return self.type == _APP

    @property
    def end(self) -> int:
        return self.offset + self.size


def read_partitions(data: bytes, offset: int = 0) -> tuple[Partition, ...]:
    """The entries of the binary table at `offset` of `data`; none if there is no table."""
    found = []
    for at in range(offset, min(offset + _TABLE_SIZE, len(data) - _ENTRY.size + 1), _ENTRY.size):
        magic, kind, subtype, start, size, name, _flags = _ENTRY.unpack_from(data, at)
        if magic != _MAGIC:
            break
        text = name.rstrip(b"\0").decode(errors="replace")
        found.append(Partition(text, kind, subtype, start, size))
    return tuple(found)
