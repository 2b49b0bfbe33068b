"""Pinned sources: verified, whole or absent, and no long wait for a dead host."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitrepo import Upstream, git
from tinycnn.errors import SourceError
from tinycnn.firmware import fetch as fetching
from tinycnn.firmware import sources
from tinycnn.firmware.fetch import fetch

NOWHERE = "https://upstream.invalid/engine"


@pytest.fixture
def black_hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """NOWHERE leads to a port of this machine that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.http://127.0.0.1:{port}/.insteadOf")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://upstream.invalid/")
        yield port


@pytest.fixture
def dead(upstream: Upstream) -> Path:
    """Sources whose host refuses at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return upstream.pinned(upstream.first, f"http://127.0.0.1:{port}/engine")


def leftovers(cache: Path) -> list[str]:
    trees = cache / "sources"
    return [path.name for path in trees.iterdir()] if trees.exists() else []


def test_the_projects_sources_are_pinned() -> None:
    found = sources.load()
    assert list(found) == ["micropython", "micropython-lib", "esp-tflite-micro", "esp-nn"]
    assert found["micropython"].debian is not None
    assert all(len(source.commit) == 40 for source in found.values())


def test_unpinned_source_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    file.write_text('[engine]\nurl = "x"\ncommit = "main"\n')
    with pytest.raises(SourceError, match="engine: a commit has 40 hex digits"):
        sources.load(file)


def test_unknown_name_lists_the_known(cache: Path) -> None:
    with pytest.raises(SourceError, match="no source is called 'tensorflow': there are micro"):
        fetch("tensorflow")


def test_pinned_commit_is_fetched_not_the_newest(cache: Path, upstream: Upstream) -> None:
    checkout = fetch("engine", sources=upstream.pinned(upstream.first))
    assert (checkout.path / "file.txt").read_text() == "one"
    assert git(checkout.path, "rev-parse", "HEAD") == upstream.first
    assert (checkout.origin, checkout.commit) == ("upstream", upstream.first)
    assert leftovers(cache) == [checkout.path.name]


def test_cached_commit_needs_no_upstream(cache: Path, upstream: Upstream) -> None:
    file = upstream.pinned(upstream.first)
    first = fetch("engine", sources=file)
    upstream.path.rename(upstream.path.with_name("moved"))
    assert fetch("engine", retry=True, sources=file) == first


@pytest.mark.parametrize("retry", [False, True])
@pytest.mark.parametrize("data", [b"", b"on", b"onf", None], ids=["empty", "cut", "flip", "gone"])
def test_damaged_checkout_is_fetched_anew(
    cache: Path, upstream: Upstream, data: bytes | None, retry: bool
) -> None:
    pinned = upstream.pinned(upstream.first)
    file = fetch("engine", sources=pinned).path / "file.txt"
    file.unlink()
    if data is not None:
        file.write_bytes(data)
    assert fetch("engine", retry=retry, sources=pinned).path == file.parent
    assert file.read_bytes() == b"one"


def test_firmware_fetch_reads_every_byte(cache: Path, upstream: Upstream) -> None:
    """A byte that changed on the disk while nobody wrote there."""
    pinned = upstream.pinned(upstream.first)
    file = fetch("engine", sources=pinned).path / "file.txt"
    before = file.stat()
    file.write_bytes(b"onf")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    fetch("engine", retry=True, sources=pinned)
    assert file.read_bytes() == b"one"


def test_two_pins_are_two_checkouts(cache: Path, upstream: Upstream) -> None:
    first = fetch("engine", sources=upstream.pinned(upstream.first))
    second = fetch("engine", sources=upstream.pinned(upstream.second))
    assert first.path != second.path
    assert first.key != second.key


def test_missing_commit_leaves_nothing(cache: Path, upstream: Upstream) -> None:
    file = upstream.pinned("0" * 40)
    for _ in range(2):  # the second time from memory
        with pytest.raises(SourceError, match="engine: commit 000000000000 cannot be fetched"):
            fetch("engine", sources=file)
    assert leftovers(cache) == []


def test_another_commit_than_pinned_is_refused(cache: Path, upstream: Upstream) -> None:
    # A tag's own hash can be fetched, but what is checked out is its commit.
    git(upstream.path, "tag", "--annotate", "--message", "tag", "v1")
    tag = git(upstream.path, "rev-parse", "v1")
    with pytest.raises(SourceError, match=f"gave commit {upstream.second[:12]}, pinned is"):
        fetch("engine", sources=upstream.pinned(tag))
    assert leftovers(cache) == []


@pytest.mark.parametrize("bare", [False, True])
def test_local_repository(cache: Path, upstream: Upstream, bare: bool) -> None:
    local = upstream.path
    if bare:
        local = upstream.path.with_name("bare.git")
        git(upstream.path, "clone", "--quiet", "--bare", str(upstream.path), str(local))
    checkout = fetch("engine", local=local, sources=upstream.pinned(upstream.first, NOWHERE))
    assert (checkout.origin, checkout.commit) == ("local", upstream.first)
    assert (checkout.path / "file.txt").read_text() == "one"


def test_local_repository_without_the_commit(cache: Path, upstream: Upstream) -> None:
    file = upstream.pinned("0" * 40, NOWHERE)
    with pytest.raises(SourceError, match="engine: commit 000000000000 cannot be fetched"):
        fetch("engine", local=upstream.path, sources=file)


def test_local_tree_without_git_is_refused(cache: Path, upstream: Upstream) -> None:
    tree = upstream.path.with_name("tree")
    tree.mkdir()
    (tree / "file.txt").write_text("one")
    with pytest.raises(SourceError, match=r"tree is no git repository, .* give a clone of"):
        fetch("engine", local=tree, sources=upstream.pinned(upstream.first, NOWHERE))


def test_a_hooks_repository_is_left_alone(
    cache: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(upstream.path / ".git"))
    checkout = fetch("engine", sources=upstream.pinned(upstream.first))
    monkeypatch.delenv("GIT_DIR")
    assert git(upstream.path, "rev-parse", "HEAD") == upstream.second
    assert git(checkout.path, "rev-parse", "HEAD") == upstream.first


def test_refused_connection_says_what_to_do(cache: Path, dead: Path) -> None:
    with pytest.raises(SourceError) as caught:
        fetch("engine", sources=dead)
    message = str(caught.value)
    assert "\n" not in message
    assert "cannot be reached" in message
    assert "tinycnn firmware fetch engine --from engine=DIR" in message


@pytest.mark.slow
def test_silent_host_is_given_up_within_20_s_and_remembered(
    cache: Path, upstream: Upstream, black_hole: int
) -> None:
    file = upstream.pinned(upstream.first, NOWHERE)
    start = time.monotonic()
    with pytest.raises(SourceError, match="cannot be reached: no answer within"):
        fetch("engine", sources=file)
    assert time.monotonic() - start < 20
    assert processes_with(f"127.0.0.1:{black_hole}") == []

    start = time.monotonic()
    with pytest.raises(SourceError, match="cannot be reached: no answer within"):
        fetch("engine", sources=file)
    assert time.monotonic() - start < 1


def test_memory_ends(cache: Path, dead: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(url: str) -> str:
        asked.append(url)
        return "refused"

    monkeypatch.setattr(fetching.git, "probe", refuse)
    for retry, after_seconds in ((False, 0), (False, 0), (True, 0), (False, 601)):
        now = time.time() + after_seconds
        monkeypatch.setattr(fetching.time, "time", lambda now=now: now)
        with pytest.raises(SourceError):
            fetch("engine", retry=retry, sources=dead)
    assert len(asked) == 3  # the second was not asked


def test_other_address_is_asked_although_the_url_is_remembered(
    cache: Path, upstream: Upstream, dead: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SourceError):
        fetch("engine", sources=dead)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{upstream.path.as_uri()}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", sources.load(dead)["engine"].url)
    assert fetch("engine", sources=dead).commit == upstream.first


def test_missing_git_is_one_line(
    cache: Path, upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="git is missing: install it"):
        fetch("engine", sources=upstream.pinned(upstream.first))


def processes_with(word: str) -> list[str]:
    """Command lines of running processes that contain `word`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        if word in line:
            found.append(line)
    return found
