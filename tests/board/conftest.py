"""Boards on a pseudo-terminal, and files for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from host_helpers import Pipeline
from pty_board import PtyBoard, plugged_in
from tinycnn import files
from tinycnn.firmware.port import Program


@pytest.fixture
def board(simulator: Program, tmp_path: Path) -> Iterator[PtyBoard]:
    """A board with an empty flash of 128 KB."""
    with plugged_in(simulator.path, tmp_path / "flash.bin") as plugged:
        yield plugged


@pytest.fixture
def models(quick_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """What a deploy takes is of `quick_pipeline`, whatever build/ has."""
    here = quick_pipeline.build / "models"
    monkeypatch.setattr(
        "tinycnn.files.board_files",
        lambda model=None, made=files.board_files: made(model, models=here),
    )
    return quick_pipeline
