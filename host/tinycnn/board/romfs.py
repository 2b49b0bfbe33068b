"""A ROMFS image for models, each where `tflm` can use it without a copy.

An interpreter uses a model in flash where it lies if that is aligned to 16 bytes.
mpremote's own writer puts a file wherever the last one ended; here a padding record,
which MicroPython passes over, comes before each. The format is described in MicroPython's
extmod/vfs_rom.c.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tinycnn.errors import UserError
from tinycnn.files import read_bytes
from tinycnn.tflite.check import check_model

ALIGNMENT = 16
PARTITION = 512 << 10
"""Bytes of the partition of our firmware (firmware_build/esp32/boards/partitions-4MiB.csv)."""

_MAGIC = b"\xd2\xcd\x31"
_LENGTH_BYTES = 5
_PADDING, _VERBATIM, _FILE = 1, 2, 5  # kinds of records


def romfs_image(files: Mapping[str, bytes]) -> bytes:
    """A file system with `files` (names -> contents), each aligned to 16 in it."""
    start = len(_MAGIC) + _LENGTH_BYTES
    body = bytearray()
    for name, data in files.items():
        record = _file(name, data)
        missing = -(start + len(body) + len(record) - len(data)) % ALIGNMENT
        if missing:
            body += _padding(missing)
        body += record
    length = _uint(len(body))
    return _MAGIC + length.rjust(_LENGTH_BYTES, b"\x80") + body


def model_image(models: Mapping[str, Path]) -> bytes:
    """The same with models from files.

    Raises UserError for one that no firmware runs, or if they do not fit the partition.
    """
    contents = {name: read_bytes(path) for name, path in models.items()}
    for name, data in contents.items():
        found = check_model(data)
        if not found.valid or found.reason:
            raise UserError(f"{models[name]} cannot run on a board: {found.reason}")
    image = romfs_image(contents)
    if len(image) > PARTITION:
        raise UserError(
            f"{len(image):,} bytes are more than the ROMFS partition's {PARTITION:,}: "
            "take fewer models"
        )
    return image


def _uint(value: int) -> bytes:
    """Seven bits a byte, most significant first; all but the last have the top bit set."""
    encoded = [value & 0x7F]
    while value := value >> 7:
        encoded.insert(0, 0x80 | value & 0x7F)
    return bytes(encoded)


def _record(kind: int, payload: bytes) -> bytes:
    return _uint(kind) + _uint(len(payload)) + payload


def _file(name: str, data: bytes) -> bytes:
    encoded = name.encode()
    return _record(_FILE, _uint(len(encoded)) + encoded + _record(_VERBATIM, data))


def _padding(size: int) -> bytes:
    """A record of `size` bytes, or 16 more: it has two at least."""
    return _record(_PADDING, bytes((size - 2) % ALIGNMENT))
