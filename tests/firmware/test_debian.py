"""MicroPython from Debian's source package: as nobody, and without a trace elsewhere."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skips import TOOLS, or_skip
from tinycnn.errors import SourceError
from tinycnn.firmware import debian
from tinycnn.firmware.fetch import fetch
from tinycnn.firmware.sources import DebianSource, load
from tinycnn.progress import silent

NOBODY = 65534

SHOWSRC = """\
Package: micropython
Version: 1.9.4-1

Package: micropython
Version: 1.25.0+ds-1

Package: micropython
Version: 1:1.26.1+ds-1
"""


@pytest.fixture
def nobodys_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, with apt run by a user who may write there and nowhere else."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() == 0:
            run = debian.run

            def as_nobody(argv: tuple[str, ...], **options: Any) -> Any:
                for path in (folder, *folder.rglob("*")):
                    os.chown(path, NOBODY, NOBODY)
                ids = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
                return run(("setpriv", *ids, *argv), **options)

            monkeypatch.setattr(debian, "run", as_nobody)
            monkeypatch.setattr(debian.os, "geteuid", lambda: NOBODY)
        yield folder


def micropython() -> DebianSource:
    source = load()["micropython"].debian
    assert source is not None
    return source


def test_package_is_downloaded_and_unpacked_without_root(
    nobodys_folder: Path, tmp_path: Path
) -> None:
    with or_skip():
        tarball = debian.download(micropython(), nobodys_folder, silent)
    assert debian.version_key(tarball.version) >= (1, 25)
    tree = tmp_path / "tree"
    tree.mkdir()
    debian.unpack(tarball.path, tree)
    _, minor, _ = debian.version_key(tarball.version)
    config = (tree / "py" / "mpconfig.h").read_text()
    assert f"#define MICROPY_VERSION_MINOR {minor}\n" in config
    assert (tree / "ports" / "unix" / "Makefile").is_file()


@pytest.mark.skipif(
    "shutil.which('apt-config') is None",
    reason=f"{TOOLS}no apt-config: it is Debian's",
)
def test_apt_keeps_its_state_in_our_folder(tmp_path: Path) -> None:
    options = debian._options(tmp_path, "mirror", ("suite",))
    for item in ("Dir::State", "Dir::State::lists", "Dir::Cache", "Dir::Cache::archives"):
        command = ["apt-config", *options, "shell", "PLACE", f"{item}/d"]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        place = Path(told.strip().removeprefix("PLACE=").strip("'"))
        assert place.is_relative_to(tmp_path), item
    assert "Dir::Etc::sourceparts=/dev/null" in options
    assert (tmp_path / "sources.list").read_text().endswith(" mirror suite main\n")


def test_fresh_container_without_lists_still_has_a_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = """\
'http://mirror/debian/dists/bookworm/InRelease' mirror_bookworm_InRelease 0
'http://mirror/debian/dists/bookworm-updates/InRelease' mirror_updates_InRelease 0
'http://mirror/debian-security/dists/bookworm-security/InRelease' security_InRelease 0
'http://mirror/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror_Packages 0
"""

    def apt(*words: str, cwd: Path | None = None) -> debian.Finished:
        return debian.Finished(0, planned if "--print-uris" in words else "")

    monkeypatch.setattr(debian, "_apt", apt)
    assert debian._mirrors(tmp_path) == ["http://mirror/debian/"]


def test_main_archive_is_preferred_to_security(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = """\
Other|stable|http://other/
Debian-Security|bookworm-security|http://mirror/debian-security/
Debian|bookworm-updates|http://mirror/updates/
Debian|bookworm|http://mirror/debian/
Debian|bookworm|http://mirror/debian/
"""
    monkeypatch.setattr(debian, "_apt", lambda *words: debian.Finished(0, targets))
    assert debian._mirrors(tmp_path) == ["http://mirror/debian/"]


def test_newest_version_that_is_new_enough() -> None:
    assert debian.newest(SHOWSRC, "1.25") == "1:1.26.1+ds-1"
    assert debian.newest(SHOWSRC, "1.27") is None
    assert debian.upstream_version("1:1.26.1+ds-1") == "1.26.1"
    assert debian.version_key("1.9.4") < debian.version_key("1.25")


def test_system_without_apt_and_upstream_says_what_to_do(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    git = shutil.which("git")
    assert git is not None
    (programs / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr("tinycnn.firmware.git.probe", lambda url: "refused")
    with pytest.raises(SourceError) as caught:
        fetch("micropython")
    message = str(caught.value)
    assert "\n" not in message
    assert "needs apt" in message
    assert "tinycnn firmware fetch micropython --from micropython=DIR" in message


def test_debians_tree_is_used_until_the_user_asks_again(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    packed = archive(tmp_path, [entry("micropython-1.26.1/py/main.c")])

    def download(*arguments: object) -> debian.Tarball:
        asked.append("debian")
        return debian.Tarball(packed, "1.26.1")

    def probe(url: str) -> str:
        asked.append("upstream")
        return "refused"

    monkeypatch.setattr(debian, "download", download)
    monkeypatch.setattr("tinycnn.firmware.git.probe", probe)
    first = fetch("micropython")
    assert (first.origin, first.version, first.commit) == ("debian", "1.26.1", None)
    assert first.key == "debian-1.26.1"
    assert fetch("micropython") == first
    assert asked == ["upstream", "debian"]
    assert fetch("micropython", retry=True) == first
    assert asked == ["upstream", "debian"] * 2


def entry(name: str, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def archive(folder: Path, entries: list[tarfile.TarInfo]) -> Path:
    path = folder / "package.orig.tar.xz"
    with tarfile.open(path, "w:xz") as file:
        for info in entries:
            file.addfile(info, io.BytesIO(b""))
    return path


@pytest.mark.parametrize("old_python", [False, True])
@pytest.mark.parametrize(
    "bad",
    [
        entry("top/../../evil"),
        entry("top/link", type=tarfile.SYMTYPE, linkname="../../evil"),
        entry("top/link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry("top/hard", type=tarfile.LNKTYPE, linkname="../evil"),
        entry("top/pipe", type=tarfile.FIFOTYPE),
    ],
    ids=["climbs", "link climbs", "absolute link", "hard link", "pipe"],
)
def test_archive_that_leads_elsewhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: tarfile.TarInfo, old_python: bool
) -> None:
    if old_python:
        monkeypatch.delattr(tarfile, "data_filter")
    packed = archive(tmp_path, [entry("top/good"), bad])
    tree = tmp_path / "tree"
    tree.mkdir()
    with pytest.raises(SourceError, match=r"package\.orig\.tar\.xz cannot be unpacked"):
        debian.unpack(packed, tree)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("old_python", [False, True])
def test_top_folder_is_taken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old_python: bool
) -> None:
    if old_python:
        monkeypatch.delattr(tarfile, "data_filter")
    link = entry("top/dir/link", type=tarfile.SYMTYPE, linkname="../top/file")
    packed = archive(tmp_path, [entry("top/file"), entry("top/top/file"), link])
    tree = tmp_path / "tree"
    tree.mkdir()
    debian.unpack(packed, tree)
    assert sorted(path.name for path in tree.iterdir()) == ["dir", "file", "top"]


def test_broken_archive_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "package.orig.tar.xz"
    broken.write_bytes(b"no archive")
    with pytest.raises(SourceError, match="cannot be unpacked"):
        debian.unpack(broken, tmp_path)
