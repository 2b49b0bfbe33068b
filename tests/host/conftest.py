"""Fixtures: the command in-process, and somebody's own data."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from host_helpers import Command, Outcome
from tinycnn import cli as command_line


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`command("train", "--epochs", 1)` runs the command line in this process."""

    def run(*args: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tinycnn", *map(str, args)])
        capsys.readouterr()
        status = 0
        try:
            command_line.main()
        except SystemExit as end:
            status = int(end.code or 0)
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return run


@pytest.fixture
def own_npz(tmp_path: Path) -> Path:
    """80 colour images of 12x10 in four classes, told apart by where they are bright."""
    generator = np.random.default_rng(3)
    y = np.arange(80) % 4
    x = generator.integers(0, 100, (80, 12, 10, 3)).astype(np.uint8)
    for image, label in zip(x, y, strict=True):
        row, column = divmod(int(label), 2)
        image[row * 6 : row * 6 + 6, column * 5 : column * 5 + 5] += 120
    path = tmp_path / "blobs.npz"
    np.savez(path, x=x, y=y)
    return path
