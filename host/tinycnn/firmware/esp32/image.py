"""One file to flash: what is in it, and how it is made of an ESP-IDF build folder."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from tinycnn.errors import BuildError
from tinycnn.files import BUILD, read_bytes, write_atomic
from tinycnn.firmware.partitions import TABLE_OFFSET, Partition, read_partitions

IMAGES = BUILD / "images"
"""Where what was built for boards is left."""


@dataclass(frozen=True)
class Image:
    """Bootloader, partition table and application in one file; the application comes last.

    chip     as esptool names it, like "ESP32-C3"
    address  where in the flash the file begins
    """

    path: Path
    data: bytes
    chip: str
    address: int
    partitions: tuple[Partition, ...]

    @property
    def end(self) -> int:
        """The first address behind the file's last byte."""
        return self.address + len(self.data)

    @property
    def flash_needed(self) -> int:
        """Bytes of flash that the partition table asks for."""
        return max(self.end, *(partition.end for partition in self.partitions))

    @property
    def app_size(self) -> int:
        """Bytes of the application."""
        return self.end - self._app.offset

    @property
    def app_room(self) -> int:
        """Bytes of the application's partition."""
        return self._app.size

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def board(self) -> str:
        """The board's name in the file's, which is BOARD-DATE-VERSION.bin."""
        return re.split(r"-\d{8}", self.path.stem)[0]

    @property
    def _app(self) -> Partition:
        return next(partition for partition in self.partitions if partition.is_app)

    def __str__(self) -> str:
        return f"{self.path} (for {self.chip})"


def merge(build: Path, chip: str, target: Path) -> Image:
    """Join the parts that idf.py built in `build` for `chip` into `target`, gaps filled with 0xff.

    Raises BuildError if they overlap, or if the application is larger than its partition.
    """
    parts = flash_files(build)
    table = read_partitions(read_bytes(parts[TABLE_OFFSET]))
    app = next((partition for partition in table if partition.is_app), None)
    if app is None or app.offset not in parts:
        raise BuildError(f"{build}: the partition table has no place for the application")
    app_size = parts[app.offset].stat().st_size
    if app_size > app.size:
        raise BuildError(too_large(app_size, app.size))
    offset = min(parts)
    data = bytearray()
    for at, path in sorted(parts.items()):
        if at < offset + len(data):
            raise BuildError(f"{path.name} at {at:#x} overlaps what comes before it")
        data.extend(b"\xff" * (at - offset - len(data)))
        data.extend(read_bytes(path))
    image = Image(target, bytes(data), chip, offset, table)
    write_atomic(target, image.data)
    return image


def too_large(size: int, room: int) -> str:
    """What to say when an application of `size` bytes has a partition of `room`."""
    return (
        f"the application of {size:,} bytes is {size - room:,} too large for its partition: "
        "take fewer ops (--ops digits, or --ops-from MODEL.tflite) or freeze smaller models"
    )


def flash_files(build: Path) -> dict[int, Path]:
    """What is to be flashed where, as idf.py noted it in `build`. Raises BuildError."""
    try:
        arguments = json.loads((build / "flasher_args.json").read_bytes())
        return {int(at, 0): build / name for at, name in arguments["flash_files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BuildError(f"{build} has no usable flasher_args.json: build again") from None
