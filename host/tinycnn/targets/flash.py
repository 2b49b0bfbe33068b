"""The simulated board's flash: a folder, build/flash/.

What a deploy would copy to a board is copied there. It is the current folder of
the simulator, and a read-only file system of an emulator.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path

from mpremote.romfs import make_romfs

from tinycnn.files import BUILD, ROOT, read_bytes, write_atomic

FLASH = BUILD / "flash"


def board_files(
    device: Path = ROOT / "device", models: Path = BUILD / "models"
) -> dict[str, Path]:
    """What a deploy copies: names on the board and where the files are on the host."""
    found = [*device.glob("*.py"), *device.glob("*.tflite"), *models.glob("*.tflite")]
    return {path.name: path for path in found}


def stage(flash: Path, files: Mapping[str, Path]) -> list[str]:
    """Copy `files` (names on the board -> host files) to the folder `flash`.

    Returns the names of those that were not there already, byte for byte.
    Raises UserError if one cannot be read or written.
    """
    copied = []
    for name, path in files.items():
        data, target = read_bytes(path), flash / name
        if not (target.is_file() and target.read_bytes() == data):
            write_atomic(target, data)
            copied.append(name)
    return copied


def romfs(flash: Path) -> bytes:
    """The folder `flash` as an image of MicroPython's ROMFS."""
    with contextlib.redirect_stdout(io.StringIO()):  # mpremote tells what it packs
        image: bytes = make_romfs(f"{flash}/", mpy_cross=False)
    return image
