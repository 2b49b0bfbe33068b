"""Deploy to real MicroPython with a real littlefs, on a pseudo-terminal."""

from __future__ import annotations

import hashlib
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from host_helpers import Command, Pipeline, assert_one_line_error
from pty_board import PtyBoard, plugged_in
from tinycnn.board import deploy as deploying
from tinycnn.board.repl import LostError, connect
from tinycnn.errors import TargetError, UserError
from tinycnn.files import ROOT, board_files
from tinycnn.firmware.port import Program

MODEL = "model_int8.tflite"
SHIPPED = "digits.tflite"


def test_deployed_board_classifies(command: Command, board: PtyBoard, models: Pipeline) -> None:
    outcome = command("deploy", "--port", board.port)
    assert outcome.status == 0, outcome
    lines = outcome.out.splitlines()
    assert lines[0] == "classify.py: copied"
    assert lines[2].startswith(f"{SHIPPED}: copied, arena of ")
    assert lines[-1].endswith(f"next: mpremote connect {board.port} run device/classify.py")

    mpremote = [sys.executable, "-m", "mpremote", "connect", board.port]
    done = subprocess.run(
        [*mpremote, "run", ROOT / "device" / "classify.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert " of 8 right" in done.stdout, done
    assert done.stdout.count("Predicted class:") == 8


def test_next_step_after_a_model_of_ones_own_runs_that(
    command: Command, board: PtyBoard, models: Pipeline, tmp_path: Path
) -> None:
    mine = tmp_path / "mine 'n yours.tflite"
    mine.write_bytes((ROOT / "device" / SHIPPED).read_bytes())
    outcome = command("deploy", "--port", board.port, "--model", mine)
    assert outcome.status == 0, outcome
    words = shlex.split(outcome.out.splitlines()[-1].partition("next: ")[2])
    assert words[:4] == ["mpremote", "connect", board.port, "exec"]
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("<Interpreter"), done


def test_a_model_with_labels_brings_them_and_what_prints_them(
    command: Command, board: PtyBoard, models: Pipeline, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.tflite"
    mine.write_bytes((ROOT / "device" / SHIPPED).read_bytes())
    (tmp_path / "labels.txt").write_text("".join(f"digit {at}\n" for at in range(10)))
    outcome = command("deploy", "--port", board.port, "--model", mine)
    assert outcome.status == 0, outcome
    assert {"labels.txt: copied", "run.py: copied"} < set(outcome.out.splitlines())
    words = shlex.split(outcome.out.splitlines()[-1].partition("next: ")[2])
    with connect(board.port) as repl:
        repl.run("with open('input.txt', 'w') as file: file.write('0 ' * 64)")
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False
    )
    first, second = done.stdout.splitlines()
    assert first.startswith("<Interpreter")
    assert second.startswith("digit ")


def test_second_deploy_copies_nothing(board: PtyBoard, models: Pipeline) -> None:
    files = board_files()
    with connect(board.port) as repl:
        first = deploying.deploy(repl, files)
        second = deploying.deploy(repl, files)
    assert (first.copied, first.kept) == (tuple(files), ())
    assert (second.copied, second.kept) == ((), tuple(files))
    assert second.arenas == first.arenas
    assert second.arenas[SHIPPED] > 0


def test_only_what_differs_is_copied(board: PtyBoard, models: Pipeline, tmp_path: Path) -> None:
    files = board_files()
    with connect(board.port) as repl:
        deploying.deploy(repl, files)
        repl.run("with open('samples.py', 'a') as file: file.write('#')")
        repl.run("import os\nos.remove('classify.py')")
        done = deploying.deploy(repl, files)
        assert done.copied == ("classify.py", "samples.py")
        for name, digest in deploying.board_digests(repl, files).items():
            assert digest == hashlib.sha256(files[name].read_bytes()).hexdigest()
        assert repl.value("import os; print(sorted(os.listdir()))") == sorted(files)


@pytest.mark.slow
def test_power_failure_leaves_the_old_model_whole(
    simulator: Program, quick_pipeline: Pipeline, tmp_path: Path
) -> None:
    """Whenever it happens; at each of the last writes, where files take their places."""
    old = {MODEL: quick_pipeline.build / "models" / MODEL}
    new = {MODEL: quick_pipeline.build / "models" / "model_float32.tflite"}
    digest_old, digest_new = (
        hashlib.sha256(files[MODEL].read_bytes()).hexdigest() for files in (old, new)
    )
    fresh, flash = tmp_path / "fresh.bin", tmp_path / "flash.bin"
    with plugged_in(simulator.path, fresh) as board, connect(board.port) as repl:
        deploying.deploy(repl, old)
    flash.write_bytes(fresh.read_bytes())
    with plugged_in(simulator.path, flash) as board, connect(board.port) as repl:
        deploying.deploy(repl, new)
        total = -repl.value("print(flash.writes)")
    assert total > 15

    seen = set()
    for writes in [*range(1, total - 8, 8), *range(total - 8, total + 1)]:
        flash.write_bytes(fresh.read_bytes())
        with (
            plugged_in(simulator.path, flash, writes=writes) as board,
            pytest.raises(LostError),
            connect(board.port) as repl,
        ):
            deploying.deploy(repl, new)
        with plugged_in(simulator.path, flash) as board, connect(board.port) as repl:
            found = deploying.board_digests(repl, new)[MODEL]
            assert found in (digest_old, digest_new), f"after write {writes} of {total}"
            seen.add(found)
    assert digest_old in seen


def test_next_deploy_clears_up(
    simulator: Program, quick_pipeline: Pipeline, tmp_path: Path
) -> None:
    files = {MODEL: quick_pipeline.build / "models" / MODEL}
    flash = tmp_path / "flash.bin"
    with (
        plugged_in(simulator.path, flash, writes=8) as board,
        pytest.raises(LostError),
        connect(board.port) as repl,
    ):
        deploying.deploy(repl, files)
    with plugged_in(simulator.path, flash) as board, connect(board.port) as repl:
        assert repl.value("import os; print(os.listdir())") == [f"{MODEL}.new"]
        deploying.deploy(repl, files)
        assert repl.value("import os; print(os.listdir())") == [MODEL]


def test_unplugged_in_the_middle(board: PtyBoard, models: Pipeline) -> None:
    def unplug(message: str, done: int, total: int) -> None:
        if message == "samples.py":
            board.unplug()

    with pytest.raises(LostError) as lost, connect(board.port) as repl:
        deploying.deploy(repl, board_files(), unplug)
    assert f"lost the board on {board.port}" in str(lost.value)
    assert "repeat the command" in str(lost.value)


def test_full_file_system(
    command: Command, simulator: Program, models: Pipeline, tmp_path: Path
) -> None:
    with plugged_in(simulator.path, tmp_path / "flash.bin", blocks=10) as board:
        outcome = command("deploy", "--port", board.port)
        assert_one_line_error(outcome, "file system is full", "bytes needed", "mpremote rm")
        with connect(board.port) as repl:
            assert repl.value("import os; print(os.listdir())") == []


def test_file_system_that_is_full_sooner_than_it_says(simulator: Program, tmp_path: Path) -> None:
    """littlefs needs blocks of its own: a file that seems to fit may not."""
    large, flash = tmp_path / "large.bin", tmp_path / "flash.bin"
    with plugged_in(simulator.path, flash, blocks=20) as board, connect(board.port) as repl:
        repl.run(deploying._LOOK)
        block, blocks = repl.value("print(free())")
        large.write_bytes(bytes(block * blocks))
        with pytest.raises(TargetError, match="file system is full"):
            deploying.deploy(repl, {"large.bin": large})
        assert repl.value("import os; print(os.listdir())") == []


def test_model_too_large_for_the_heap(
    command: Command, simulator: Program, models: Pipeline, tmp_path: Path
) -> None:
    """It is tried before it takes the place of the one that works."""
    large = tmp_path / MODEL
    large.write_bytes((models.build / "models" / MODEL).read_bytes() + b"A" * 60_000)
    with plugged_in(simulator.path, tmp_path / "flash.bin", heap="80k") as board:
        assert command("deploy", "--port", board.port).status == 0
        with connect(board.port) as repl:
            before = deploying.board_digests(repl, [MODEL])
        outcome = command("deploy", "--port", board.port, "--model", large)
        assert_one_line_error(
            outcome, f"{MODEL} does not run on the board: MemoryError", "bytes of heap free"
        )
        with connect(board.port) as repl:
            assert deploying.board_digests(repl, [MODEL]) == before
            assert f"{MODEL}.new" not in repl.value("import os; print(os.listdir())")


def test_model_that_is_none(command: Command, board: PtyBoard, tmp_path: Path) -> None:
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(b"no model" * 10)
    outcome = command("deploy", "--port", board.port, "--model", bad)
    assert_one_line_error(outcome, f"{bad} cannot run on a board")


def test_model_with_ops_that_the_board_lacks(board: PtyBoard, models: Pipeline) -> None:
    with connect(board.port) as repl:
        # As in a firmware that was built with other ops.
        repl.run(
            "import sys\n"
            "class tflm:\n"
            " __version__ = engine = tflm_commit = 'other'\n"
            " supported_ops = staticmethod(lambda: (('CONV_2D', 99),))\n"
            "sys.modules['tflm'] = tflm"
        )
        with pytest.raises(UserError, match=r"needs FULLY.*--ops-from"):
            deploying.deploy(repl, board_files())


def test_ctrl_c_in_the_middle(board: PtyBoard, models: Pipeline, tmp_path: Path) -> None:
    """It ends at once with 130, and the board is in order."""
    program = """
import pathlib, signal, sys, time
from mpremote.transport_serial import SerialTransport
from tinycnn import files
from tinycnn.cli import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
large = pathlib.Path(sys.argv.pop())
files.board_files = lambda model: {"large.bin": large}
write = SerialTransport.fs_writefile

def write_half(self, name, data, chunk, progress):
    def show(done, total):
        progress(done, total)
        if done > total // 2:
            print("in the middle", flush=True)
            time.sleep(60)
    return write(self, name, data, chunk, show)

SerialTransport.fs_writefile = write_half
main()
"""
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(60_000))
    words = [sys.executable, "-c", program, "deploy", "--port", board.port, str(large)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, ("", "tinycnn: stopped\n"))
    with connect(board.port) as repl:
        assert repl.value("import os; print(os.listdir())") == []
