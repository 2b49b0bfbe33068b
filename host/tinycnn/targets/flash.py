"""The simulated board's flash: a folder, build/flash/.

It is the current folder of the simulator, and a read-only file system of an emulator.
"""

from __future__ import annotations

from pathlib import Path

from tinycnn.files import BUILD, LABELS, MODEL_SUFFIX, board_files

FLASH = BUILD / "flash"


def flash_files(models: Path = BUILD / "models") -> dict[str, Path]:
    """What a board gets, and every model in `models`: names there and files here.

    With the names of their classes, if they have any.
    """
    made = {path.name: path for path in sorted(models.glob(f"*{MODEL_SUFFIX}"))}
    if (labels := models / LABELS).is_file():
        made[LABELS] = labels
    return board_files(models=models) | made
