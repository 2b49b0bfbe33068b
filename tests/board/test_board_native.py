"""deploy to stock firmware: which tflm.mpy it is brought, and what is said if none."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from host_helpers import Command, Pipeline, assert_one_line_error
from pty_board import PtyBoard, plugged_in
from skips import or_skip
from tflite_models import INT8, OP, Tensor, one_op
from tinycnn.board import deploy as deploying
from tinycnn.board import doctor as diagnosing
from tinycnn.board import native
from tinycnn.board.deploy import board_digests, sync
from tinycnn.board.native import Lying, Standing, Stock
from tinycnn.board.repl import Repl, connect
from tinycnn.errors import MissingToolError
from tinycnn.files import ROOT
from tinycnn.firmware.mpy import Kind, kind_of, native_for
from tinycnn.firmware.native import NativeModule, build_native
from tinycnn.firmware.port import Program
from tinycnn.firmware.release import write_release
from tinycnn.firmware.unix import build_unix_stock
from tinycnn.progress import Progress
from tinycnn.tflite.native import native_ops
from tinycnn.tflite.ops import OpSet

WITHOUT = "since this firmware has no tflm module"
MPREMOTE = [sys.executable, "-m", "mpremote"]
DIGITS = ROOT / "device" / "digits.tflite"
THERE = "import os; print(os.listdir())"
LIB = "/flash/lib/tflm.mpy"

FOREIGN = b"M\x06\x2b\x1f for another chip"
"""As a file for an ESP32 begins."""

BROKEN = b"M\x06\x0b\x7f"
"""As one for x64, of a machine whose small integers have 127 bits."""

# A chip that copies code to memory of its own, and has little of that.
NO_CODE = b"""\
import sys
class esp32:
    HEAP_EXEC = 0
    idf_heap_info = staticmethod(lambda kind: [(60000, 9000, 8000, 0), (100, 90, 90, 0)])
sys.modules["esp32"] = esp32
"""


@pytest.fixture(scope="module")
def whole() -> NativeModule:
    with or_skip(MissingToolError):
        return build_native("x64")


@pytest.fixture(scope="module")
def part() -> NativeModule:
    """With the ops of the digits."""
    with or_skip(MissingToolError):
        return build_native("x64", ops=native_ops({DIGITS: DIGITS.read_bytes()}))


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[PtyBoard]:
    with or_skip(MissingToolError):
        program = build_unix_stock()
    with plugged_in(program.path, tmp_path / "flash.bin", blocks=512) as board:
        yield board


@pytest.fixture
def quantize(tmp_path: Path) -> Path:
    """A model with an op that the digits do not have."""
    path = tmp_path / "quantize.tflite"
    path.write_bytes(one_op(OP.QUANTIZE, [Tensor([1, 8])], Tensor([1, 8], INT8, scale=0.5)))
    return path


def looked(board: Repl, error: str | None, *, trusted: bool = False) -> Standing:
    """What there is, or this error in the place of a module: no heap here is so small."""
    found = native.look(board, trusted=trusted)
    return found if error is None else replace(found, tflm=None, error=error)


def put(board: PtyBoard, name: str, data: bytes) -> None:
    with connect(board.port) as repl:
        if name.startswith("/flash/lib/"):
            repl.run("import os\nos.mkdir('/flash/lib')")
        sync(repl, {name: data})


def there(board: PtyBoard, name: str) -> str:
    """Its SHA-256."""
    with connect(board.port) as repl:
        return board_digests(repl, [name])[name]


def sha256(module: NativeModule) -> str:
    return hashlib.sha256(module.path.read_bytes()).hexdigest()


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
    command: Command, models: Pipeline, tmp_path: Path, whole: NativeModule, had: bool
) -> None:
    """Of half a file; the next deploy does not import it again, and neither does doctor."""
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
