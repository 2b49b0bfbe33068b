"""`--target esp32`: scripts on a board behind a port, here on a pseudo-terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from host_helpers import Command, assert_one_line_error
from pty_board import PtyBoard
from tinycnn.board.repl import connect
from tinycnn.errors import MissingToolError
from tinycnn.files import ROOT
from tinycnn.firmware.port import Program
from tinycnn.targets.board import FOLDER
from tinycnn.targets.esp32 import ESP32, find_emulator
from tinycnn.targets.targets import Choice, build_target, facts

SCRIPT = """\
import sys
print(sys.argv[1:], open("note.txt").read())
if len(sys.argv) > 2:
    raise ValueError("of mine")
"""


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "note.txt").write_text("first")
    return folder


def test_script_runs_with_its_arguments_and_files(
    board: PtyBoard, simulator: Program, flash: Path, tmp_path: Path
) -> None:
    target = build_target("esp32", Choice(port=board.port))
    assert target.micropython.startswith(f"MicroPython v{simulator.micropython_version} on ")
    assert facts(target, flash).startswith("tflm 0.1.0 engine hosted")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = target.run(script, ["a"], flash=flash, capture=True)
    assert (done.status, done.stdout, done.stderr) == (0, "['a'] first\n", "")

    (flash / "note.txt").write_text("second")
    done = target.run(script, ["a", "b"], flash=flash, capture=True)
    assert (done.status, done.stdout) == (1, "['a', 'b'] second\n")
    assert done.stderr.endswith("ValueError: of mine\n")


def test_simulate_on_a_board(
    command: Command, board: PtyBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside what is there, which stays; what a run before this one left is gone."""
    device = ROOT / "device"
    monkeypatch.setattr("tinycnn.targets.flash.FLASH", tmp_path / "flash")
    monkeypatch.setattr(
        "tinycnn.targets.flash.flash_files",
        lambda: {name: device / name for name in ("samples.py", "digits.tflite")},
    )
    with connect(board.port) as repl:
        repl.run(f"import os\nos.mkdir({FOLDER!r})")
        for name in ("mine.txt", f"{FOLDER}/old.txt"):
            repl.run(f"open({name!r}, 'w').close()")
    outcome = command("simulate", "--target", "esp32", "--port", board.port, "device/classify.py")
    assert outcome.status == 0, outcome
    assert " of 8 right" in outcome.out
    with connect(board.port) as repl:
        found = repl.value(f"import os; print((os.listdir(), os.listdir({FOLDER!r})))")
    assert [set(names) for names in found] == [
        {"mine.txt", FOLDER},
        {"samples.py", "digits.tflite"},
    ]


def test_no_board(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    outcome = command("simulate", "--target", "esp32", "device/classify.py")
    assert_one_line_error(outcome, "no board found")


@pytest.mark.parametrize(
    ("name", "option", "able"),
    [
        ("qemu-esp32", "--ops=digits", "unix-hosted, unix, unix-esp-nn, qemu-rv32"),
        ("unix", "--port=somewhere", "esp32"),
        ("esp32", "--qemu=somewhere", "qemu-esp32, qemu-esp32c3"),
        ("qemu-rv32", "--image=some.bin", "qemu-esp32, qemu-esp32c3"),
    ],
)
def test_option_of_another_target_is_one_line(
    command: Command, name: str, option: str, able: str
) -> None:
    outcome = command("simulate", "--target", name, option)
    word = option.partition("=")[0]
    assert_one_line_error(outcome, f"the target {name} takes no {word}: that is for {able}")


@pytest.mark.parametrize("program", ["/nowhere/qemu", "/bin/true"])
def test_emulator_that_is_none(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ESP32.variable, program)
    with pytest.raises(MissingToolError, match=r"TINYCNN_QEMU_XTENSA may name one that has"):
        find_emulator(ESP32)
