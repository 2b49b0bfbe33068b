"""Firmware files: which chip, which address, and whether they are whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware_files import APP, BOOTLOADER, CHIP_IDS, firmware, write_firmware
from tinycnn.board.image import find_image, read_image
from tinycnn.errors import UserError
from tinycnn.firmware.esp32.boards import BOARDS


def test_there_is_an_image_of_each_board_of_ours() -> None:
    assert {board.chip for board in BOARDS.values()} == set(BOOTLOADER) == set(CHIP_IDS)


@pytest.mark.parametrize("chip", BOOTLOADER)
def test_image_says_chip_address_and_partitions(tmp_path: Path, chip: str) -> None:
    image = read_image(write_firmware(tmp_path / "BOARD_X-20261125-v0.2.0.bin", chip))
    assert (image.chip, image.address) == (chip, BOOTLOADER[chip])
    assert [(part.name, part.offset) for part in image.partitions] == [
        ("nvs", 0x9000),
        ("factory", APP),
    ]
    assert image.board == "BOARD_X"
    assert image.flash_needed == APP + 0x10000


@pytest.mark.parametrize("chip", BOOTLOADER)
def test_image_of_a_whole_flash_begins_at_0(tmp_path: Path, chip: str) -> None:
    path = tmp_path / "whole.bin"
    path.write_bytes(b"\xff" * BOOTLOADER[chip] + firmware(chip))
    image = read_image(path)
    assert (image.chip, image.address, len(image.partitions)) == (chip, 0, 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no firmware image"),
        (b"print('hello')\n" * 100, "no firmware image"),
        (b"\x7fELF" + bytes(100), "is an ELF file"),
        (firmware("ESP32-C3")[APP:], "has no partition table"),
        (b"\xe9" + bytes(11) + b"\x77\x77" + bytes(100), "does not know (id 30583)"),
        (firmware("ESP32-C3")[:-40], "damaged or not whole"),
        (firmware("ESP32-C3").replace(b"app app ", b"app apq ", 1), "checksum is wrong"),
        (firmware("ESP32").replace(b"bootboot", b"bootbotb", 1), "checksum is wrong"),
        (firmware("ESP32-S3")[:-1] + b"\0", "digest is wrong"),
    ],
)
def test_what_is_no_whole_image_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "some.bin"
    path.write_bytes(content)
    with pytest.raises(UserError) as refused:
        read_image(path)
    assert words in str(refused.value)
    assert str(path) in str(refused.value)


def test_newest_image_for_the_chip_is_found(tmp_path: Path) -> None:
    for day, version in ((1, "v1"), (2, "v2")):
        for board, chip in (("C3", "ESP32-C3"), ("S3", "ESP32-S3")):
            path = write_firmware(tmp_path / f"{board}-2026110{day}-{version}.bin", chip)
            os.utime(path, (day, day))
    (tmp_path / "C3-20261103-v3.bin").write_bytes(b"a build that was broken off")
    assert find_image("ESP32-C3", tmp_path).path.name == "C3-20261102-v2.bin"
    with pytest.raises(UserError, match=r"no image for ESP32 .*--image"):
        find_image("ESP32", tmp_path)


def test_images_of_two_boards_are_not_guessed_between(tmp_path: Path) -> None:
    for board in ("PLAIN", "SPIRAM"):
        write_firmware(tmp_path / f"{board}-20261101-v1.bin", "ESP32")
    with pytest.raises(UserError, match=r"choose one with --image: .*PLAIN.*SPIRAM"):
        find_image("ESP32", tmp_path)
