"""Ctrl-C at any moment: one line, status 130, within two seconds, nothing left."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = """
import signal, sys, threading, time
from pathlib import Path
from tinycnn import files
from tinycnn.cli import app, main
from tinycnn.command import run

# A job in the background ignores the one, what nohup starts the other.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

@app.command()
def slow() -> None:
    print("ready", flush=True)
    {work}

sys.argv = ["tinycnn", "slow"]
main()
"""

WORK = {
    "sleeps": "time.sleep(60)",
    "swallows": """
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            pass""",
    "cleans for long": """
    try:
        time.sleep(60)
    finally:
        time.sleep(60)""",
    "a thread goes on": "threading.Thread(target=time.sleep, args=(60,)).start(); time.sleep(60)",
    "a child goes on": """
    run(["sh", "-c", "trap '' TERM; echo $$ > child; while true; do sleep 0.05; done"])""",
    "swallows with a child": """
    def work():
        run(["sh", "-c", "echo $$ > child; sleep 60"])
    threading.Thread(target=work).start()
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            pass""",
}


def interrupted(
    work: str,
    folder: Path,
    ready: Path | None = None,
    times: int = 1,
    number: int = signal.SIGINT,
) -> tuple[int, str, str, float]:
    """Status, output, errors, and the seconds it took to end."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(work=work)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        end = time.monotonic() + 20
        while ready is not None and not (ready.exists() and ready.read_text().strip()):
            assert time.monotonic() < end
            time.sleep(0.01)
        time.sleep(0.1)
        start = time.monotonic()
        process.send_signal(number)
        for _ in range(1, times):
            time.sleep(0.3)
            process.send_signal(number)
        try:
            out, errors = process.communicate(timeout=20)
        finally:
            process.kill()
        return process.returncode, out, errors, time.monotonic() - start


@pytest.mark.parametrize("name", WORK)
def test_ends_within_two_seconds_in_one_line(name: str, tmp_path: Path) -> None:
    child = tmp_path / "child" if "child" in WORK[name] else None
    status, out, errors, seconds = interrupted(WORK[name], tmp_path, child)
    assert (status, out, errors) == (130, "", "tinycnn: stopped\n")
    assert seconds < 6  # two, and more on a machine that is busy with other things
    assert_gone(child)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", ["a child goes on", "swallows with a child"])
def test_what_was_started_ends_when_it_is_told_to_end(
    name: str, number: int, tmp_path: Path
) -> None:
    """By `kill`, by `timeout`, by a terminal that goes."""
    child = tmp_path / "child"
    status, out, errors, _ = interrupted(WORK[name], tmp_path, child, number=number)
    assert (status, out, errors) == (128 + number, "", "tinycnn: stopped\n")
    assert_gone(child)


def assert_gone(child: Path | None) -> None:
    """The process whose number is in that file has ended, or ends soon."""
    if child is not None:
        stat = Path("/proc", child.read_text().strip(), "stat")
        end = time.monotonic() + 5
        while stat.exists() and stat.read_text().rpartition(") ")[2][0] != "Z":
            assert time.monotonic() < end, "the child goes on"
            time.sleep(0.02)


def test_a_second_one_ends_at_once(tmp_path: Path) -> None:
    once = interrupted(WORK["cleans for long"], tmp_path)
    twice = interrupted(WORK["cleans for long"], tmp_path, times=2)
    assert twice[:3] == once[:3] == (130, "", "tinycnn: stopped\n")
    assert once[3] > twice[3] + 0.5


def test_no_file_is_left_half_written(tmp_path: Path) -> None:
    work = """
    files.Path.replace = lambda *_: (print("x"), time.sleep(60))
    while True:
        try:
            files.write_atomic(Path("model"), b"data")
        except KeyboardInterrupt:
            time.sleep(60)"""
    status, *_ = interrupted(work, tmp_path)
    assert status == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "seconds",
    [0.3, 4.0, *(pytest.param(s, marks=pytest.mark.nightly) for s in (1.0, 2.0, 8.0, 12.0))],
)
def test_training_ends(seconds: float, tmp_path: Path) -> None:
    """From the first import on into the epochs."""
    program = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tinycnn.cli import main\n"
        "main()\n"
    )
    words = ["train", "--recipe", "article", "--epochs", "100000", "--build-dir", "build"]
    with subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        time.sleep(seconds)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        took = time.monotonic() - start
    assert process.returncode in (130, -signal.SIGINT)  # the latter before our first line runs
    assert "Traceback" not in errors or seconds < 1
    assert took < 10  # as above; it was a minute
    assert not (tmp_path / "build" / "models" / "model.keras").exists()


def test_while_it_is_still_imported(tmp_path: Path) -> None:
    """From the first moment that is ours; before that it is Python that starts."""
    (tmp_path / "typer.py").write_text("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    words = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {str(tmp_path)!r})
from tinycnn.__main__ import main
main()
"""
    with subprocess.Popen(
        [sys.executable, "-c", words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=20)
    assert (process.returncode, out, errors) == (130, "", "tinycnn: stopped\n")
