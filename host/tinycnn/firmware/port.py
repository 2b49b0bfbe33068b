"""One of MicroPython's ports that build with make, with our user C module.

Everything that decides what comes out is in a record beside the product, so a
second call returns at once; what make cannot know of (another source tree,
other flags, another compiler) clears the objects first.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.command import Finished, at_rest, first_error, locked
from tinycnn.errors import BuildError
from tinycnn.files import BUILD, ROOT, digest, write_atomic
from tinycnn.firmware.fetch import Checkout, Origin
from tinycnn.firmware.make import make
from tinycnn.firmware.sources import cache_root
from tinycnn.progress import Progress

FIRMWARE_BUILD = ROOT / "firmware_build"

_FOLDERS = ("model", "kernels", "tflm")
"""Of FIRMWARE_BUILD, and of the objects: what is ours."""

_OURS_ALONE = (
    "TFLM_LIB",
    "TFLM_KERNELS",
    "TFLM_OPS",
    "TFLM_OPS_FILE",
    "TFLM_INT8_ALONE",
    "TFLM_INT16",
    "TFLM_SMALL",
)
"""Variables that no file of MicroPython's knows of, nor any name that it makes a qstr of."""

_OBJECTS = 230
"""About how many files are compiled, for a first build's progress bar."""


@dataclass(frozen=True)
class Port:
    """What to build, and the `variables` for make."""

    name: str
    """Of the port: its folder in MicroPython's ports/ and in firmware_build/."""
    variant: str
    """Which of its builds: in messages, and the log's name."""
    product: str
    """The file that make leaves, which is copied to the output folder."""
    micropython: Checkout
    compiler: str
    """Its version, so that another one starts anew."""
    variables: dict[str, str]
    map: str = ""
    """The linker's map that make leaves, if it is to be kept beside the product."""
    stock: bool = False
    """Without our module."""


@dataclass(frozen=True)
class Program:
    """MicroPython with `tflm`, built: a program of this machine, or one for QEMU."""

    path: Path
    micropython_version: str
    origin: Origin


def build(port: Port, progress: Progress) -> Program:
    """The port's product in build/NAME/VARIANT/, built if it is not up to date.

    Raises BuildError, naming the log and the first error in it, if it does not compile.
    """
    folder = BUILD / port.name / port.variant
    product = folder / port.product
    program = Program(product, port.micropython.version, port.micropython.origin)
    kept = [port.product, *([port.map] if port.map else [])]
    config = {"micropython": str(port.micropython.path), "compiler": port.compiler}
    config |= port.variables
    with locked(folder, progress):
        record, objects = folder / "record.json", folder / "objects"
        # Of the make that came to its end there, be it with an error.
        mark, settings = folder / "settings.json", json.dumps(config, sort_keys=True)
        key = _fingerprint(port, settings, *kept)
        if find(record, key) is not None:
            return program
        # One variant after the other, if the second can begin with the objects of the first.
        with locked(BUILD / port.name / f".{digest(_theirs(config))[:16]}", progress):
            if not mark.is_file() or mark.read_text(errors="replace") != settings:
                shutil.rmtree(objects, ignore_errors=True)
                _take_over(port, config, objects)
            mark.unlink(missing_ok=True)
            made = _make(port, objects, progress)
            write_atomic(mark, settings)
        if not made.ok:
            raise BuildError(_complaint(port, made))
        # Renamed into place: a program that runs keeps the file it was started from.
        files = {name: (objects / name).read_bytes() for name in kept}
        keep(record, Kept(key, {}, files), mode=0o755)
    return program


def _theirs(config: dict[str, str]) -> str:
    """What MicroPython's own objects depend on."""
    return json.dumps({n: v for n, v in config.items() if n not in _OURS_ALONE}, sort_keys=True)


def _take_over(port: Port, config: dict[str, str], objects: Path) -> None:
    """Begin with MicroPython's own objects of another variant, if they would be the same.

    They are if no more differs than what only our files see; those are compiled anew.
    """
    for mark in sorted((BUILD / port.name).glob("*/settings.json")):
        with suppress(OSError, ValueError, AttributeError), at_rest(mark.parent):
            if _theirs(json.loads(mark.read_text())) != _theirs(config):
                continue
            left_out = shutil.ignore_patterns(port.product, port.map, *_FOLDERS)
            shutil.copytree(mark.parent / "objects", objects, ignore=left_out)
            # What each object depends on is told by full paths.
            for told in objects.rglob("*.P"):
                text, time = told.read_bytes(), told.stat()
                told.write_bytes(text.replace(bytes(mark.parent / "objects"), bytes(objects)))
                os.utime(told, ns=(time.st_atime_ns, time.st_mtime_ns))
            return
        shutil.rmtree(objects, ignore_errors=True)


def _make(port: Port, objects: Path, progress: Progress) -> Finished:
    """Run make; once more from nothing if it fails by what an earlier one left."""
    reused = objects.exists()
    made = _make_once(port, objects, 0 if reused else _OBJECTS, progress)
    if made.ok or not reused or str(FIRMWARE_BUILD) in first_error(made.output):
        return made
    shutil.rmtree(objects, ignore_errors=True)
    shutil.rmtree(port.micropython.path / "mpy-cross" / "build", ignore_errors=True)
    return _make_once(port, objects, _OBJECTS, progress)


def _make_once(port: Port, objects: Path, expected: int, progress: Progress) -> Finished:
    """Run make, with its output in a log; `expected` files are compiled, 0 if unknown."""
    micropython = port.micropython
    what = f"Building MicroPython {micropython.version} ({port.variant})"
    # Without these MicroPython would describe whichever git repository it lies in.
    named = {
        "MICROPY_GIT_TAG": f"v{micropython.version}",
        "MICROPY_GIT_HASH": micropython.commit[:10] if micropython.commit else "debian",
    }
    words = [
        f"--directory={micropython.path / 'ports' / port.name}",
        *([] if port.stock else [f"USER_C_MODULES={FIRMWARE_BUILD}"]),
        f"BUILD={objects}",
        *(f"{key}={value}" for key, value in port.variables.items()),
    ]
    return make(words, what, expected, _log(port), progress, named)


def _log(port: Port) -> Path:
    return BUILD / "logs" / f"{port.name}-{port.variant}.log"


def _complaint(port: Port, made: Finished) -> str:
    told = first_error(made.output)
    return f"MicroPython ({port.variant}) does not build: {told} (log: {_log(port)})"


def _fingerprint(port: Port, *settings: str) -> str:
    """Changes whenever a file of ours that make would look at changes, or `settings`."""
    files = sorted(
        path
        for folder in (*(() if port.stock else _FOLDERS), port.name)
        for path in (FIRMWARE_BUILD / folder).rglob("*")
        if path.is_file()
    )
    stats = [(str(path), path.stat()) for path in files]
    seen = [f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats]
    return key_of(*settings, *seen)


def refuse_odd_paths(*places: Path) -> None:
    """Raises BuildError for a path, of ours or of `places`, that make would not take as it is.

    Make splits words at spaces, has a meaning for `$`, `#`, `%`, `:` and `=`, and its
    recipes are lines of a shell.
    """
    for place in (ROOT, BUILD, cache_root(), *places):
        if odd := re.search(r"[^\w./+@,-]", str(place)):
            told = "a space" if odd[0].isspace() else odd[0]
            raise BuildError(f"make cannot build in a path with {told}: move or rename {place}")
