"""Boards on a pseudo-terminal, and files for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from host_helpers import Pipeline
from pty_board import PtyBoard, plugged_in
from tinycnn.board import deploy as deploying
from tinycnn.files import ROOT
from tinycnn.firmware.unix import Simulator


@pytest.fixture
def board(simulator: Simulator, tmp_path: Path) -> Iterator[PtyBoard]:
    """A board with an empty flash of 128 KB."""
    with plugged_in(simulator.path, tmp_path / "flash.bin") as plugged:
        yield plugged


@pytest.fixture
def models(quick_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """What a deploy takes is of `quick_pipeline`, whatever build/ has."""
    here = quick_pipeline.build / "models"
    monkeypatch.setattr(
        deploying,
        "deploy_files",
        lambda model=None, made=deploying.deploy_files: made(
            model, device=ROOT / "device", models=here
        ),
    )
    return quick_pipeline
