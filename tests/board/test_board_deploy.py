"""Deploy to real MicroPython with a real littlefs, on a pseudo-terminal."""

from __future__ import annotations

import hashlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from host_helpers import Command, Pipeline, assert_one_line_error
from pty_board import PtyBoard, plugged_in
from skips import or_skip
from tflite_models import OP, Tensor, one_op
from tinycnn.board import deploy as deploying
from tinycnn.board import native
from tinycnn.board.native import Stock
from tinycnn.board.repl import LostError, Repl, connect
from tinycnn.errors import MissingToolError, TargetError, UserError
from tinycnn.files import ROOT, board_files
from tinycnn.firmware.native import NativeModule, build_native
from tinycnn.firmware.port import Program
from tinycnn.firmware.unix import build_unix_stock
from tinycnn.progress import Progress
from tinycnn.tflite.ops import OpSet

MODEL = "model_int8.tflite"
SHIPPED = "digits.tflite"
WITHOUT = "since this firmware has no tflm module"
MPREMOTE = [sys.executable, "-m", "mpremote"]


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


@pytest.mark.parametrize(
    "heap, said",
    [
        ("1M", WITHOUT),
        ("140K", f"{WITHOUT}, with just the ops of this model for want of memory"),
    ],
)
def test_stock_firmware_is_brought_the_module(
    command: Command, models: Pipeline, tmp_path: Path, heap: str, said: str
) -> None:
    with or_skip(MissingToolError):
        stock = build_unix_stock()
        whole = build_native("x64").size
    with plugged_in(stock.path, tmp_path / "flash.bin", blocks=512, heap=heap) as board:
        outcome = command("deploy", "--port", board.port)
        assert outcome.status == 0, outcome
        lines = outcome.out.splitlines()
        assert lines[:2] == [f"tflm.mpy: copied, {said}", "classify.py: copied"]
        with connect(board.port) as repl:
            there = repl.value("import os; print(os.stat('tflm.mpy')[6])")
        assert (there == whole) == ("memory" not in said)
        again = command("deploy", "--port", board.port)
        assert again.out.splitlines()[0] == "classify.py: there already"
        done = subprocess.run(
            [*MPREMOTE, "connect", board.port, "run", ROOT / "device" / "classify.py"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.count("Predicted class:") == 8, done


def test_model_that_the_module_does_not_run(
    command: Command, simulator: Program, models: Pipeline, tmp_path: Path
) -> None:
    mine = tmp_path / "floats.tflite"
    mine.write_bytes(one_op(OP.RELU, [Tensor([1, 8])], Tensor([1, 8])))
    with plugged_in(simulator.path, tmp_path / "flash.bin", without="tflm") as board:
        outcome = command("deploy", "--port", board.port, "--model", mine)
        why = "does not run in the native module: op 0 RELU: type FLOAT32 is not in the firmware"
        assert_one_line_error(outcome, f"{mine} {why}")
        with connect(board.port) as repl:
            assert repl.value("import os; print(os.listdir())") == []


X64 = Stock((1, 28), "x64", (6, 3))
UNFIT = {
    "MicroPython 1.23 is older than 1.24": replace(X64, version=(1, 23)),
    "no tflm.mpy for its chip": replace(X64, arch=""),
    "no tflm.mpy for armv6": replace(X64, arch="armv6"),
    "have ABI 6.2, and tflm.mpy 6.3": replace(X64, abi=(6, 2)),
    "takes 2000000 bytes in one piece": X64,
}


@pytest.mark.parametrize("why", UNFIT)
def test_firmware_that_takes_no_module(
    command: Command,
    simulator: Program,
    models: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    why: str,
) -> None:
    monkeypatch.setattr(native, "stock_of", lambda board: UNFIT[why])
    monkeypatch.setattr(native, "build_native", built_of(tmp_path))
    with plugged_in(simulator.path, tmp_path / "flash.bin", without="tflm") as board:
        outcome = command("deploy", "--port", board.port)
        assert_one_line_error(outcome, "has no tflm module", why, "tinycnn flash")
        with connect(board.port) as repl:
            assert repl.value("import os; print(os.listdir())") == []


@pytest.mark.parametrize(
    "number, arch",
    [(2, "x64"), (4, "armv6m"), (5, "armv6m"), (6, "armv6m"), (7, "armv7emsp"), (8, "armv7emsp")],
)
def test_arm_runs_what_is_for_less(number: int, arch: str) -> None:
    """As MPY_FEATURE_ARCH_TEST() of py/persistentcode.h has it, where floats are passed alike."""
    told = {"mpy": number << 10 | 3 << 8 | 6, "version": (1, 28)}
    stock = native.stock_of(cast(Repl, SimpleNamespace(value=lambda ask, read: read(told))))
    assert (stock.arch, stock.why_not) == (arch, "")


def test_module_that_cannot_be_built_here(
    command: Command,
    simulator: Program,
    models: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(arch: str, ops: OpSet | None, progress: Progress) -> NativeModule:
        raise MissingToolError("some-gcc is missing")

    monkeypatch.setattr(native, "build_native", missing)
    monkeypatch.setattr(native, "BUILD", tmp_path)
    with plugged_in(simulator.path, tmp_path / "flash.bin", without="tflm") as board:
        outcome = command("deploy", "--port", board.port)
    words = ("tinycnn firmware native --arch x64", "some-gcc is missing", "tinycnn flash")
    assert_one_line_error(outcome, *words)


def built_of(folder: Path) -> Callable[..., NativeModule]:
    """What builds a tflm.mpy of 2,000,000 bytes."""
    path = folder / "tflm.mpy"
    path.write_bytes(bytes(2_000_000))
    return lambda arch, ops, progress: NativeModule(arch, path, 2_000_000)


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
            "class tflm: supported_ops = staticmethod(lambda: (('CONV_2D', 99),))\n"
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
