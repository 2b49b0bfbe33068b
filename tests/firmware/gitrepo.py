"""A git repository to fetch from, made by the test; no network."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


def git(folder: Path, *words: str) -> str:
    """Run git in `folder`; its output, stripped."""
    identity = ("-c", "user.name=Test", "-c", "user.email=test@localhost")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@dataclass(frozen=True)
class Upstream:
    """A repository to fetch from, its two commits, and how to pin one."""

    path: Path
    first: str
    second: str

    def pinned(self, commit: str, url: str | None = None, more: str = "") -> Path:
        """A sources.toml that pins `commit` of this repository as `engine`."""
        file = self.path.parent / "sources.toml"
        address = url or self.path.as_uri()
        file.write_text(f'[engine]\nurl = "{address}"\ncommit = "{commit}"\n{more}')
        return file


def make(folder: Path) -> Upstream:
    """Make a repository in `folder` with two commits of one file."""
    folder.mkdir()
    git(folder, "init", "--quiet")
    commits = []
    for text in ("one", "two"):
        (folder / "file.txt").write_text(text)
        git(folder, "add", "file.txt")
        git(folder, "commit", "--quiet", "--message", text)
        commits.append(git(folder, "rev-parse", "HEAD"))
    return Upstream(folder, *commits)
