"""deploy to stock firmware: which tflm.mpy it is brought, and what is said if none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from host_helpers import Command, Pipeline, assert_one_line_error
from native_there import WITHOUT, put
from pty_board import PtyBoard, plugged_in
from tflite_models import OP, Tensor, one_op
from tinycnn.board import deploy as deploying
from tinycnn.board import doctor as diagnosing
from tinycnn.board import native
from tinycnn.board.native import Lying, Standing, Stock
from tinycnn.board.repl import Repl, connect
from tinycnn.errors import MissingToolError
from tinycnn.files import ROOT
from tinycnn.firmware.mpy import Kind, kind_of, native_for
from tinycnn.firmware.native import NativeModule
from tinycnn.firmware.port import Program
from tinycnn.firmware.unix import build_unix_stock
from tinycnn.progress import Progress
from tinycnn.tflite.ops import OpSet

MPREMOTE = [sys.executable, "-m", "mpremote"]

# A chip that copies code to memory of its own, and has little of that.
NO_CODE = b"""\
import sys
class esp32:
    HEAP_EXEC = 0
    idf_heap_info = staticmethod(lambda kind: [(60000, 9000, 8000, 0), (100, 90, 90, 0)])
sys.modules["esp32"] = esp32
"""


def looked(board: Repl, error: str | None, *, trusted: bool = False) -> Standing:
    """What there is, or this error in the place of a module: no heap here is so small."""
    found = native.look(board, trusted=trusted)
    return found if error is None else replace(found, tflm=None, error=error)


@pytest.mark.parametrize("kind", ["roomy", "tight", "tighter than it says"])
def test_stock_firmware_is_brought_the_module(
    command: Command,
    models: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    whole: NativeModule,
    part: NativeModule,
    kind: str,
) -> None:
    """All of it, or as much as finds memory: by what is free, or by what its import says."""
    heap, said = 1 << 20, WITHOUT
    if kind != "roomy":
        heap = (whole.size + part.size) // 2 + (34 << 10)
        said += ", with just the ops of this model for want of memory"
    if kind.startswith("tighter"):
        answers = iter([None, "MemoryError: allocating", None, None])
        monkeypatch.setattr(deploying, "no_room", lambda board, need: "")
        monkeypatch.setattr(
            deploying, "look", lambda board, **how: looked(board, next(answers), **how)
        )
    with plugged_in(
        build_unix_stock().path, tmp_path / "flash.bin", blocks=512, heap=str(heap)
    ) as board:
        outcome = command("deploy", "--port", board.port)
        assert outcome.status == 0, outcome
        lines = outcome.out.splitlines()
        assert lines[:2] == [f"tflm.mpy: copied, {said}", "classify.py: copied"]
        wanted = whole if kind == "roomy" else part
        with connect(board.port) as repl:
            size = repl.value("import os; print(os.stat('tflm.mpy')[6])")
        assert size == wanted.size
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


X64 = Stock((1, 28), Kind("x64", (6, 3)))
P4 = Stock((1, 28), Kind("rv32imc", (6, 3)), "Generic ESP32P4 module with ESP32P4")
UNFIT = {
    "MicroPython 1.23 is older than 1.24": replace(X64, version=(1, 23)),
    "no tflm.mpy for its chip": replace(X64, takes=Kind("", (6, 3))),
    "no tflm.mpy for armv6": replace(X64, takes=Kind("armv6", (6, 3))),
    "have ABI 6.2, and tflm.mpy 6.3": replace(X64, takes=Kind("x64", (6, 2))),
    "passes floats in registers that tflm.mpy does not look at": P4,
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
    monkeypatch.setattr(deploying, "look", lambda board, **_: Standing(UNFIT[why], None, None))
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
    stock = Stock((1, 28), native_for(kind_of(number << 10 | 3 << 8 | 6)))
    assert (stock.takes.arch, stock.why_not) == (arch, "")


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
    words = ("x64_6.3/tflm.mpy of a release", "--module FILE", "some-gcc is missing")
    more = ("this firmware has no tflm module", "firmware native --arch x64", "tinycnn flash")
    assert_one_line_error(outcome, *words, *more)


def built_of(folder: Path) -> Callable[..., NativeModule]:
    """What builds a tflm.mpy of 2,000,000 bytes."""
    path = folder / "tflm.mpy"
    path.write_bytes(bytes(2_000_000))
    return lambda arch, ops, progress: NativeModule(arch, path, 2_000_000, frozenset())


def test_no_executable_memory_left(
    command: Command, models: Pipeline, stock: PtyBoard, part: NativeModule
) -> None:
    put(stock, "boot.py", NO_CODE)
    need = f"8000 bytes of executable memory are left, and tflm.mpy takes {part.size} in one piece"
    done = command("deploy", "--port", stock.port)
    assert_one_line_error(done, "this firmware has no tflm module, and", need, "tinycnn flash")
    looked = command("doctor", "--port", stock.port)
    assert (
        "next        tinycnn flash, since 8000 bytes of executable memory are left" in looked.out
    )


def test_heap_too_small(
    command: Command,
    models: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    part: NativeModule,
) -> None:
    """That of a board with a module that fitted once is told too."""
    why = f"the heap has no room for tflm.mpy, which takes {part.size} bytes in one piece"
    flash = tmp_path / "flash.bin"
    with plugged_in(build_unix_stock().path, flash, blocks=512, heap="60K") as board:
        done = command("deploy", "--port", board.port)
        assert_one_line_error(done, f"{WITHOUT[6:]}, and {why}: ", "tinycnn flash")
        put(board, "tflm.mpy", part.path.read_bytes())
        monkeypatch.setattr(
            diagnosing, "look", lambda board, **_: looked(board, "MemoryError: none")
        )
        told = command("doctor", "--port", board.port)
        assert "tflm        tflm.mpy there finds no memory (MemoryError: none)" in told.out
        assert "next        tinycnn flash, since the heap has no room for tflm.mpy" in told.out


@pytest.mark.parametrize("why", [key for key in UNFIT if "one piece" not in key])
def test_doctor_knows_a_firmware_that_takes_none(
    command: Command, models: Pipeline, board: PtyBoard, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    monkeypatch.setattr(diagnosing, "look", lambda board, **_: Standing(UNFIT[why], None, None))
    told = command("doctor", "--port", board.port)
    next_ = told.out.splitlines()[-1]
    assert (told.status, next_.startswith("next        tinycnn flash, since ")) == (1, True)
    assert why in next_


def test_module_that_refuses_an_old_firmware() -> None:
    """It raises what no other error of an import is."""
    found = Standing(X64, Lying("tflm.mpy", X64.takes, 1), None, "RuntimeError: tflm needs more")
    assert found.trouble == "tflm.mpy there cannot be imported (RuntimeError: tflm needs more)"
