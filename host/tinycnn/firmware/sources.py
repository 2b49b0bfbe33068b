"""What firmware is built from: `firmware_build/sources.toml`, typed."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinycnn.errors import SourceError
from tinycnn.files import BUILD, ROOT, read_bytes

SOURCES = ROOT / "firmware_build" / "sources.toml"


@dataclass(frozen=True)
class DebianSource:
    """The Debian source package that serves where upstream cannot be reached."""

    package: str
    minimum: str
    suites: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """One upstream repository, pinned to a commit (40 hex digits)."""

    name: str
    url: str
    commit: str
    tag: str | None = None
    debian: DebianSource | None = None


def load(path: Path = SOURCES) -> dict[str, Source]:
    """The sources by name. Raises SourceError if the file is not as described there."""
    try:
        document = tomllib.loads(read_bytes(path).decode())
        return {name: _source(name, table) for name, table in document.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{path} is not a list of pinned sources: {error}") from None


def get(name: str, path: Path = SOURCES) -> Source:
    """The source called `name`. Raises SourceError, naming those there are."""
    sources = load(path)
    if name not in sources:
        raise SourceError(f"no source is called {name!r}: there are {', '.join(sources)}")
    return sources[name]


def cache_root() -> Path:
    """Where sources and slow builds are kept: build/cache, or $TINYCNN_CACHE."""
    given = os.environ.get("TINYCNN_CACHE")
    return Path(given).absolute() if given else BUILD / "cache"


def _source(name: str, table: dict[str, Any]) -> Source:
    commit = table["commit"]
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise ValueError(f"{name}: a commit has 40 hex digits")
    debian = table.get("debian")
    return Source(
        name=name,
        url=table["url"],
        commit=commit,
        tag=table.get("tag"),
        debian=None
        if debian is None
        else DebianSource(debian["package"], debian["minimum"], tuple(debian["suites"])),
    )
