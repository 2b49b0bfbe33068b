"""What only the hosted engine has: a child process, which may die, and must not outlive us."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from device_models import slow
from host_helpers import Pipeline
from staging import RunningProcess, running, stage_all
from tinycnn.firmware.port import Program
from tinycnn.targets import unix

INTERPRETER = 'import os, sys, tflm\ninterpreter = tflm.Interpreter("slow.tflite")\n'


@pytest.fixture(scope="module")
def flash(article_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flash-hosted-engine")
    stage_all(folder, article_pipeline)
    (folder / "slower.tflite").write_bytes(slow(side=96, window=31))
    return folder


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "script.py"


def stat_of(pid: int) -> list[str]:
    """State, parent, ... of a process, as in proc(5); [] if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def children(pid: int) -> list[int]:
    """Its living child processes."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            stat = stat_of(int(entry.name))
            if stat and stat[1] == str(pid) and stat[0] != "Z":
                found.append(int(entry.name))
    return found


def assert_gone(pid: int, seconds: float = 2) -> None:
    end = time.monotonic() + seconds
    while (stat := stat_of(pid)) and stat[0] != "Z":
        assert time.monotonic() < end, f"process {pid} outlives its simulator: {stat[:2]}"
        time.sleep(0.02)


@contextmanager
def ready(
    simulator: Program, flash: Path, script: Path, text: str
) -> Iterator[tuple[RunningProcess, int]]:
    """A script that has printed "ready", and its child; what it opens as `go` is a pipe."""
    script.write_text(text)
    os.mkfifo(flash / "go")
    try:
        with running(simulator.path, script, flash) as run:
            assert run.line() == "ready"
            (child,) = children(run.pid)
            yield run, child
    finally:
        (flash / "go").unlink()


def test_child_that_dies_is_an_error_and_the_next_interpreter_works(
    simulator: Program, flash: Path, script: Path
) -> None:
    text = """
other = tflm.Interpreter("echo_f.tflite")
print("ready")
open("go").read()
for attempt in range(2):
    for one in (interpreter, other):
        try:
            one.invoke()
        except RuntimeError as error:
            print(type(error), error)
print(len(interpreter.inputs[0].dequantize()), other.inputs[0].shape, other.ops())
del other
new = tflm.Interpreter("echo_f.tflite")
print(new.predict([1] * 8) == [1.0] * 8)
try:
    interpreter.invoke()
except RuntimeError as error:
    print(error)
print(tflm.Interpreter("slow.tflite").invoke())
"""
    with ready(simulator, flash, script, INTERPRETER + text) as (run, child):
        os.kill(child, signal.SIGKILL)
        assert_gone(child)
        (flash / "go").write_text("go")
        assert run.line() == "<class 'RuntimeError'> engine process died (signal 9)"
        for _ in range(3):
            text = run.line()
            assert text.startswith("<class 'RuntimeError'> engine process died; make a new")
        assert run.line() == "4096 (1, 8) [('RESHAPE', 1)]"
        assert run.line() == "True"
        assert run.line().startswith("engine process died")
        assert run.line() == "True"
        assert run.process.wait(5) == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_child_that_dies_in_an_invoke_is_an_error(
    simulator: Program, flash: Path, script: Path, number: signal.Signals
) -> None:
    text = """
print("ready")
try:
    while True:
        interpreter.invoke()
except RuntimeError as error:
    print(error)
print(tflm.Interpreter("echo_f.tflite").predict([1] * 8) == [1.0] * 8)
"""
    with ready(simulator, flash, script, INTERPRETER + text) as (run, child):
        time.sleep(0.05)
        os.kill(child, number)
        assert run.line(3) == f"engine process died (signal {int(number)})"
        assert run.line() == "True"


ENDS = {
    "its last line": "",
    "an exception": "1 / 0",
    "sys.exit": "sys.exit(3)",
    "SIGKILL while idle": "import time\ntime.sleep(60)",
    "SIGKILL in an invoke": "while True: interpreter.invoke()",
    "SIGKILL while models are planned": 'while True: tflm.Interpreter("slow.tflite")',
}


@pytest.mark.parametrize("end", ENDS)
def test_no_child_outlives_the_simulator(
    simulator: Program, flash: Path, script: Path, end: str
) -> None:
    wait = "import time\ntime.sleep_ms(300)\n"  # until the test has seen the child
    text = f'{INTERPRETER}print("ready")\n{wait}{ENDS[end]}\n'
    with ready(simulator, flash, script, text) as (run, child):
        if end.startswith("SIGKILL"):
            time.sleep(0.4)
            below = children(child)
            os.kill(run.pid, signal.SIGKILL)
            for grandchild in below:
                assert_gone(grandchild)
        run.process.wait(5)
        assert_gone(child)


def test_no_child_outlives_a_simulator_killed_in_a_long_invoke(
    simulator: Program, flash: Path, script: Path
) -> None:
    """It does not wait for the end of what it computes: 7 s here."""
    size = (flash / "slower.tflite").stat().st_size
    text = f"""
