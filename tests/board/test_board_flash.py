"""May an image go onto a chip: decided before anything is erased."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from firmware_files import BOOTLOADER, write_firmware
from tinycnn.board.flash import plan_flash, write_plan
from tinycnn.board.image import read_image
from tinycnn.board.loader import Chip
from tinycnn.cli.board import _agree
from tinycnn.errors import TargetError, UserError

C3 = Chip("ESP32-C3", "ESP32-C3 (QFN32)", "02:00:00:00:00:01", 4 << 20)


@pytest.mark.parametrize(("name", "address"), BOOTLOADER.items())
def test_plan_says_what_it_erases(tmp_path: Path, name: str, address: int) -> None:
    image = read_image(write_firmware(tmp_path / "some.bin", name))
    chip = Chip(name, f"{name} (revision v1.0)", "02:00:00:00:00:01", 4 << 20)
    plan = plan_flash(chip, image)
    assert str(plan) == f"erases {address:#x} to 0x10fff: the firmware there now"
    whole = plan_flash(chip, image, erase_all=True)
    assert str(whole) == "erases 0x0 to 0x3fffff: the whole flash, files too"


def test_image_for_another_chip_is_refused(tmp_path: Path) -> None:
    image = read_image(write_firmware(tmp_path / "some.bin", "ESP32-S3"))
    with pytest.raises(UserError, match=r"is for ESP32-S3, but the chip is ESP32-C3: .*--image"):
        plan_flash(C3, image)


def test_image_for_a_larger_flash_is_refused(tmp_path: Path) -> None:
    path = write_firmware(tmp_path / "some.bin", "ESP32-C3", app_size=0x7F0000)
    with pytest.raises(UserError, match="needs 8 MB of flash, but this ESP32-C3 has 4 MB"):
        plan_flash(C3, read_image(path))


class Broken:
    """A loader that stops in the middle."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def write(self, *args: object, **kwargs: object) -> None:
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TargetError("lost the chip")])
def test_half_written_flash_is_told_of(tmp_path: Path, error: BaseException) -> None:
    plan = plan_flash(C3, read_image(write_firmware(tmp_path / "some.bin", "ESP32-C3")))
    with pytest.raises(type(error), match="holds a part of the image; `tinycnn flash` again"):
        write_plan(Broken(error), plan)  # type: ignore[arg-type]


@pytest.mark.parametrize(("answer", "goes_on"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, goes_on: bool
) -> None:
    plan = plan_flash(C3, read_image(write_firmware(tmp_path / "some.bin", "ESP32-C3")))
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    if goes_on:
        _agree(plan, False)
    else:
        with pytest.raises(UserError, match="nothing written"):
            _agree(plan, False)
