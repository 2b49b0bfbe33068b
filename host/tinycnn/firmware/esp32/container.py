"""Building in Espressif's container image, where no ESP-IDF is installed.

The container sees the folders that it needs under the names they have here, so the build
is the same one, and what it makes belongs to the user.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from tinycnn.command import environment, run
from tinycnn.errors import BuildError
from tinycnn.firmware.esp32.idf import RECOMMENDED, Idf

IMAGE = f"docker.io/espressif/idf:{RECOMMENDED}"
"""Espressif's public image of that ESP-IDF, with all its tools."""

_VARIABLES = ("HOME=/tmp", "IDF_GIT_SAFE_DIR=*", "LC_ALL", "MICROPY_GIT_TAG", "MICROPY_GIT_HASH")
"""What the container's environment gets: a value, or the name of a variable of ours."""


def container(*places: Path) -> Idf:
    """ESP-IDF in its container image, which sees the folders `places` where they are.

    Raises BuildError if there is no docker that answers and no podman.
    """
    engine, user = _engine()
    name = f"tinycnn-{secrets.token_hex(4)}"
    command = [engine, "run", "--rm", "--init", "--name", name, *user]
    # Where SELinux is on (Fedora), a container sees no folder of the user's without this.
    command += ["--security-opt", "label=disable"]
    command += [word for variable in _VARIABLES for word in ("--env", variable)]
    command += [word for place in _mounts(places) for word in ("--volume", f"{place}:{place}")]
    return Idf(
        (*command, IMAGE, "idf.py"),
        RECOMMENDED[1:],
        environment(),
        stop=(engine, "kill", name),
    )


def _engine() -> tuple[str, list[str]]:
    """An engine that answers, and its options so that what is made belongs to the user."""
    told = None
    for engine in filter(shutil.which, ("docker", "podman")):
        # Without root, an engine sees to it itself. podman goes by the name of docker, too.
        if engine == "podman" or "podman" in run([engine, "--version"]).output:
            return engine, []
        asked = run([engine, "info", "--format", "{{json .SecurityOptions}}"], timeout=60)
        if asked.ok:
            rootless = "name=rootless" in asked.output
            return engine, [] if rootless else ["--user", f"{os.getuid()}:{os.getgid()}"]
        told = next(filter(None, map(str.strip, reversed(asked.output.splitlines()))), "no answer")
    if told is None:
        raise BuildError("--container needs docker or podman: install one of them")
    raise BuildError(f"--container: docker does not answer: start it, or install podman ({told})")


def _mounts(places: Iterable[Path]) -> list[Path]:
    """`places`, and what they and the links in them lead to; none inside another."""
    named = [place.absolute() for place in places]
    inside = [path for place in named if place.is_dir() for path in place.iterdir()]
    links = [path.resolve() for path in [*named, *filter(Path.is_symlink, inside)]]
    kept: list[Path] = []
    for path in sorted({*named, *filter(Path.is_dir, links)}, key=lambda path: len(path.parts)):
        if not any(path.is_relative_to(outer) for outer in kept):
            kept.append(path)
    return kept
