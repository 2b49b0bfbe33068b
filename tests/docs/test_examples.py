"""The examples of docs/tflm.md and docs/python.md print what the page says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from doc_pages import Fence, fences
from host_helpers import Pipeline
from tinycnn.files import ROOT, stage
from tinycnn.firmware.port import Program
from tinycnn.targets import unix
from tinycnn.targets.flash import flash_files

PAGE = ROOT / "docs" / "tflm.md"
PACKAGE_PAGE = ROOT / "docs" / "python.md"


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
