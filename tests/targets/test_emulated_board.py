"""The three commands on emulated chips: esptool with their true ROM loaders, then MicroPython."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_files import write_firmware
from host_helpers import Command, Pipeline, assert_one_line_error
from skips import TOOLS, or_skip
from tinycnn.board.image import find_image, read_image
from tinycnn.board.repl import wait_for_repl
from tinycnn.cli import board as verbs
from tinycnn.errors import MissingToolError, TargetError
from tinycnn.files import ROOT
from tinycnn.firmware.native import ARCHES
from tinycnn.targets.esp32 import ESP32, ESP32C3, Emulator, find_emulator, flash_file

# A job in the background ignores Ctrl-C, and so would what it starts.
_MAIN = """
import signal
from tinycnn.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
TINYCNN = [sys.executable, "-c", _MAIN]


@pytest.fixture(params=(ESP32, ESP32C3), ids=lambda machine: machine.name)
def emulator(request: pytest.FixtureRequest) -> Emulator:
    with or_skip(MissingToolError):
        return find_emulator(request.param)


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    return flash_file(tmp_path / "flash.img")


@pytest.fixture
def loader(emulator: Emulator, flash: Path) -> Iterator[str]:
    """The port of a chip in download mode, its flash empty."""
    with emulator.running(flash, download=True) as port:
        yield port


def test_doctor_knows_a_bare_chip(command: Command, emulator: Emulator, loader: str) -> None:
    outcome = command("doctor", "--port", loader)
    assert outcome.status == 1
    assert f"chip        {emulator.machine.chip}" in outcome.out
    assert "4 MB of flash" in outcome.out
    assert outcome.out.endswith("next        tinycnn flash\n")


def test_refusals_leave_the_flash_alone(
    command: Command, loader: str, emulator: Emulator, flash: Path, tmp_path: Path
) -> None:
    chip, before = emulator.machine.chip, flash.read_bytes()

    def flashed(name: str, *words: object, size: int = 0x10000):
        image = write_firmware(tmp_path / f"{name}.bin", name.upper(), app_size=size)
        return command("flash", "--port", loader, "--image", image, *words)

    wrong = flashed("esp32-s3", "--yes")
    assert_one_line_error(wrong, "esp32-s3.bin is for ESP32-S3", f"the chip is {chip}")
    large = flashed(chip.lower(), "--yes", size=0x700000)
    assert_one_line_error(large, "needs 7.06 MB of flash", f"this {chip} has 4 MB")
    assert_one_line_error(flashed(chip.lower()), "nothing written", "--yes")
    assert flash.read_bytes() == before


@pytest.mark.parametrize("erase", [[], ["--erase-all"]])
def test_image_is_written_where_it_belongs(
    command: Command,
    emulator: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    erase: list[str],
) -> None:
    """And nothing else, unless all is to be erased."""
    machine = emulator.machine
    flash = flash_file(tmp_path / "flash.img", b"a file" * 100, 0x300000)
    image = write_firmware(tmp_path / "some.bin", machine.chip)
    monkeypatch.setattr(verbs, "RESET_BY_HAND_SECONDS", 0)
    with emulator.running(flash, download=True) as port:
        outcome = command("flash", "--port", port, "--image", image, "--yes", *erase)
    # The firmware is no MicroPython, and the chip stays in download mode.
    assert_one_line_error(outcome, f"no MicroPython answers on {port}")
    lines = outcome.out.splitlines()
    assert f"{image}: {image.stat().st_size} bytes at {machine.address:#x}" in lines
    assert "written and verified in " in outcome.out
    assert lines[-1].startswith(f"{port} has no reset line: reset the board now")
    kept = [] if erase else [(0x300000, b"a file" * 100)]
    wanted = flash_file(tmp_path / "wanted.img", image.read_bytes(), machine.address).read_bytes()
    for at, content in kept:
        wanted = wanted[:at] + content + wanted[at + len(content) :]
    assert flash.read_bytes() == wanted


