"""deploy to stock firmware on which a module lies, or with one that is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from host_helpers import Command, Pipeline, assert_one_line_error
from native_there import WITHOUT, put, sha256, there
from pty_board import PtyBoard, plugged_in
from tflite_models import INT8, OP, Tensor, one_op
from tinycnn.board import native
from tinycnn.board.repl import connect
from tinycnn.firmware.native import NativeModule
from tinycnn.firmware.release import write_release
from tinycnn.firmware.unix import build_unix_stock

THERE = "import os; print(os.listdir())"
LIB = "/flash/lib/tflm.mpy"

FOREIGN = b"M\x06\x2b\x1f for another chip"
"""As a file for an ESP32 begins."""

BROKEN = b"M\x06\x0b\x7f"
"""As one for x64, of a machine whose small integers have 127 bits."""


@pytest.fixture
def quantize(tmp_path: Path) -> Path:
    """A model with an op that the digits do not have."""
    path = tmp_path / "quantize.tflite"
    path.write_bytes(one_op(OP.QUANTIZE, [Tensor([1, 8])], Tensor([1, 8], INT8, scale=0.5)))
    return path


def test_module_that_was_given(
    command: Command, models: Pipeline, stock: PtyBoard, whole: NativeModule, part: NativeModule
) -> None:
    """It takes the place of the one there; the same again is not copied."""
    words = ("deploy", "--port", stock.port, "--module")
    done = command(*words, part.path)
    assert (done.status, done.out.splitlines()[0]) == (0, f"tflm.mpy: copied, {WITHOUT}")
    assert there(stock, "tflm.mpy") == sha256(part)
    done = command(*words, part.path)
    assert (done.status, done.out.splitlines()[0]) == (0, f"{part.path}: there already")
    done = command(*words, whole.path)
    why = "tflm.mpy: copied, since tflm.mpy there is another"
    assert (done.status, done.out.splitlines()[0]) == (0, why)
    assert there(stock, "tflm.mpy") == sha256(whole)
    with connect(stock.port) as repl:
        assert "tflm.mpy.old" not in repl.value(THERE)


@pytest.mark.parametrize("had", [False, True])
def test_import_that_never_comes_back(
    command: Command,
    models: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    whole: NativeModule,
    had: bool,
) -> None:
    """Of half a file; the next deploy does not import it again, and neither does doctor."""
    monkeypatch.setattr(native, "IMPORT_SECONDS", 5.0)
    half, flash = tmp_path / "half.mpy", tmp_path / "flash.bin"
    half.write_bytes(whole.path.read_bytes()[: whole.size // 2])
    program = build_unix_stock().path
    with plugged_in(program, flash, blocks=512) as board:
        if had:
            assert command("deploy", "--port", board.port, "--module", whole.path).status == 0
        assert command("deploy", "--port", board.port, "--module", half).status != 0
    with plugged_in(program, flash, blocks=512) as board:
        told = command("doctor", "--port", board.port).out
        assert "a deploy ended while it was imported" in told
        done = command("deploy", "--port", board.port)
        assert done.status == 0, done
        copied = "tflm.mpy: copied" in done.out
        assert copied != had  # what was there is back
        with connect(board.port) as repl:
            assert "tflm.mpy.old" not in repl.value(THERE)
        assert there(board, "tflm.mpy") == sha256(whole)


def test_module_of_a_release(
    command: Command, models: Pipeline, stock: PtyBoard, whole: NativeModule, tmp_path: Path
) -> None:
    """The one for this board, and only if it is what the index says."""
    release = write_release(tmp_path / "release", [whole]).parent
    file = release / "x64_6.3" / "tflm.mpy"
    file.write_bytes(file.read_bytes() + b"!")
    done = command("deploy", "--port", stock.port, "--module", release)
    assert_one_line_error(done, f"{file} is not what {release}", "download both again")
    file.write_bytes(whole.path.read_bytes())
    done = command("deploy", "--port", stock.port, "--module", release)
    assert (done.status, done.out.splitlines()[0]) == (0, f"tflm.mpy: copied, {WITHOUT}")


def test_module_that_does_not_run_there(
    command: Command, models: Pipeline, stock: PtyBoard, tmp_path: Path
) -> None:
    """Before anything is copied."""
    words = ("deploy", "--port", stock.port, "--module")
    file = tmp_path / "given.mpy"
    assert_one_line_error(command(*words, file), f"cannot read {file}: No such file")
    file.write_bytes(FOREIGN)
    why = f"{file} is for xtensawin, ABI 6.3, and the firmware on {stock.port} takes x64, ABI 6.3"
    assert_one_line_error(command(*words, file), why, "take x64_6.3/tflm.mpy of a release")
    file.write_bytes(b"no module")
    assert_one_line_error(command(*words, file), f"{file} is no .mpy file")
    file.write_bytes(BROKEN)
    assert_one_line_error(command(*words, file), f"cannot be imported on {stock.port}: ")
    with connect(stock.port) as repl:
        assert repl.value(THERE) == []


def test_module_where_the_firmware_has_it(
    command: Command, models: Pipeline, board: PtyBoard, whole: NativeModule
) -> None:
    done = command("deploy", "--port", board.port, "--module", whole.path)
    assert_one_line_error(done, "has tflm itself", "leave --module out")


def test_module_of_another_chip_is_replaced(
    command: Command, models: Pipeline, stock: PtyBoard, whole: NativeModule
) -> None:
    """Where it lies; doctor knows it too."""
    put(stock, LIB, FOREIGN)
    why = f"{LIB} there is for xtensawin, ABI 6.3, and this firmware takes x64, ABI 6.3"
    looked = command("doctor", "--port", stock.port)
    assert (looked.status, f"tflm        {why}\n" in looked.out) == (1, True)
    assert "next        tinycnn deploy, which brings tflm.mpy" in looked.out
    done = command("deploy", "--port", stock.port)
    assert (done.status, done.out.splitlines()[0]) == (0, f"{LIB}: copied, since {why}")
    assert there(stock, LIB) == sha256(whole)
    looked = command("doctor", "--port", stock.port)
    assert (looked.status, f", native module {LIB}, " in looked.out) == (0, True)


def test_module_that_lacks_ops_is_replaced(
    command: Command, models: Pipeline, stock: PtyBoard, part: NativeModule, quantize: Path
) -> None:
    """The next import is of the new one: the board was reset meanwhile."""
    put(stock, "tflm.mpy", part.path.read_bytes())
    done = command("deploy", "--port", stock.port, "--model", quantize)
    why = "tflm.mpy: copied, since tflm.mpy there lacks QUANTIZE"
    assert (done.status, done.out.splitlines()[0]) == (0, why), done


def test_module_that_works_is_back_if_the_new_one_does_not(
    command: Command,
    models: Pipeline,
    stock: PtyBoard,
    whole: NativeModule,
    part: NativeModule,
    quantize: Path,
    tmp_path: Path,
) -> None:
    put(stock, "tflm.mpy", whole.path.read_bytes())
    words = ("deploy", "--port", stock.port, "--module")
    done = command(*words, part.path, "--model", quantize)
    assert_one_line_error(done, f"{quantize} needs QUANTIZE, which that tflm.mpy does not have")
    file = tmp_path / "given.mpy"
    file.write_bytes(BROKEN)
    assert_one_line_error(command(*words, file), f"cannot be imported on {stock.port}: ")
    assert there(stock, "tflm.mpy") == sha256(whole)
    with connect(stock.port) as repl:
        assert repl.value(THERE) == ["tflm.mpy"]