import tflm
model = bytearray({size})
with open("slower.tflite", "rb") as file:
    file.readinto(model)
interpreter = tflm.Interpreter(model)
print("ready")
interpreter.invoke()
print("done")
"""
    with ready(simulator, flash, script, text) as (run, child):
        time.sleep(0.2)
        assert stat_of(child)[0] == "R"
        os.kill(run.pid, signal.SIGKILL)
        run.process.wait(5)
        assert_gone(child, 0.5)


def test_child_stays_small(simulator: Program, flash: Path, script: Path) -> None:
    """Interpreters that are dropped here are dropped there too."""
    text = """
import gc

def cycles(count):
    for _ in range(count):
        for _ in range(5):  # few at a time: what many need at once, the child's malloc keeps
            tflm.Interpreter("slow.tflite")
        gc.collect()

cycles(6)
print("ready")
cycles(30)
print("done")
open("go").read()
"""
    with ready(simulator, flash, script, INTERPRETER + text) as (run, child):
        before = resident(child)
        assert run.line() == "done"
        # 150 leaked interpreters are 8.6 MB, none are 0.1 to 0.4.
        assert resident(child) - before < 4 << 20
        (flash / "go").write_text("go")
        assert run.process.wait(5) == 0


def test_refused_start_leaves_no_pipe(simulator: Program, flash: Path, script: Path) -> None:
    script.write_text("""
import tflm
files = []
try:
    while True:
        files.append(open("slow.tflite", "rb"))
except OSError:
    pass
for spare in (5, 5, 5):  # three pipes need six
    while spare and files:
        files.pop().close()
        spare -= 1
    try:
        tflm.Interpreter("slow.tflite")
    except RuntimeError as error:
        print(error)
    for _ in range(5):
        files.append(open("slow.tflite", "rb"))
""")
    limits = (32, 32)
    done = subprocess.run(
        [simulator.path, script],
        cwd=flash,
        env=unix.environment(flash),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == 3 * "no pipe to the engine process\n", done.stderr
    assert done.returncode == 0


def test_short_heap_is_a_memory_error(simulator: Program, flash: Path, script: Path) -> None:
    """Where the heap has no piece for what is kept of many inputs: no other object is hurt."""
    script.write_text("""
import gc, tflm
with open("many_inputs.tflite", "rb") as file:
    data = file.read()
hold, made, refused = [], 0, 0
for pieces in range(5, 120, 3):
    hold = []
    gc.collect()
    try:
        while True:
            hold.append(bytearray(b"\\xa7" * 128))
    except MemoryError:
        pass
    for i in range(len(hold) // 2, len(hold) // 2 + pieces):
        hold[i] = None
    gc.collect()
    try:
        tflm.Interpreter(data)
        made += 1
    except MemoryError:
        refused += 1
    assert all(each is None or each == b"\\xa7" * 128 for each in hold)
print(refused > 0)
""")
    done = subprocess.run(
        [simulator.path, "-X", "heapsize=150k", script],
        cwd=flash,
        env=unix.environment(flash),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def error_with(python: Path | str, simulator: Program, flash: Path, script: Path) -> list[str]:
    """What an Interpreter says if TFLM_HOST_PYTHON is `python`."""
    script.write_text(
        """
import tflm
for _ in range(2):
    try:
        tflm.Interpreter("echo_f.tflite")
    except Exception as error:
        print(type(error), error)
print("end")
"""
    )
    lines = []
    env = {"TFLM_HOST_PYTHON": str(python), "PATH": "/nonexistent"}
    with running(simulator.path, script, flash, env) as run:
        while (line := run.line()) != "end":
            lines.append(line)
    return lines


def test_python_that_is_not_there_is_one_line(
    simulator: Program, flash: Path, script: Path
) -> None:
    for python in ("/nonexistent/python", flash / "digits.bin", ""):
        text = "<class 'RuntimeError'> no Python for the engine: set TFLM_HOST_PYTHON"
        assert error_with(python, simulator, flash, script) == [text, text]


def test_missing_wheel_is_one_line(
    simulator: Program, flash: Path, script: Path, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    # -S leaves site-packages out.
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    python.chmod(0o755)
    lines = error_with(python, simulator, flash, script)
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("<class 'RuntimeError'> No module named ")
        assert line.endswith(" -m pip install tflite-micro")


def test_program_that_is_no_python_is_one_line(
    simulator: Program, flash: Path, script: Path
) -> None:
    text = "<class 'RuntimeError'> engine process died (exit 1)"
    assert error_with("/bin/false", simulator, flash, script) == [text, text]


def test_runs_as_other_scripts_do(simulator: Program, flash: Path, script: Path) -> None:
    """Nothing of the child's shows: not its output, not its messages."""
    script.write_text(INTERPRETER + 'interpreter.invoke()\nprint("done")\n')
    done = unix.run(script, flash=flash, capture=True, timeout=20, program=simulator.path)
    assert (done.status, done.stdout, done.stderr) == (0, "done\n", "")