def test_ctrl_c_while_flashing(loader: str, emulator: Emulator, tmp_path: Path) -> None:
    with _flash_something_large(loader, emulator, tmp_path) as process:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("tinycnn: stopped: the flash holds a part")
    assert len(said.splitlines()) == 1


def test_unplugged_while_flashing(emulator: Emulator, flash: Path, tmp_path: Path) -> None:
    with emulator.running(flash, download=True) as port:
        process = _flash_something_large(port, emulator, tmp_path)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert len(said.splitlines()) == 1
    assert said.startswith(f"tinycnn: lost the chip on {port}")
    assert "`tinycnn flash` again mends that" in said


def _flash_something_large(port: str, emulator: Emulator, tmp_path: Path) -> subprocess.Popen[str]:
    """A flash that is in the middle of writing."""
    path = tmp_path / "large.bin"
    image = write_firmware(path, emulator.machine.chip).read_bytes()
    path.write_bytes(image + os.urandom(600_000))
    words = [*TINYCNN, "flash", "--port", port, "--image", str(path), "--yes", "--baud", "115200"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while "This erases" not in process.stdout.readline():
        assert process.poll() is None, process.communicate()
    time.sleep(3)
    return process


def test_stock_firmware(
    command: Command, emulator: Emulator, models: Pipeline, tmp_path: Path
) -> None:
    machine = emulator.machine
    variable = f"TINYCNN_STOCK_{machine.name.upper()}"
    if not (stock := os.environ.get(variable)):
        pytest.skip(f"{TOOLS}{variable} names no MicroPython as upstream publishes it: boards.md")
    image = read_image(Path(stock))
    assert (image.chip, image.address) == (machine.chip, machine.address)
    flash = flash_file(tmp_path / "flash.img", image.data, image.address)
    with emulator.running(flash) as port:
        wait_for_repl(port, 60)  # a first boot formats the file system
        outcome = command("doctor", "--port", port)
        assert outcome.status == 1
        assert "firmware    MicroPython v1." in outcome.out
        assert "memory      4 MB flash, 20" in outcome.out
        assert "tflm        not in this firmware" in outcome.out
        assert "next        tinycnn deploy, which brings tflm.mpy" in outcome.out
        brought = command("deploy", "--port", port)
        arch = {"esp32": "xtensawin", "esp32c3": "rv32imc"}[machine.name]
        if shutil.which(f"{ARCHES[arch].prefix}gcc") is None:
            words = ("has no tflm module", f"{arch}_6.3/tflm.mpy of a release", "tinycnn flash")
            assert_one_line_error(brought, *words)
        else:
            assert brought.status == 0, brought
            assert "tflm.mpy: copied, since this firmware has no tflm module" in brought.out
            if machine is ESP32C3:  # the emulated ESP32's soft reset outlasts doctor's patience
                looked = command("doctor", "--port", port)
                assert (looked.status, "native module tflm.mpy" in looked.out) == (0, True)


def test_empty_flash_to_a_classified_digit(
    command: Command, emulator: Emulator, flash: Path, models: Pipeline
) -> None:
    """`flash`, a reset by hand, `deploy`, `doctor`, `mpremote run`, as a user types them."""
    with or_skip(TargetError):
        image = find_image(emulator.machine.chip)
    with emulator.running(flash, download=True) as port:
        words = ["flash", "--port", port, "--image", str(image.path), "--yes"]
        process = subprocess.Popen(
            [*TINYCNN, *words, "--baud", "921600"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        while "reset the board now" not in process.stdout.readline():
            assert process.poll() is None, process.communicate()
    with emulator.running(flash, port=int(port.rpartition(":")[2])):
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, "")
        assert out.startswith("MicroPython v1.28") and out.endswith("next: tinycnn deploy\n")

        deployed = command("deploy", "--port", port)
        assert deployed.status == 0, deployed
        looked = command("doctor", "--port", port)
        assert looked.status == 0, looked
        mpremote = [sys.executable, "-m", "mpremote", "connect", port]
        ran = subprocess.run(
            [*mpremote, "run", str(ROOT / "device" / "classify.py")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.stdout.count("Predicted class:") == 8, ran
        assert " of 8 right" in ran.stdout
