"""Where things are, and how they are written: beside, then renamed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinycnn.errors import UserError
from tinycnn.interrupt import at_the_latest

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: `firmware_build/` and `device/` lie here."""

BUILD = ROOT / "build"
"""Everything made goes here; ignored by git."""

METRICS = "metrics.json"
"""In a build folder: what each verb found, for programs."""

MODEL_SUFFIX = ".tflite"

LABELS = "labels.txt"
"""Beside a model: the name of each class on a line, in the order of its scores."""

_RUN = "run.py"

_FROM_HERE = {"picture.py", _RUN}
"""Scripts of `device/` that need nothing on a board but what classify.py needs."""


def board_files(
    model: Path | None = None, *, device: Path = ROOT / "device", models: Path = BUILD / "models"
) -> dict[str, Path]:
    """What goes on a board: names there and where the files are here.

    `device/`'s scripts, but for those that `mpremote run` takes from here, and one model:
    `model`, or the one in `device/`, or the int8 one that was made last. If it has LABELS beside
    it, those too, and the script that prints them. Raises UserError if there is no model, or if
    it is not called one, since nothing would check it then.
    """
    found = sorted(path for path in device.glob("*.py") if path.name not in _FROM_HERE)
    made = models / f"model_int8{MODEL_SUFFIX}"
    shipped = sorted(device.glob(f"*{MODEL_SUFFIX}"))
    chosen = [model] if model is not None else shipped or [made]
    if chosen == [made] and not made.is_file():
        raise UserError("there is no model: make one with `tinycnn demo`, or name one")
    for path in chosen:
        need_model_name(path)
    if (labels := chosen[0].parent / LABELS).is_file():
        found += [labels, device / _RUN]
    return {path.name: path for path in (*found, *chosen)}


def need_model_name(path: Path) -> None:
    """Raise UserError unless `path` is called as a model: by its name it is taken for one."""
    if path.suffix != MODEL_SUFFIX:
        raise UserError(
            f"{path} is no {MODEL_SUFFIX} file: convert it with `tinycnn quantize --model "
            "FILE.keras`, or let it be called so"
        )


def models_in(files: Mapping[str, Path]) -> dict[str, Path]:
    """Those of `files` that are models."""
    return {name: path for name, path in files.items() if name.endswith(MODEL_SUFFIX)}


def stage(folder: Path, files: Mapping[str, Path]) -> list[str]:
    """Copy `files` (names there -> files here) to `folder`.

    Returns the names of those that were not there already, byte for byte.
    Raises UserError if one cannot be read or written.
    """
    copied = []
    for name, path in files.items():
        data, target = read_bytes(path), folder / name
        if not (target.is_file() and target.read_bytes() == data):
            write_atomic(target, data)
            copied.append(name)
    return copied


def shown(path: Path) -> Path:
    """`path` as one would type it here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def read_bytes(path: Path) -> bytes:
    """The bytes of `path`. Raises UserError, in one line, if it cannot be read.

    As of `need_regular`.
    """
    need_regular(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (MemoryError, OverflowError):
        raise UserError(f"cannot read {path}: it is larger than this machine's memory") from None


def need_regular(path: Path) -> None:
    """Raise UserError unless `path` is a regular file: a device or a pipe might never end."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            why = "Is a directory" if path.is_dir() else "it is no regular file"
            raise UserError(f"cannot read {path}: {why}")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def need_writable(folder: Path, *names: str | Path, room: int = 16 << 20) -> None:
    """Raise UserError unless `folder` can be made and written, and the disk has `room` bytes.

    `names` are of files that will be written to it. Nothing is made: the nearest folder above
    it that exists is asked.
    """
    try:
        above = folder.absolute().parents
    except OSError:
        raise UserError("the current folder is gone: change to one that is there") from None
    # A link that leads nowhere is there too, and no folder can be made in its place.
    there = next(place for place in (folder, *above) if place.exists() or place.is_symlink())
    if not there.is_dir():
        raise UserError(f"cannot write to {folder}: {there} is no folder")
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
        free = shutil.disk_usage(there).free
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}") from None
    if free < room:
        raise UserError(f"cannot write to {folder}: {free >> 20} MB free, {room >> 20} are needed")
    for path in (folder / name for name in names):
        if path.is_dir():
            raise UserError(f"cannot write {path}: it is a folder: remove it")


def write_atomic(path: Path, data: bytes | str, mode: int = 0o644) -> None:
    """Write `data` (text as UTF-8) to `path`, with `mode`: whole, or not at all.

    Raises UserError if the folder cannot be made or written.
    """
    raw = data.encode() if isinstance(data, str) else data
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    _begun.add(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    finally:
        Path(name).unlink(missing_ok=True)
        _begun.discard(name)


_begun: set[str] = set()
"""Files that are being written."""


@at_the_latest
def _drop_begun() -> None:
    for name in tuple(_begun):
        Path(name).unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_atomic(path, json.dumps(value, indent=2) + "\n")


def update_metrics(build: Path, **sections: Any) -> None:
    """Replace the named sections of `build`/metrics.json; the others stay."""
    path = build / METRICS
    try:
        metrics = json.loads(read_bytes(path))
    except (UserError, ValueError, RecursionError):
        metrics = {}  # a broken file is made anew: every section can be measured again
    write_json(path, (metrics if isinstance(metrics, dict) else {}) | sections)


def digest(*parts: bytes | str) -> str:
    """SHA-256, in hex, of the parts and their lengths: a cache key."""
    state = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        state.update(len(raw).to_bytes(8, "little"))
        state.update(raw)
    return state.hexdigest()
