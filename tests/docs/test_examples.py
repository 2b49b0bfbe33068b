"""The examples of the README and docs/{tflm,python,streaming}.md do what the page says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from doc_pages import Fence, fences
from host_helpers import Command, Pipeline
from skips import or_skip
from tinycnn.files import ROOT, stage
from tinycnn.firmware.port import Program
from tinycnn.targets import unix
from tinycnn.targets.flash import flash_files
from tinycnn.targets.targets import Choice, build_target
from tinycnn.tflite.check import check_model
from tinycnn.tflite.ops import model_set

PAGE = ROOT / "docs" / "tflm.md"
PACKAGE_PAGE = ROOT / "docs" / "python.md"
STREAM_PAGE = ROOT / "docs" / "streaming.md"


README = ROOT / "README.md"


def _examples() -> list[tuple[Fence, str]]:
    """Each block for MicroPython, and the text that follows it as its output."""
    blocks = fences(PAGE.read_text())
    following = [*blocks[1:], Fence("", "", 0)]
    return [
        (block, after.text if after.info == "text" else "")
        for block, after in zip(blocks, following, strict=True)
        if block.info == "python micropython"
    ]


@pytest.fixture(scope="module")
def flash(quick_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board's files, as `make demo` leaves them."""
    folder = tmp_path_factory.mktemp("flash")
    stage(folder, flash_files(models=quick_pipeline.build / "models"))
    return folder


def test_the_page_has_examples() -> None:
    assert len(_examples()) >= 4
    assert all(output for _, output in _examples())


def test_own_script_of_the_readme(simulator: Program, flash: Path, tmp_path: Path) -> None:
    (block,) = (each for each in fences(README.read_text()) if each.info == "python")
    script = tmp_path / "own.py"
    script.write_text(block.text)
    done = unix.run(script, flash=flash, capture=True, timeout=60, program=simulator.path)
    label, score = done.stdout.split()
    assert (done.status, done.stderr) == (0, "")
    assert label.isdigit() and float(score) < 20


@pytest.mark.parametrize(
    ("example", "output"), _examples(), ids=[f"line{block.line}" for block, _ in _examples()]
)
def test_example_prints_what_the_page_says(
    simulator: Program, flash: Path, tmp_path: Path, example: Fence, output: str
) -> None:
    script = tmp_path / "example.py"
    script.write_text(example.text)
    done = unix.run(script, flash=flash, capture=True, timeout=60, program=simulator.path)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == output


def test_example_of_the_package_prints_what_the_page_says() -> None:
    example, output = fences(PACKAGE_PAGE.read_text())
    done = subprocess.run(
        [sys.executable, "-c", example.text], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, output.text), done.stderr


@pytest.mark.slow
@pytest.mark.nightly
def test_streams_are_heard(command: Command, tmp_path: Path) -> None:
    """Each motion lasts three seconds; by its end both models have heard it."""
    blocks = {
        block.info.removeprefix("python "): block for block in fences(STREAM_PAGE.read_text())
    }
    for name in ("motion.py", "stream.py"):
        (tmp_path / name).write_text(blocks[name].text)
        done = subprocess.run(
            [sys.executable, name], check=False, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert int(done.stdout.partition("%")[0]) >= 85
    build = tmp_path / "build"
    arguments = ["--model", tmp_path / "motion.keras", "--data", tmp_path / "motion.npz"]
    made = command("quantize", *arguments, "--build-dir", build)
    assert made.status == 0, made.err
    models = {
        "motion.tflite": (build / "models" / "model_int8.tflite").read_bytes(),
        "stream.tflite": (tmp_path / "stream.tflite").read_bytes(),
    }
    for name, data in models.items():
        (tmp_path / name).write_bytes(data)
    ops = {op.name for data in models.values() for op in check_model(data).ops}
    with or_skip():
        target = build_target("unix", Choice(ops=model_set(ops, "both")))
    script = tmp_path / "listen.py"
    script.write_text(blocks["listen.py"].text)
    heard = target.run(script, [], flash=tmp_path, capture=True, timeout=60)
    assert (heard.status, heard.stderr) == (0, "")
    lines = heard.stdout.splitlines()
    assert len(lines) == 15
    for number, kind in ((2, "still"), (6, "wave"), (10, "shake"), (14, "still")):
        assert lines[number].endswith(f"stream {kind}, window {kind}"), heard.stdout
