"""A cache and an upstream of a test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

import gitrepo


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
