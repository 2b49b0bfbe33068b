"""What host tests share: results as values, and what an error must look like."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.quantize import QuantizedModels
from tinycnn.pipeline.train import TrainedModel


@dataclass(frozen=True)
class Pipeline:
    """A build folder with a trained and converted model in it."""

    build: Path
    dataset: Dataset
    trained: TrainedModel
    converted: QuantizedModels


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    status: int
    out: str
    err: str


Command = Callable[..., Outcome]


def train_in_a_process(build: Path) -> None:
    """`tinycnn train` and `quantize`, the true recipe, each in a process of its own."""
    for verb in ("train", "quantize"):
        subprocess.run(
            [sys.executable, "-m", "tinycnn", verb, "--build-dir", str(build)],
            check=True,
            capture_output=True,
        )


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file under `folder` and its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def assert_one_line_error(outcome: Outcome, *words: str) -> None:
    """Status 2, one line on stderr that has the words, no traceback."""
    assert outcome.status == 2, outcome
    lines = outcome.err.splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("tinycnn: ")
    for word in words:
        assert word in lines[0]
