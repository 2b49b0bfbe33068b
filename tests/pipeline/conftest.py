"""Somebody's own data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


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
