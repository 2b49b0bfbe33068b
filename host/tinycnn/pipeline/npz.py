"""Arrays of somebody's .npz or .npy file, whatever else is in it: as they are, or one line."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tinycnn.child import machine_memory
from tinycnn.errors import UserError, first_line
from tinycnn.files import read_bytes
from tinycnn.text import printable

Array = npt.NDArray[Any]

_ENCRYPTED = 1  # a bit of a zip member's flags
_PER_VALUE = 5  # bytes beside those of the file: a float32, and whether it is finite
_SAVE = "save it with numpy.savez(path, x=x, y=y)"


def read_npz(path: Path, choose: Callable[[Sequence[str]], Sequence[str]]) -> dict[str, Array]:
    """Arrays of an .npz, by name.

    `choose` is told the names of those there are and says which to read; what it raises as
    UserError, the file's name is put before. Raises UserError for a file that is none, or
    has not what it says.
    """
    raw = read_bytes(path)
    no_npz = f"{path} is no .npz file: {_SAVE}; pictures lie in a folder, and signals in a .csv"
    if not zipfile.is_zipfile(io.BytesIO(raw)):
        raise UserError(no_npz)
    wanted: Sequence[str] = ()
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = {info.filename: info for info in archive.infolist()}
            wanted = _chosen(path, members, choose)
            for name in wanted:
                _check_member(archive, members[f"{name}.npy"], path, name)
            return {name: _read_array(archive, name) for name in wanted}
    except UserError:
        raise
    except ValueError as error:  # of numpy, about what is in the archive
        names = " or ".join(wanted)
        raise UserError(f"{path}: {names} cannot be read: {first_line(error)}") from None
    except Exception:  # zipfile and its decompressors raise what they run into
        raise UserError(no_npz) from None


def read_npy(path: Path) -> Array:
    """The array of an .npy file; UserError if it is none."""
    raw = read_bytes(path)
    try:
        _check_length(io.BytesIO(raw), len(raw), path, "the array")
        array: Array = np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False)
    except ValueError as error:
        raise UserError(f"{path} is no .npy file: {first_line(error)}") from None
    return array


def _chosen(
    path: Path, members: dict[str, Any], choose: Callable[[Sequence[str]], Sequence[str]]
) -> Sequence[str]:
    found = sorted(printable(name.removesuffix(".npy"), 80) for name in members)
    try:
        wanted = choose(found)
    except UserError as error:
        raise UserError(f"{path} {error}") from None
    for name in wanted:
        if f"{name}.npy" not in members:
            raise UserError(f"{path}: {name} is no array: {_SAVE}")
    return wanted


def _check_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, name: str) -> None:
    """Refuse, before it is read, what is encrypted, no .npy, or not as long as it says."""
    if info.flag_bits & _ENCRYPTED:
        raise UserError(f"{path}: {name} is encrypted: save it anew with numpy.savez")
    with archive.open(info) as file:
        if file.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX:
            raise UserError(f"{path}: {name} is no array: {_SAVE}")
    with archive.open(info) as file:
        _check_length(file, info.file_size, path, name)


def _check_length(file: IO[bytes], size: int, path: Path, name: str) -> None:
    shape, _, dtype = _header(file)
    length = math.prod(shape) * dtype.itemsize
    begin = file.tell()
    if not dtype.hasobject and length != size - begin:
        raise UserError(
            f"{path}: {name} is damaged: an array of {length:,} bytes, and {size - begin:,} there"
        )
    if length + math.prod(shape) * _PER_VALUE > machine_memory():
        raise UserError(f"{path}: {name} has {length:,} bytes, too many for this machine")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    if np.lib.format.read_magic(file) == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)


def _read_array(archive: zipfile.ZipFile, name: str) -> Array:
    with archive.open(f"{name}.npy") as file:
        array: Array = np.lib.format.read_array(file, allow_pickle=False)
    return array
