"""Programs that we start: what they know of this machine, and how they end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tinycnn.command import environment, make_environment, run

STRANGE = {
    "GNUMAKEFLAGS": "-n",
    "MAKEFLAGS": "-n",
    "LDFLAGS": "-lnothing",
    "CFLAGS": "-Werror",
    "CPATH": "/nowhere",
    "CROSS_COMPILE": "arm-",
    "CC": "false",
    "BUILD": "/nowhere",
}


def test_what_a_compiler_would_heed_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (STRANGE | {"https_proxy": "here", "IDF_PATH": "there"}).items():
        monkeypatch.setenv(name, value)
    seen = run(["env"]).output.splitlines()
    assert not [line for line in seen if line.split("=")[0] in STRANGE]
    assert {"https_proxy=here", "IDF_PATH=there"} <= set(seen)
    assert "PYTHONPATH" not in make_environment()
    assert environment(PATH="x")["PATH"] == "x"


def test_interrupted_make_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("out:\n\techo half > out; sleep 60; echo whole > out\n")
    program = f"""
from pathlib import Path
from tinycnn.command import run
run(["make"], cwd=Path({str(tmp_path)!r}))
"""
    with subprocess.Popen(
        [sys.executable, "-c", f"import signal\n{DEFAULT}{program}"], stderr=subprocess.PIPE
    ) as process:
        wait_for(tmp_path / "out")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    assert not (tmp_path / "out").exists()


def test_late_program_is_asked_first_and_killed_then(tmp_path: Path) -> None:
    script = f"trap 'echo asked > {tmp_path}/asked' TERM; while true; do sleep 0.05; done"
    start = time.monotonic()
    assert run(["sh", "-c", script], timeout=0.3).status is None
    assert 1 < time.monotonic() - start < 15
    assert (tmp_path / "asked").exists()


DEFAULT = "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
"""A job in the background ignores it."""


def wait_for(path: Path) -> None:
    end = time.monotonic() + 20
    while not (path.exists() and path.read_bytes()):
        assert time.monotonic() < end, f"no {path.name}"
        time.sleep(0.02)
