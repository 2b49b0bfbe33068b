"""MicroPython's source from Debian's archive, with apt as an ordinary user.

Apt gets a source list and state folders of its own, so the system's lists stay
as they are and no root is needed. The mirror is the one the system's own apt
configuration names; apt verifies what it downloads with Debian's keyring.
"""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tinycnn.command import Finished, environment, run
from tinycnn.errors import SourceError
from tinycnn.firmware.sources import DebianSource
from tinycnn.progress import Progress

APT_SECONDS = 600
"""How long one run of apt may take (30 MB come over the network in all)."""

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""Where Debian keeps its archive's keys; the package is part of every Debian system."""


@dataclass(frozen=True)
class Tarball:
    """Upstream's release as Debian packs it, without Debian's patches."""

    path: Path
    version: str


def download(package: DebianSource, folder: Path, progress: Progress) -> Tarball:
    """The newest `package` of its suites, downloaded into the empty `folder`.

    Raises SourceError if there is no apt, no Debian mirror, or nothing new enough.
    """
    if shutil.which("apt-get") is None:
        raise SourceError("Debian's source package needs apt, which this system has not")
    mirrors = _mirrors(folder)
    if not mirrors:
        raise SourceError("apt's configuration names no Debian mirror")
    reason = ""
    for mirror in mirrors:
        options = _options(folder, mirror, package.suites)
        progress("Reading Debian's package index", 0, 0)
        updated = _apt("apt-get", *options, "update")
        shown = _apt("apt-cache", *options, "showsrc", "--only-source", package.package)
        version = newest(shown.output, package.minimum)
        if version is None:
            reason = _complaint(updated)
            continue
        progress(f"Fetching {package.package} from Debian", 0, 0)
        wanted = f"{package.package}={version}"
        arguments = ("source", "--download-only", "--only-source", wanted)
        fetched = _apt("apt-get", *options, *arguments, cwd=folder)
        tarballs = sorted(folder.glob("*.orig.tar.*"))
        if fetched.ok and tarballs:
            return Tarball(tarballs[0], upstream_version(version))
        reason = _complaint(fetched)
    raise SourceError(f"Debian has no {package.package} from {package.minimum} on for us{reason}")


def unpack(tarball: Path, folder: Path) -> None:
    """Unpack the one top folder of `tarball` as the empty `folder`.

    Raises SourceError if the archive is broken or would write elsewhere.
    """
    try:
        with tarfile.open(tarball) as archive:
            if hasattr(tarfile, "data_filter"):
                archive.extractall(folder, filter="data")
            else:  # Python before 3.11.4, as in Debian 12
                archive.extractall(folder, [_checked(member) for member in archive])
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SourceError(f"{tarball.name} cannot be unpacked: {error}") from None
    tops = list(folder.iterdir())
    if len(tops) != 1 or not tops[0].is_dir():
        raise SourceError(f"{tarball.name} is no source archive: it has no single top folder")
    # The top folder may hold an entry of its own name: move it away first.
    top = tops[0].rename(folder / ".unpacked")
    for entry in list(top.iterdir()):
        entry.rename(folder / entry.name)
    top.rmdir()


def newest(showsrc: str, minimum: str) -> str | None:
    """The newest version in `apt-cache showsrc`'s output whose upstream part is new enough."""
    versions = re.findall(r"^Version: (\S+)$", showsrc, re.MULTILINE)
    able = [v for v in versions if version_key(upstream_version(v)) >= version_key(minimum)]
    return max(able, key=lambda v: version_key(upstream_version(v)), default=None)


def upstream_version(version: str) -> str:
    """1.26.1 of 1:1.26.1+ds-1."""
    return re.split(r"[+~-]", version.split(":")[-1])[0]


def version_key(version: str) -> tuple[int, ...]:
    """Numbers to compare versions by: 1.9 before 1.25."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _mirrors(folder: Path) -> list[str]:
    """The addresses of Debian's main archive in the system's apt configuration.

    Apt knows whose an address is once it has lists; a fresh container has none,
    and then every address for a plain suite is worth a try.
    """
    known = _apt("apt-get", "indextargets", "--format", "$(LABEL)|$(CODENAME)|$(REPO_URI)")
    found = [line.split("|") for line in known.output.splitlines() if line.count("|") == 2]
    mirrors = [uri for label, codename, uri in found if label == "Debian" and "-" not in codename]
    if not mirrors:
        empty = folder / "empty"
        empty.mkdir(exist_ok=True)
        planned = _apt("apt-get", "update", "--print-uris", "-o", f"Dir::State::lists={empty}")
        uris = re.findall(r"^'(\S+)/dists/[^/'-]+/(?:In)?Release'", planned.output, re.MULTILINE)
        mirrors = [f"{uri}/" for uri in uris]
    return list(dict.fromkeys(mirrors))


def _options(folder: Path, mirror: str, suites: tuple[str, ...]) -> tuple[str, ...]:
    """Apt's options for a source list and state of our own, all below `folder`."""
    signed = f" [signed-by={KEYRING}]" if KEYRING.exists() else ""
    list_file = folder / "sources.list"
    list_file.write_text("".join(f"deb-src{signed} {mirror} {suite} main\n" for suite in suites))
    for sub in ("state/lists/partial", "cache/archives/partial"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::Etc::sourcelist": list_file,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State": folder / "state",
        "Dir::State::lists": folder / "state" / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
        "Acquire::http::Timeout": "15",
        "Acquire::https::Timeout": "15",
        "Acquire::Retries": "1",
    }
    if os.geteuid() == 0:  # apt's own user may not be able to write below `folder`
        settings["APT::Sandbox::User"] = "root"
    return tuple(word for key, value in settings.items() for word in ("-o", f"{key}={value}"))


def _apt(*words: str, cwd: Path | None = None) -> Finished:
    env = environment(LC_ALL="C", DEBIAN_FRONTEND="noninteractive")
    try:
        return run(words, cwd=cwd, env=env, timeout=APT_SECONDS)
    except FileNotFoundError:
        return Finished(127, f"E: {words[0]} is missing")


def _complaint(finished: Finished) -> str:
    lines = [line for line in finished.output.splitlines() if line.startswith(("E:", "W:"))]
    return f" ({lines[0][2:].strip()})" if lines else ""


def _checked(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """`member`, if it stays where it is unpacked. Raises tarfile.TarError otherwise."""
    link = PurePosixPath(member.name).parent / member.linkname if member.issym() else None
    target = PurePosixPath(member.linkname) if member.islnk() else link
    for path in (PurePosixPath(member.name), target):
        if path is not None and (path.is_absolute() or _climbs(path)):
            raise tarfile.TarError(f"{member.name} leads out of the archive")
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        raise tarfile.TarError(f"{member.name} is neither file nor folder")
    member.mode = (member.mode | 0o600) & 0o755
    return member


def _climbs(path: PurePosixPath) -> bool:
    """Whether following `path` part by part ever leaves the folder it starts in."""
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False
