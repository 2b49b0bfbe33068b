"""An image onto a chip: does it belong there, and then there with it."""

from __future__ import annotations

from dataclasses import dataclass

from tinycnn.board.loader import Chip, Loader
from tinycnn.errors import TargetError, UserError
from tinycnn.firmware.esp32.image import Image
from tinycnn.progress import Progress, silent

SECTOR = 4096


@dataclass(frozen=True)
class Plan:
    """What flashing will do. `end` is the first address behind what is erased."""

    chip: Chip
    image: Image
    erase_all: bool
    start: int
    end: int

    def __str__(self) -> str:
        what = "the whole flash, files too" if self.erase_all else "the firmware there now"
        return f"erases {self.start:#x} to {self.end - 1:#x}: {what}"


def plan_flash(chip: Chip, image: Image, *, erase_all: bool = False) -> Plan:
    """Check that `image` is for `chip` and fits.

    Raises UserError if not.
    """
    if image.chip != chip.name:
        raise UserError(
            f"{image.path} is for {image.chip}, but the chip is {chip.name}: "
            "give an image for it with --image"
        )
    if chip.flash and image.flash_needed > chip.flash:
        raise UserError(
            f"{image.path} needs {_mb(image.flash_needed)} MB of flash, "
            f"but this {chip.name} has {_mb(chip.flash)} MB"
        )
    if erase_all:
        return Plan(chip, image, True, 0, chip.flash or image.end)
    return Plan(chip, image, False, image.address, -(-image.end // SECTOR) * SECTOR)


def write_plan(loader: Loader, plan: Plan, progress: Progress = silent) -> None:
    """Erase, write and verify.

    Raises TargetError, and KeyboardInterrupt with a line for the user, when it was
    cut short; the ROM loader cannot be lost, so it may always be repeated.
    """
    again = "the flash holds a part of the image; `tinycnn flash` again mends that"
    try:
        loader.write(
            plan.image.data, plan.image.address, erase_all=plan.erase_all, progress=progress
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped: {again}") from None
    except TargetError as error:
        raise TargetError(f"{error}: {again}") from None


def _mb(size: int) -> str:
    return f"{size / (1 << 20):.3g}"
