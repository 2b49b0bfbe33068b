"""A flash for each target: a folder with all that a script may open."""

from __future__ import annotations

from pathlib import Path

import pytest

from host_helpers import Pipeline
from staging import LACKS, stage_all
from tinycnn.targets.targets import Target


@pytest.fixture(scope="session")
def flash(
    target: Target, article_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The current folder of every script. Tests must not change what is in it."""
    folder = tmp_path_factory.mktemp(f"flash-{target.name}")
    stage_all(folder, article_pipeline, float32="float32" not in LACKS[target.name])
    return folder
