"""What doctor says of boards in every state."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from host_helpers import Command, Pipeline
from pty_board import PtyBoard, plugged_in
from tinycnn.board.deploy import sync
from tinycnn.board.repl import LostError, ScriptError, connect, wait_for_repl
from tinycnn.errors import TargetError
from tinycnn.files import ROOT
from tinycnn.firmware.port import Program

BESIDE = "elsewhere"
FREEZE = """\
import sys
name = "{model}"
class frozen_models: digits = {data}
sys.modules["frozen_models"] = frozen_models
sys.modules["samples"] = frozen_models
"""


def report(command: Command, port: str) -> tuple[int, dict[str, str]]:
    outcome = command("doctor", "--port", port)
    assert outcome.err == ""
    return outcome.status, {
        line.split()[0]: line.split(maxsplit=1)[1] for line in outcome.out.splitlines()
    }


def test_healthy_board_before_and_after_a_deploy(
    command: Command, board: PtyBoard, models: Pipeline, simulator: Program
) -> None:
    status, told = report(command, board.port)
    assert status == 1
    assert told["port"] == board.port
    assert told["firmware"].startswith(f"MicroPython v{simulator.micropython_version} on ")
    assert told["memory"].startswith("127 of 128 KB free for files, ")
    assert told["tflm"].startswith("0.1.0, engine hosted ")
    assert "digits.tflite (missing)" in told["files"]
    assert told["next"] == "tinycnn deploy"

    assert command("deploy", "--port", board.port).status == 0
    status, told = report(command, board.port)
    assert status == 0
    assert told["files"] == "classify.py, samples.py, digits.tflite"
    assert told["next"] == f"mpremote connect {board.port} run device/classify.py"

    with connect(board.port) as repl:
        repl.run("with open('samples.py', 'a') as file: file.write('#')")
    status, told = report(command, board.port)
    assert (status, told["files"]) == (1, "classify.py, samples.py (differs), digits.tflite")
    assert told["next"] == "tinycnn deploy"


def test_model_of_ones_own_is_what_to_run(
    command: Command, board: PtyBoard, models: Pipeline, simulator: Program, tmp_path: Path
) -> None:
    """After `deploy --model` nothing is missing: the board has what its user wanted."""
    own = tmp_path / "mine.tflite"
    own.write_bytes(models.converted.path(models.converted.int8).read_bytes())
    said = command("deploy", "--port", board.port, "--model", own)
    assert said.status == 0
    assert "  trained on raw values divided by 16: give it raw / 16\n" in said.out
    status, told = report(command, board.port)
    assert (status, told["models"]) == (0, "mine.tflite")
    assert "digits.tflite (missing)" in told["files"]
    assert "tflm.Interpreter(" in told["next"] and "mine.tflite" in told["next"]
    assert said.out.rstrip().endswith(told["next"])


def test_what_is_in_the_firmware_is_not_missing(
    command: Command, board: PtyBoard, models: Pipeline
) -> None:
    """Model and samples; the script is run from here."""
    name = f"{BESIDE}.tflite"
    with connect(board.port) as repl:
        # A true freeze needs another firmware.
        boot = FREEZE.format(model=name, data="open(name, 'rb').read()").encode()
        sync(repl, {name: (ROOT / "device" / "digits.tflite").read_bytes(), "boot.py": boot})
    status, told = report(command, board.port)
    have = "classify.py (missing), samples.py (in the firmware), digits.tflite (in the firmware)"
    assert (status, told["files"]) == (0, have)
    assert told["next"] == f"mpremote connect {board.port} run device/classify.py"

    with connect(board.port) as repl:
        sync(repl, {"boot.py": FREEZE.format(model=name, data="b'another'").encode()})
    status, told = report(command, board.port)
    assert (status, told["next"]) == (1, "tinycnn deploy")
    assert told["files"].endswith("digits.tflite (differs)")


def test_firmware_without_the_module(
    command: Command, simulator: Program, models: Pipeline, tmp_path: Path
) -> None:
    with plugged_in(simulator.path, tmp_path / "flash.bin", without="tflm") as board:
        status, told = report(command, board.port)
    assert (status, told["tflm"]) == (1, "not in this firmware")
    assert told["next"].startswith("tinycnn deploy, which brings tflm.mpy; or tinycnn flash")


def test_nothing_answers(command: Command, models: Pipeline) -> None:
    master, slave = os.openpty()
    port = os.ttyname(slave)
    status, told = report(command, port)
    os.close(slave)
    os.close(master)
    assert status == 1
    assert told["firmware"] == f"no MicroPython answers on {port}"
    assert told["next"].startswith("press the board's reset button and repeat")
    assert "tinycnn flash" in told["next"]


def test_something_else_answers(tmp_path: Path) -> None:
    chatter = "import sys\nwhile True: sys.stdin.buffer.read(1); print('ready.', flush=True)"
    master, slave = os.openpty()
    process = subprocess.Popen([sys.executable, "-c", chatter], stdin=master, stdout=master)
    try:
        with (
            pytest.raises(LostError, match=r"it says: .*ready\."),
            connect(os.ttyname(slave), timeout=2),
        ):
            pass
    finally:
        process.kill()
        process.wait()
        os.close(slave)
        os.close(master)


def test_prompt_that_comes_late(board: PtyBoard, simulator: Program) -> None:
    version = simulator.micropython_version
    assert wait_for_repl(board.port, 5).startswith(f"MicroPython v{version} on ")
    board.unplug()
    with pytest.raises(TargetError, match=board.port):
        wait_for_repl(board.port, 1)


def test_error_on_the_board_is_one_line(board: PtyBoard) -> None:
    with connect(board.port) as repl:
        with pytest.raises(ScriptError, match=r"^ValueError: of mine$") as raised:
            repl.run("def f():\n raise ValueError('of mine')\nf()")
        assert raised.value.exception == "ValueError"
        assert repl.value("print(6 * 7)") == 42
