"""Running scripts in the simulator: staging, status, signals, and the REPL."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from commandline import python, tinycnn
from skips import or_skip
from tinycnn.errors import MissingToolError, TargetError, UserError
from tinycnn.files import board_files, stage
from tinycnn.firmware.port import Program
from tinycnn.targets import unix
from tinycnn.targets.completed import TIMED_OUT, Completed
from tinycnn.targets.flash import flash_files
from tinycnn.targets.targets import Target, build_target, facts

Run = Callable[..., Completed]


@pytest.fixture
def run(simulator: Program, tmp_path: Path) -> Run:
    """Run a script's text in an empty flash and capture its output."""

    def run_text(text: str, *args: str, timeout: float = 30) -> Completed:
        script = tmp_path / "script.py"
        script.write_text(text)
        return unix.run(
            script,
            args,
            flash=tmp_path / "flash",
            capture=True,
            timeout=timeout,
            program=simulator.path,
        )

    return run_text


def test_output_and_arguments(run: Run) -> None:
    done = run("import sys\nprint(sys.implementation.name, sys.argv[1:])", "-v", "a b")
    assert done.stdout == "micropython ['-v', 'a b']\n"
    assert (done.status, done.stderr) == (0, "")
    assert 0 < done.seconds < 30


@pytest.mark.parametrize("status", [0, 3])
def test_exit_status_is_passed_through(run: Run, status: int) -> None:
    assert run(f"import sys\nsys.exit({status})").status == status


def test_exception_is_status_1_with_its_traceback(run: Run) -> None:
    done = run("1 / 0")
    assert done.status == 1
    assert "ZeroDivisionError" in done.stderr + done.stdout


def test_killed_simulator_has_the_shells_status(run: Run) -> None:
    assert run("import os\nos.system('kill -SEGV $PPID')").status == 128 + 11


