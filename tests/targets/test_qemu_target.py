"""The bare machine in QEMU: what is true of it alone, and of no process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from commandline import python
from host_helpers import Pipeline
from tinycnn import command
from tinycnn.errors import MissingToolError, SourceError, TargetError
from tinycnn.files import ROOT, stage
from tinycnn.firmware import qemu
from tinycnn.firmware.fetch import Checkout
from tinycnn.targets.completed import TIMED_OUT
from tinycnn.targets.flash import flash_files
from tinycnn.targets.qemu import machine
from tinycnn.targets.targets import Target

STACK = 16 * 1024
HEAP = 110 * 1024
CANARY = 0xBBBBBBBB
"""What upstream's startup code fills the stack with."""


@pytest.fixture
def flash(quick_pipeline: Pipeline, tmp_path: Path) -> Path:
    folder = tmp_path / "flash"
    stage(folder, flash_files(models=quick_pipeline.build / "models"))
    return folder


def symbols(program: Path) -> dict[str, int]:
    """Addresses by name, of what is linked into `program`."""
    listed = subprocess.run(
        [f"{qemu.PREFIX}nm", program], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in listed.stdout.splitlines())
    return {row[2]: int(row[0], 16) for row in rows if len(row) == 3}


def test_firmware_is_as_small_as_a_boards(qemu_rv32: Target) -> None:
    """An ESP32's stack and heap, no allocator but MicroPython's, nothing before main."""
    found = symbols(qemu_rv32.program)
    assert found["_estack"] - found["_sstack"] == STACK
    assert found["_ebss"] - found["_sbss"] < HEAP + 24 * 1024
    allocators = {"malloc", "calloc", "realloc", "free", "sbrk", "_sbrk", "_Znwj", "_Znaj"}
    assert allocators & set(found) == set()


def test_heap_is_a_boards(qemu_rv32: Target, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import gc\ngc.collect()\nprint(gc.mem_free())\n")
    done = qemu_rv32.run(script, flash=tmp_path, capture=True)
    assert 0.9 * HEAP < int(done.stdout) < HEAP


USE_ALL = """
import os, tflm
from machine import mem32

def unused(low, high):
    for address in range(low, high, 4):
        if mem32[address] & 0xFFFFFFFF != 0xBBBBBBBB:
            return address - low
low, high = {low}, {high}
print("before", high - low - unused(low, high))
runs = 0
for name in sorted(os.listdir()):
    try:
        net = tflm.Interpreter(name)
    except ValueError:
        continue
    net.invoke()
    net.profile()
    net.memory_map()
    runs += 1
print("runs", runs)
print("after", high - low - unused(low, high))
"""


def test_stack_is_never_used_up(
    qemu_rv32: Target, corpus_files: dict[str, Path], tmp_path: Path
) -> None:
    """Every op of the corpus, with room to spare of a main task's 16 KB."""
    found = symbols(qemu_rv32.program)
    script = tmp_path / "script.py"
    script.write_text(USE_ALL.format(low=found["_sstack"], high=found["_estack"]))
    done = qemu_rv32.run(script, flash=corpus_files["relu_f"].parent, capture=True, timeout=300)
    assert done.stderr == ""
    used = {name: int(size) for name, size in (line.split() for line in done.stdout.splitlines())}
    print(used)
    assert used["runs"] > 150
    assert 500 < used["before"] <= used["after"] < STACK - 4096, used


def test_script_without_end_is_stopped(qemu_rv32: Target, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('on')\nwhile True:\n    pass\n")
    done = qemu_rv32.run(script, flash=tmp_path, capture=True, timeout=1)
    assert done.status == TIMED_OUT
    assert 1 <= done.seconds < 15


def test_reader_that_has_seen_enough_is_no_lost_board(qemu_rv32: Target, tmp_path: Path) -> None:
    """As with `| head -1`."""
    script = tmp_path / "talk.py"
    script.write_text("while True:\n    print('more')\n")
    words = python("simulate", "--target", "qemu-rv32", str(script), flash=tmp_path / "flash")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"more\n"
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (141, b"")


def test_mpremote_runs_scripts(qemu_rv32: Target, flash: Path) -> None:
    """The command that people type, over the pseudo-terminal; files by its mount."""
    mpremote = [sys.executable, "-m", "mpremote"]
    with machine(qemu_rv32.program) as port:
        what = ["connect", port, "mount", flash, "run", ROOT / "device" / "classify.py"]
        done = subprocess.run(
            [*mpremote, *what], capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " of 8 right" in done.stdout


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="make is missing"):
        qemu.build_qemu()
    with pytest.raises(MissingToolError, match="apt install qemu-system-misc"), machine(tmp_path):
        pass


def test_compiler_without_cplusplus_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu, "need", lambda *programs: None)
    monkeypatch.setattr(qemu, "run", lambda argv: command.Finished(1, "no such header"))
    with pytest.raises(MissingToolError, match=r"apt install libstdc\+\+-riscv64"):
        qemu.build_qemu()


def test_old_micropython_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = Checkout(tmp_path, "debian", "1.26.1", None)
    monkeypatch.setattr(qemu, "need", lambda *programs: None)
    monkeypatch.setattr(qemu, "run", lambda argv: command.Finished(0, ""))
    monkeypatch.setattr(qemu, "fetch", lambda name, progress: old)
    with pytest.raises(SourceError, match=r"needs MicroPython 1\.28, and only 1\.26\.1"):
        qemu.build_qemu()


def test_machine_that_does_not_start_is_one_line(qemu_rv32: Target) -> None:
    bad = machine(qemu_rv32.program, options=["-nonsense"])
    with pytest.raises(TargetError, match=r"does not start, and says: .*nonsense"), bad:
        pass
