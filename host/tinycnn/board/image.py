"""What a firmware file is for: chip, address, partitions; and whether it is whole."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from typing import Any

from esptool.bin_image import LoadFirmwareImage
from esptool.targets import CHIP_DEFS

from tinycnn.errors import TargetError, UserError, first_line
from tinycnn.files import read_bytes, shown
from tinycnn.firmware.esp32.image import IMAGES, Image
from tinycnn.firmware.partitions import TABLE_OFFSET, read_partitions

_MAGIC = 0xE9
_CHIP_ID = 12  # offset in the header


def read_image(path: Path) -> Image:
    """The image in `path`. Raises UserError if it is none, or not whole."""
    data = read_bytes(path)
    if data[:4] == b"\x7fELF":
        raise UserError(f"{path} is an ELF file; flash the .bin that was built with it")
    # A file for the whole flash of an ESP32 is empty up to the bootloader.
    blank = next((i for i, byte in enumerate(data[:0x4000]) if byte != 0xFF), 0)
    start = blank if blank in _offsets().values() else 0
    if len(data) < start + 24 or data[start] != _MAGIC:
        raise UserError(f"{path} is no firmware image for an ESP32 chip")
    (number,) = struct.unpack_from("<H", data, start + _CHIP_ID)
    chip = _chips().get(number)
    if chip is None:
        raise UserError(f"{path} is for a chip that esptool does not know (id {number})")
    address = _offsets()[chip] - start
    table = read_partitions(data, TABLE_OFFSET - address)
    if not table:
        raise UserError(
            f"{path} is for {chip}, but has no partition table: "
            "it takes bootloader, partition table and application in one file"
        )
    image = Image(path, data, chip, address, table)
    _check_whole(image, start)
    return image


def find_image(chip: str, folder: Path = IMAGES) -> Image:
    """The newest image for `chip` in `folder`.

    Raises UserError if there is none, or if there are some of several boards.
    """
    newest: dict[str, Path] = {}
    for path in sorted(folder.glob("*.bin"), key=lambda path: path.stat().st_mtime):
        try:
            image = read_image(path)
        except UserError:
            continue  # not ours, or of a build that was broken off
        if image.chip == chip:
            newest[image.board] = path
    if not newest:
        raise TargetError(
            f"no image for {chip} in {shown(folder)}: build one with `tinycnn firmware build`, "
            "or download one from this project's releases and name it with --image"
        )
    if len(newest) > 1:
        names = ", ".join(str(shown(path)) for path in newest.values())
        raise TargetError(f"several images are for {chip}, choose one with --image: {names}")
    return read_image(*newest.values())


def _check_whole(image: Image, start: int) -> None:
    """Check the digests of the bootloader and of the application."""
    apps = [part.offset for part in image.partitions if part.is_app][:1]
    for offset in (start, *(at - image.address for at in apps)):
        try:
            part: Any = LoadFirmwareImage(image.chip, image.data[offset:])
        except Exception as error:  # esptool lets through what its parsing runs into
            raise _damaged(image, first_line(error)) from None
        if part.checksum != part.calculate_checksum():
            raise _damaged(image, "a checksum is wrong")
        if part.append_digest and part.stored_digest != part.calc_digest:
            raise _damaged(image, "a digest is wrong")


def _damaged(image: Image, why: str) -> UserError:
    return UserError(f"{image.path} is damaged or not whole ({why}): build or download it again")


@cache
def _offsets() -> dict[str, int]:
    """Where each chip's bootloader lies."""
    return {chip.CHIP_NAME: int(chip.BOOTLOADER_FLASH_OFFSET) for chip in _esp32s()}


@cache
def _chips() -> dict[int, str]:
    return {int(chip.IMAGE_CHIP_ID): str(chip.CHIP_NAME) for chip in _esp32s()}


def _esp32s() -> list[Any]:
    return [chip for name, chip in CHIP_DEFS.items() if name != "esp8266"]
