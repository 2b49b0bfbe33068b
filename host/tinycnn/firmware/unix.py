"""The simulator: MicroPython's unix port with our user C module, built.

Everything that decides what comes out is in a stamp beside the program, so a
second call returns at once; what make cannot know of (another source tree,
other flags, another compiler) clears the objects first.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from tinycnn.errors import BuildError
from tinycnn.files import BUILD, ROOT, digest, write_atomic, write_json
from tinycnn.firmware import libtflm
from tinycnn.firmware.command import first_error, locked, make_environment, need, run
from tinycnn.firmware.fetch import Checkout, Origin, fetch
from tinycnn.firmware.ops import OpSet, profile_set
from tinycnn.firmware.sources import cache_root
from tinycnn.progress import Progress, silent

Engine = Literal["hosted", "tflm"]

FIRMWARE_BUILD = ROOT / "firmware_build"

_OBJECTS = 230
"""About how many files are compiled, for a first build's progress bar."""

_SANITIZE = "-fsanitize=address,undefined -fno-sanitize=nonnull-attribute"
_SANITIZE_LINK = f"{_SANITIZE} --param asan-use-after-return=0"
_SANITIZE_COMPILE = f"{_SANITIZE_LINK} -fno-sanitize-recover=undefined -DMP_ASAN=1 -DMP_UBSAN=1"


@dataclass(frozen=True)
class Simulator:
    """A MicroPython program for this machine, with `tflm` built in."""

    path: Path
    engine: Engine
    micropython_version: str
    origin: Origin


def build_simulator(
    engine: Engine = "hosted",
    *,
    sanitize: bool = False,
    ops: OpSet | None = None,
    progress: Progress = silent,
) -> Simulator:
    """Build what is not up to date; output in build/simulator/ENGINE/micropython.

    `ops` are those of the profile cnn unless it says otherwise. With `sanitize` the program
    checks itself with ASan and UBSan, asserts included, in a folder of its own.

    Raises SourceError if a source cannot be had, and BuildError, naming the log
    and the first error in it, if it does not compile.
    """
    need("make", "gcc", *(["g++", "ar"] if engine == "tflm" else []))
    _refuse_spaces()
    name = "-".join([engine, *([ops.name] if ops else []), *(["asan"] if sanitize else [])])
    micropython = fetch("micropython", progress=progress)
    variables = _variables(engine, sanitize, ops or profile_set("cnn"), progress)
    folder = BUILD / "simulator" / name
    simulator = Simulator(folder / "micropython", engine, micropython.version, micropython.origin)
    config = {
        "micropython": str(micropython.path),
        "compiler": libtflm.compiler("gcc"),
    } | variables
    with locked(folder, progress):
        stamp = _read_stamp(folder)
        inputs = _fingerprint(config)
        if stamp.get("inputs") == inputs and simulator.path.is_file():
            return simulator
        objects = folder / "objects"
        if stamp.get("config") != config:
            shutil.rmtree(objects, ignore_errors=True)
        write_json(folder / "stamp.json", {"config": config})
        _make(micropython, objects, variables, name, progress)
        _put(objects / "micropython", simulator.path)
        write_json(folder / "stamp.json", {"config": config, "inputs": inputs})
    return simulator


def _variables(engine: Engine, sanitize: bool, ops: OpSet, progress: Progress) -> dict[str, str]:
    """What is given to make, apart from places."""
    # A warning that only the user's newer compiler knows must not stop the build.
    variables = {"TFLM_ENGINE": engine, "CFLAGS_EXTRA": "-Wno-error"} | ops.variables
    if sanitize:
        variables["CFLAGS_EXTRA"] += f" {_SANITIZE_COMPILE}"
        variables["LDFLAGS_EXTRA"] = _SANITIZE_LINK
        variables["DEBUG"] = "1"
        variables["STRIP"] = ""
    if engine == "hosted":
        variables["TFLM_COMMIT"] = _wheel_version()
    else:
        tflm = fetch("esp-tflite-micro", progress=progress)
        flags = _SANITIZE if sanitize else ""
        variables["TFLM_DIR"] = str(tflm.path)
        variables["TFLM_LIB"] = str(libtflm.build(tflm, extra_flags=flags, progress=progress))
        variables["TFLM_COMMIT"] = tflm.key
    return variables


def _wheel_version() -> str:
    """What the hosted engine runs models in; "" where it is not installed."""
    try:
        return version("tflite-micro")
    except PackageNotFoundError:
        return ""


def _make(
    micropython: Checkout,
    objects: Path,
    variables: dict[str, str],
    name: str,
    progress: Progress,
) -> None:
    """Run make, with its output in a log."""
    expected = 0 if objects.exists() else _OBJECTS
    log = BUILD / "logs" / f"simulator-{name}.log"
    what = f"Building MicroPython {micropython.version} ({name})"
    compiled = 0

    def see(line: str) -> None:
        nonlocal compiled
        if line.startswith(("CC ", "CXX ")):
            compiled += 1
            progress(what, compiled, expected)

    # Without these MicroPython would describe whichever git repository it lies in.
    named = {
        "MICROPY_GIT_TAG": f"v{micropython.version}",
        "MICROPY_GIT_HASH": micropython.commit[:10] if micropython.commit else "debian",
    }
    progress(what, 0, expected)
    made = run(
        [
            "make",
            f"--jobs={os.cpu_count() or 1}",
            f"--directory={micropython.path / 'ports' / 'unix'}",
            f"VARIANT_DIR={FIRMWARE_BUILD / 'unix'}",
            f"USER_C_MODULES={FIRMWARE_BUILD}",
            f"BUILD={objects}",
            *(f"{key}={value}" for key, value in variables.items()),
        ],
        env=make_environment() | named,
        on_line=see,
    )
    write_atomic(log, made.output + "\n")
    if not made.ok:
        raise BuildError(f"the simulator does not build: {first_error(made.output)} (log: {log})")


def _fingerprint(config: dict[str, str]) -> str:
    """Changes whenever a file of ours that make would look at changes, or `config`."""
    files = sorted(
        path
        for folder in ("tflm", "unix")
        for path in (FIRMWARE_BUILD / folder).rglob("*")
        if path.is_file()
    )
    stats = [(str(path), path.stat()) for path in files]
    seen = [f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats]
    return digest(json.dumps(config, sort_keys=True), *seen)


def _read_stamp(folder: Path) -> dict[str, object]:
    try:
        stamp = json.loads((folder / "stamp.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _put(built: Path, final: Path) -> None:
    """Copy a program whole: a simulator that runs keeps the file it was started from."""
    beside = final.with_name(f".{final.name}.part")
    shutil.copy2(built, beside)
    beside.replace(final)


def _refuse_spaces() -> None:
    for place in (ROOT, BUILD, cache_root()):
        if re.search(r"\s", str(place)):
            raise BuildError(f"make cannot build in a path with a space: move {place}")
