"""Pinned upstream sources in a cache: whole and verified, or not there.

Where a source comes from, in this order: a repository the user names (--from),
the cache, upstream, and for MicroPython Debian's source package. An upstream
that did not answer is remembered for ten minutes, so that not everything that
needs it waits for it anew.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tinycnn.cache import seal, unseal
from tinycnn.errors import SourceError
from tinycnn.files import digest, write_json
from tinycnn.firmware import debian, git
from tinycnn.firmware.sources import SOURCES, DebianSource, Source, cache_root, get
from tinycnn.progress import Progress, silent

Origin = Literal["upstream", "local", "debian"]

REMEMBER_SECONDS = 600
"""How long an unreachable upstream is not asked again."""

_FACTS = ("origin", "version", "commit")


@dataclass(frozen=True)
class Checkout:
    """A source tree in the cache. Only a commit (not Debian's package) is what is pinned."""

    path: Path
    origin: Origin
    version: str
    commit: str | None

    @property
    def key(self) -> str:
        """Says which source this is: equal keys, equal files."""
        return self.commit or f"debian-{self.version}"


def fetch(
    name: str,
    *,
    local: Path | None = None,
    retry: bool = False,
    progress: Progress = silent,
    sources: Path = SOURCES,
) -> Checkout:
    """The source `name`, in the cache.

    `local` is a git repository, work tree or bare, that holds the pinned commit.
    With `retry` an upstream that did not answer lately is asked again,
    Debian's package, if it is what the cache has, does not do, and each file
    of what it has is read and compared.

    Raises SourceError, with what to do, if it cannot be had.
    """
    source = get(name, sources)
    if local is not None:
        return _from_local(source, local, progress)
    if (cached := _cached(_pinned(source), thorough=retry)) is not None:
        return cached
    if not retry and (cached := _newest_debian(source)) is not None:
        return cached
    try:
        return _from_upstream(source, retry, progress)
    except SourceError as unreachable:
        if source.debian is None:
            raise SourceError(f"{unreachable}; {_what_to_do(source)}") from None
        return _from_debian(source, source.debian, unreachable, progress)


def _what_to_do(source: Source) -> str:
    return (
        f"go online, or copy a clone here and run: "
        f"tinycnn firmware fetch {source.name} --from {source.name}=DIR"
    )


def _from_local(source: Source, local: Path, progress: Progress) -> Checkout:
    if not local.is_dir():
        raise SourceError(f"{source.name}: {local} is not a folder")
    place = local.resolve()
    if not (place / ".git").exists() and not (place / "HEAD").is_file():
        raise SourceError(
            f"{source.name}: {local} is no git repository, so what is in it cannot be "
            f"verified: give a clone of {source.url}"
        )
    if (cached := _cached(_pinned(source))) is not None:
        return cached
    return _clone(source, place.as_uri(), "local", progress)


def _from_upstream(source: Source, retry: bool, progress: Progress) -> Checkout:
    url = git.effective_url(source.url)
    memory = cache_root() / "unreachable" / f"{digest(url, source.commit)[:16]}.json"
    if not retry and (reason := _remembered(memory)) is not None:
        raise SourceError(reason)
    try:
        progress(f"Asking for {source.name}", 0, 0)
        if (silence := git.probe(source.url)) is not None:
            raise SourceError(f"{source.name}: {source.url} cannot be reached: {silence}")
        checkout = _clone(source, source.url, "upstream", progress)
    except SourceError as error:
        write_json(memory, {"url": url, "reason": str(error), "at": time.time()})
        raise
    memory.unlink(missing_ok=True)
    return checkout


def _remembered(memory: Path) -> str | None:
    """What an upstream's last failure was, if that is not long ago."""
    try:
        note = json.loads(memory.read_bytes())
        fresh = 0 <= time.time() - float(note["at"]) < REMEMBER_SECONDS
        return str(note["reason"]) if fresh else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _clone(source: Source, origin_url: str, origin: Origin, progress: Progress) -> Checkout:
    what = f"Fetching {source.name}"
    with _beside(_pinned(source)) as folder:
        progress(what, 0, 0)
        git.fetch_commit(source, origin_url, folder, lambda percent: progress(what, percent, 100))
        version = (source.tag or source.commit[:12]).removeprefix("v")
        return _keep(folder, Checkout(_pinned(source), origin, version, source.commit))


def _from_debian(
    source: Source, package: DebianSource, unreachable: SourceError, progress: Progress
) -> Checkout:
    with tempfile.TemporaryDirectory(prefix="tinycnn-apt-") as scratch:
        try:
            tarball = debian.download(package, Path(scratch), progress)
        except SourceError as error:
            raise SourceError(f"{unreachable}; {error}; {_what_to_do(source)}") from None
        final = _trees() / f"{source.name}-debian-{tarball.version}"
        with _beside(final) as folder:
            debian.unpack(tarball.path, folder)
            return _keep(folder, Checkout(final, "debian", tarball.version, None))


def _newest_debian(source: Source) -> Checkout | None:
    found = [_cached(path) for path in _trees().glob(f"{source.name}-debian-*")]
    return max(
        (checkout for checkout in found if checkout is not None),
        key=lambda checkout: debian.version_key(checkout.version),
        default=None,
    )


def _trees() -> Path:
    return cache_root() / "sources"


def _pinned(source: Source) -> Path:
    return _trees() / f"{source.name}-{source.commit}"


def _cached(path: Path, *, thorough: bool = False) -> Checkout | None:
    """The checkout at `path`, if it is as it was put there; a damaged one is fetched anew."""
    facts = unseal(path, thorough=thorough)
    return None if facts is None else Checkout(path, *(facts[name] for name in _FACTS))


@contextmanager
def _beside(final: Path) -> Iterator[Path]:
    """A new empty folder next to `final`, gone after the block unless renamed."""
    final.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=final.parent, prefix=".part-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(folder: Path, checkout: Checkout) -> Checkout:
    """Rename the finished `folder` to `checkout.path`, or use what another process put there."""
    seal(folder, {name: getattr(checkout, name) for name in _FACTS})
    folder.chmod(0o755)
    try:
        folder.rename(checkout.path)
    except OSError:
        if (other := _cached(checkout.path, thorough=True)) is None:
            shutil.rmtree(checkout.path, ignore_errors=True)
            folder.rename(checkout.path)
        else:
            return other
    return checkout
