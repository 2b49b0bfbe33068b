"""One file to flash out of an ESP-IDF build folder, and how large its parts are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from tinycnn.errors import BuildError
from tinycnn.files import read_bytes, write_atomic
from tinycnn.firmware.partitions import TABLE_OFFSET, Partition, read_partitions


@dataclass(frozen=True)
class Image:
    """One file that holds bootloader, partition table and application.

    It belongs at `offset` of the flash. `app_free` is what its application leaves free
    in the partition.
    """

    path: Path
    offset: int
    size: int
    sha256: str
    app_size: int
    app_free: int
    partitions: tuple[Partition, ...]


def merge(build: Path, target: Path) -> Image:
    """Join the parts that idf.py built in `build` into `target`, gaps filled with 0xff.

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
    write_atomic(target, bytes(data))
    sha256 = hashlib.sha256(data).hexdigest()
    return Image(target, offset, len(data), sha256, app_size, app.size - app_size, table)


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
