"""A ROMFS image in which `tflm` can use each model where it lies.

An interpreter uses a model in flash without a copy if it is aligned to 16 bytes. mpremote's
writer puts a file wherever the last one ended; here a padding record, which MicroPython
passes over, comes before each. The format is described in MicroPython's extmod/vfs_rom.c.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path

from mpremote.romfs import VfsRomWriter, copy_recursively

from tinycnn.errors import UserError
from tinycnn.files import read_bytes
from tinycnn.tflite.check import need_runnable

ALIGNMENT = 16
PARTITION = 512 << 10
"""Bytes of the partition of our firmware (firmware_build/esp32/boards/partitions-4MiB.csv)."""

_LENGTH_BYTES = 5


class _AlignedWriter(VfsRomWriter):  # type: ignore[misc]
    """mpremote's writer, with the content of each file that lies in no folder aligned."""

    def mkfile(self, filename: str, filedata: bytes) -> None:
        body = self._dir_stack[-1][1]
        begin = len(body)
        super().mkfile(filename, filedata)
        start = len(self.ROMFS_HEADER) + _LENGTH_BYTES
        missing = -(start + len(body) - len(filedata)) % ALIGNMENT
        if missing and len(self._dir_stack) == 1:
            # A record has two bytes at least.
            padding = bytes((missing - 2) % ALIGNMENT)
            body[begin:begin] = self._pack(self.ROMFS_RECORD_KIND_PADDING, padding)

    def finalise(self) -> bytes:
        _, body = self._dir_stack.pop()
        length = self._encode_uint(len(body)).rjust(_LENGTH_BYTES, b"\x80")
        return bytes(self.ROMFS_HEADER + length + body)


def romfs_image(files: Mapping[str, bytes]) -> bytes:
    """A file system with `files` (names -> contents)."""
    writer = _AlignedWriter()
    for name, data in files.items():
        writer.mkfile(name, data)
    return writer.finalise()


def romfs_folder(folder: Path, *more: Path) -> bytes:
    """A file system with all that is in `folder`, and the files `more`."""
    writer = _AlignedWriter()
    with contextlib.redirect_stdout(io.StringIO()):  # mpremote tells what it packs
        copy_recursively(writer, f"{folder}/", "", False)
    for path in more:
        writer.mkfile(path.name, path.read_bytes())
    return writer.finalise()


def model_image(models: Mapping[str, Path]) -> bytes:
    """A file system with models from files.

    Raises UserError for one that no firmware runs, or if they do not fit the partition.
    """
    contents = {name: read_bytes(path) for name, path in models.items()}
    for name, data in contents.items():
        need_runnable(data, models[name])
    image = romfs_image(contents)
    if len(image) > PARTITION:
        raise UserError(
            f"{len(image):,} bytes are more than the ROMFS partition's {PARTITION:,}: "
            "take fewer models"
        )
    return image
