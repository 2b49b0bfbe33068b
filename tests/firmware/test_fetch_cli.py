"""`tinycnn firmware fetch`: what it prints, and how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from commandline import tinycnn
from gitrepo import Upstream, git
from tinycnn.cache import seal
from tinycnn.firmware.sources import load


@pytest.mark.parametrize("option", [False, True])
def test_local_clone_fills_the_cache(cache: Path, tmp_path: Path, option: bool) -> None:
    # A cache that has what is pinned stands for a clone of the real upstream.
    commit = load()["esp-nn"].commit
    chosen = tmp_path / "chosen" if option else cache
    tree = chosen / "sources" / f"esp-nn-{commit}"
    tree.mkdir(parents=True)
    seal(tree, {"origin": "local", "version": commit[:12], "commit": commit})
    words = ("--cache", str(chosen)) if option else ()
    done = tinycnn(*words, "firmware", "fetch", "esp-nn")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"esp-nn {commit[:12]} (local): {tree}\n"


def test_clone_without_the_pinned_commit(cache: Path, upstream: Upstream) -> None:
    done = tinycnn("firmware", "fetch", "--from", f"esp-nn={upstream.path}")
    assert (done.returncode, done.stdout) == (2, "")
    commit = load()["esp-nn"].commit
    assert done.stderr.startswith(f"tinycnn: esp-nn: commit {commit[:12]} cannot be fetched: ")
    assert done.stderr.count("\n") == 1
    assert git(upstream.path, "status", "--porcelain") == ""


def test_from_without_a_name() -> None:
    done = tinycnn("firmware", "fetch", "--from", "micropython")
    assert done.returncode == 2
    assert done.stderr == "tinycnn: --from micropython: write it as NAME=DIR\n"


def test_unknown_name() -> None:
    done = tinycnn("firmware", "fetch", "tensorflow")
    assert done.returncode == 2
    assert done.stderr.startswith("tinycnn: no source is called 'tensorflow': there are micro")


def test_folder_for_a_source_that_is_not_fetched(cache: Path, upstream: Upstream) -> None:
    done = tinycnn("firmware", "fetch", "x", "--from", f"esp-nn={upstream.path}")
    assert done.returncode == 2
    assert done.stderr.endswith("tinycnn: --from esp-nn=...: not among the names to fetch\n")