def test_script_that_does_not_end_is_stopped_with_what_it_started(run: Run) -> None:
    text = "import os\nos.system('sleep 600 & echo $!')\nwhile True: pass"
    done = run(text, timeout=2)
    assert done.status == TIMED_OUT
    time.sleep(0.2)
    stat = Path(f"/proc/{done.stdout.strip()}/stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_flash_is_the_current_folder_and_on_the_path(run: Run, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("x = 42")
    stage(tmp_path / "flash", {"staged.py": tmp_path / "module.py"})
    done = run("import os, staged\nprint(staged.x, os.listdir())")
    assert done.stdout == "42 ['staged.py']\n"


def test_stage_copies_only_what_differs(tmp_path: Path) -> None:
    flash, file = tmp_path / "flash", tmp_path / "model"
    file.write_bytes(b"one")
    assert stage(flash, {"m.tflite": file}) == ["m.tflite"]
    assert stage(flash, {"m.tflite": file}) == []
    file.write_bytes(b"two")
    assert stage(flash, {"m.tflite": file}) == ["m.tflite"]
    assert (flash / "m.tflite").read_bytes() == b"two"
    assert [path.name for path in flash.iterdir()] == ["m.tflite"]


def test_stage_of_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        stage(tmp_path, {"a": tmp_path / "missing"})


def test_flash_has_what_a_board_gets_and_every_model(tmp_path: Path) -> None:
    for name in ("a.tflite", "a.keras"):
        (tmp_path / name).touch()
    found = flash_files(tmp_path)
    assert found == board_files() | {"a.tflite": tmp_path / "a.tflite"}


def test_missing_script_and_program_are_errors(tmp_path: Path, simulator: Program) -> None:
    with pytest.raises(TargetError, match="there is no script"):
        unix.run(tmp_path / "missing.py", program=simulator.path)
    with pytest.raises(TargetError, match="run `tinycnn simulate --build-only`"):
        unix.run(None, program=tmp_path / "missing")


def test_simulator_without_tflm_is_one_line(tmp_path: Path) -> None:
    program = tmp_path / "micropython"
    program.write_text("#!/bin/sh\necho Traceback >&2\necho 'ImportError: no tflm' >&2\nexit 1")
    program.chmod(0o755)
    with pytest.raises(TargetError, match=r"cannot import tflm, and says: ImportError: no tflm$"):
        facts(Target("unix", program, "", partial(unix.run, program=program)), tmp_path)


def test_cli_missing_script_is_one_line_and_status_2(tmp_path: Path) -> None:
    done = tinycnn("simulate", str(tmp_path / "missing.py"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"tinycnn: there is no script {tmp_path / 'missing.py'}\n"


def test_cli_passes_arguments_and_status(tmp_path: Path, simulator: Program) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys\nprint(sys.argv[1:])\nsys.exit(7)")
    done = tinycnn("simulate", str(script), "--engine", "x", flash=tmp_path / "flash")
    assert (done.returncode, done.stdout) == (7, "['--engine', 'x']\n")
    assert done.stderr == ""


def test_cli_brings_the_files_that_arguments_name(tmp_path: Path, simulator: Program) -> None:
    """From where the user is, and under their names alone: a board has no other folders."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.tflite").write_bytes(b"mine")
    script = tmp_path / "script.py"
    script.write_text("import sys\nprint(sys.argv[1:], open(sys.argv[2]).read())")
    words = ("simulate", str(script), "new", "models/mine.tflite")
    done = subprocess.run(
        python(*words, flash=tmp_path / "flash"),
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "['new', 'mine.tflite'] mine\n", done.stderr


class Terminal:
    """The command line on a terminal of its own, as a user has it."""

    def __init__(self, *words: str, flash: Path) -> None:
        self.screen = ""
        self._ours, theirs = pty.openpty()
        control = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
        self.process = subprocess.Popen(
            python(*words, flash=flash, before=control),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def wait_for(self, text: str, seconds: float = 20) -> str:
        """Read until `text` has come since the last wait; return what came before it."""
        end = time.monotonic() + seconds
        while text not in self.screen:
            came = self._read(end - time.monotonic())
            assert came, f"waited for {text!r}, got {self.screen!r}"
            self.screen += came
        before, _, self.screen = self.screen.partition(text)
        return before

    def _read(self, seconds: float) -> str:
        """What comes within `seconds`; "" if nothing does, or the program has ended."""
        if seconds <= 0 or not select.select([self._ours], [], [], seconds)[0]:
            return ""
        try:
            return os.read(self._ours, 4096).decode(errors="replace")
        except OSError:  # how a terminal says that its last program is gone
            return ""

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def repl(simulator: Program, tmp_path: Path) -> Iterator[Terminal]:
    """`tinycnn simulate` on a terminal, at its first prompt."""
    terminal = Terminal("simulate", flash=tmp_path / "flash")
    try:
        terminal.wait_for(">>> ", 60)
        yield terminal
    finally:
        terminal.close()


def test_repl_computes_and_ends_with_ctrl_d(repl: Terminal) -> None:
    repl.type("1+1\r")
    repl.wait_for("\n2\r\n")
    repl.wait_for(">>> ")
    repl.type("\x04")
    assert repl.process.wait(20) == 0


def test_stock_may_be_another_micropython(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with or_skip(MissingToolError):
        mine = build_target("unix-stock")
    other = tmp_path / "micropython"
    other.write_bytes(mine.program.read_bytes())
    other.chmod(0o755)
    monkeypatch.setenv("TINYCNN_STOCK_UNIX", str(other))
    target = build_target("unix-stock")
    assert target.program == other
    assert target.micropython == f"{mine.micropython.partition(' ')[0]} ({other})"
    assert "engine native" in facts(target, tmp_path)
    for none in ("/bin/true", str(tmp_path / "absent")):
        monkeypatch.setenv("TINYCNN_STOCK_UNIX", none)
        with pytest.raises(TargetError, match=f"no MicroPython for this machine: {none}$"):
            build_target("unix-stock")


def test_ctrl_c_interrupts_the_loop_not_the_session(repl: Terminal) -> None:
    repl.type("while True: print('spins')\r\r")
    repl.wait_for("\nspins\r\n")
    repl.type("\x03")
    repl.wait_for("KeyboardInterrupt")
    repl.wait_for(">>> ")
    repl.type("6*7\r")
    repl.wait_for("\n42\r\n")
    repl.wait_for(">>> ")  # only then the terminal is raw again, and Ctrl-D a character
    repl.type("\x04")
    assert repl.process.wait(20) == 0


def test_terminated_command_ends_its_simulator(repl: Terminal) -> None:
    repl.type("import os; x = os.system('echo pid $PPID')\r")
    repl.wait_for("\npid ")
    simulator = Path(f"/proc/{repl.wait_for(chr(13))}")
    assert simulator.exists()
    repl.process.terminate()
    assert repl.process.wait(20) == 128 + 15
    assert not simulator.exists()
