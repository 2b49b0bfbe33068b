"""A cache and an upstream of a test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

import gitrepo
from tinycnn.firmware.esp32 import build as esp32
from tinycnn.firmware.fetch import Checkout


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("TINYCNN_CACHE", str(folder))
    return folder


@pytest.fixture
def upstream(tmp_path: Path) -> gitrepo.Upstream:
    """A repository with two commits of one file."""
    return gitrepo.make(tmp_path / "upstream")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build folder and sources of the test's own, and no ESP-IDF of the user's."""

    def fetched(name: str, progress: object = None) -> Checkout:
        (tmp_path / name).mkdir(exist_ok=True)
        return Checkout(tmp_path / name, "local", "1.28.0", "c" * 40)

    monkeypatch.setattr(esp32, "BUILD", tmp_path / "build")
    monkeypatch.setitem(esp32.build.__kwdefaults__, "images", tmp_path / "images")
    monkeypatch.setattr(esp32, "fetch", fetched)
    for name in ("IDF_PATH", "IDF_PYTHON_ENV_PATH"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
