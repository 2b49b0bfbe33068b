"""Finding ESP-IDF, and the environment that its idf.py wants.

Nothing here installs or changes an ESP-IDF: the user has one, or a container.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tinycnn.command import environment, run
from tinycnn.errors import BuildError

RECOMMENDED = "v5.5.1"
"""The ESP-IDF that MicroPython v1.28.0 recommends, and its releases are built with."""

OLDEST, TOO_NEW = (5, 3), (5, 6)
"""MicroPython v1.28.0 supports versions from the first up to, not including, the second."""

_INSTALL = (
    f"install {RECOMMENDED} (https://docs.espressif.com/projects/esp-idf/en/{RECOMMENDED}/"
    "esp32/get-started/), then run `. export.sh` in it or give --idf DIR; or use --container"
)


@dataclass(frozen=True)
class Idf:
    """An ESP-IDF: how to call its idf.py, its version, and the environment for that.

    `stop` is the command that ends a build which does not end with idf_py's process.
    """

    idf_py: tuple[str, ...]
    version: str
    environment: dict[str, str]
    stop: tuple[str, ...] = ()


def find(given: Path | None = None) -> Idf:
    """The ESP-IDF in the folder `given`, else in $IDF_PATH, ready to run.

    Raises BuildError if there is none, if the pinned MicroPython does not build with
    it, or if its tools are not installed.
    """
    named = given or (Path(os.environ["IDF_PATH"]) if os.environ.get("IDF_PATH") else None)
    if named is None:
        raise BuildError(f"ESP-IDF is missing: {_INSTALL}")
    path = named.absolute()
    version = read_version(path)
    if not OLDEST <= _numbers(version)[:2] < TOO_NEW:
        raise BuildError(
            f"ESP-IDF {version} in {path} does not fit: MicroPython v1.28.0 builds with "
            f"{_dotted(OLDEST)} up to before {_dotted(TOO_NEW)}: {_INSTALL}"
        )
    known = _environment(path)
    python = Path(known["IDF_PYTHON_ENV_PATH"]) / "bin" / "python"
    # Gone, or without its own files since the system's Python is another one.
    if not python.is_file() or not run([python, "-c", "import click"], env=known).ok:
        raise BuildError(f"ESP-IDF's Python does not run any more: run {path}/install.sh again")
    return Idf((str(python), str(path / "tools" / "idf.py")), version, known)


def read_version(path: Path) -> str:
    """The version, like "5.5.1", of the ESP-IDF at `path`. Raises BuildError if it is none."""
    try:
        text = (path / "tools" / "cmake" / "version.cmake").read_text()
    except (OSError, UnicodeError):
        raise BuildError(f"{path} is no ESP-IDF: it has no tools/cmake/version.cmake") from None
    found = dict(re.findall(r"set\(IDF_VERSION_(MAJOR|MINOR|PATCH) (\d+)\)", text))
    try:
        return ".".join(found[part] for part in ("MAJOR", "MINOR", "PATCH"))
    except KeyError:
        raise BuildError(f"{path}: tools/cmake/version.cmake tells no version") from None


def _environment(path: Path) -> dict[str, str]:
    """Ours if export.sh has been run in it for this ESP-IDF, else as that makes it."""
    ours = _without_our_python(environment()) | {"IDF_PATH": str(path)}
    exported = os.environ.get("IDF_PATH")
    if exported and Path(exported).absolute() == path and "IDF_PYTHON_ENV_PATH" in os.environ:
        return ours
    script = '. "$IDF_PATH/export.sh" >&2 && env -0'
    exporting = run(["bash", "-c", script], env=ours, timeout=300)
    # export.sh's chatter comes first, so take what looks like a variable only.
    words = exporting.output.split("\0")
    words[0] = words[0].rpartition("\n")[2]
    found = dict(word.split("=", 1) for word in words if re.match(r"[A-Za-z_]\w*=", word))
    if not exporting.ok or "IDF_PYTHON_ENV_PATH" not in found:
        raise BuildError(f"ESP-IDF's tools are not installed: run {path}/install.sh once")
    return found


def _without_our_python(environment: dict[str, str]) -> dict[str, str]:
    """ESP-IDF has a Python environment of its own, and must not find packages of ours."""
    for name in ("PYTHONPATH", "PYTHONHOME", "IDF_TARGET"):
        environment.pop(name, None)
    if sys.prefix != sys.base_prefix:
        own = str(Path(sys.prefix) / "bin")
        folders = environment.get("PATH", "").split(os.pathsep)
        environment["PATH"] = os.pathsep.join(folder for folder in folders if folder != own)
    return environment


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in numbers)
