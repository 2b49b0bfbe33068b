"""A folder of pictures for each class, PNG or JPEG, as one array."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from tinycnn.arrays import Labels
from tinycnn.child import machine_memory
from tinycnn.errors import UserError, first_line
from tinycnn.files import need_regular
from tinycnn.pipeline.images import fit_image
from tinycnn.pipeline.naming import natural, need_names
from tinycnn.pipeline.reading import Reading
from tinycnn.progress import Progress, silent

SUFFIXES = (".png", ".jpg", ".jpeg")

_FORMATS = ("PNG", "JPEG")
_MOST_PIXELS = 1 << 25
"""Of one picture: beyond that it takes gigabytes, whatever its file takes."""

_GRAY = ("1", "L", "LA")
_DEEP = ("I", "F")  # and all that begin so: more than 8 bits
_ALPHA = ("LA", "PA", "La", "RGBA", "RGBa")
_ORIENTATION = 0x0112  # of EXIF; from 5 on, rows are columns
_PER_VALUE = 6  # bytes: as read, as divided, and whether it is finite


@dataclass(frozen=True)
class Pictures:
    """x uint8 (n, h, w, c), class after class, each in the order of its files' names.

    y       int64 (n,), of the classes
    labels  their names
    notes   what was left out, in words
    """

    x: npt.NDArray[np.uint8]
    y: Labels
    labels: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Header:
    width: int
    height: int
    gray: bool


def read_folder(path: Path, reading: Reading, progress: Progress = silent) -> Pictures:
    """The pictures in each folder in `path`, whose names are the classes.

    Made `reading.size` as `fit_image` does, and so as `Tensor.load_image` on a board. Hidden files
    do not count; what is no picture by its name is told in the notes. Raises UserError, naming the
    file, for a picture that cannot be read, and if they are not of one size and none is asked for.
    """
    folders, others = _listed(path)
    labels = tuple(folders)
    try:
        need_names(labels)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    if not labels:
        raise UserError(f"{path} has no folders: it needs one for each class, with its pictures")
    for label, files in folders.items():
        if not files:
            raise UserError(
                f"{path / label} has no pictures (PNG or JPEG): each folder in {path} is a class"
            )
    files = [file for each in folders.values() for file in each]
    heads = []
    for done, file in enumerate(files):
        progress("looking at pictures", done, len(files))
        heads.append(_header(file))
    width, height = reading.size or _one_size(files, heads)
    channels = 1 if reading.gray or all(head.gray for head in heads) else 3
    shape = (len(files), height, width, channels)
    if len(files) * height * width * channels * _PER_VALUE > machine_memory():
        raise UserError(
            f"{path}: {len(files):,} pictures of {width}x{height} are too many for this machine: "
            "take a smaller --size"
        )
    x = np.empty(shape, np.uint8)
    for done, file in enumerate(files):
        progress("reading pictures", done, len(files))
        x[done] = fit_image(_pixels(file), height, width, channels)
    y = np.repeat(np.arange(len(labels)), [len(each) for each in folders.values()])
    notes: tuple[str, ...] = ()
    if others:
        what = f"{len(others)} files that are" if len(others) > 1 else "a file that is"
        notes = (f"left out {what} no PNG or JPEG in a class's folder: {others[0]}",)
    return Pictures(x, y.astype(np.int64), labels, notes)


def _listed(path: Path) -> tuple[dict[str, list[Path]], list[Path]]:
    """The pictures of each class, in natural order; and what is there besides."""
    folders: dict[str, list[Path]] = {}
    others = []
    try:
        for entry in sorted(path.iterdir(), key=lambda each: natural(each.name)):
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                others.append(entry)
                continue
            inside = sorted(entry.iterdir(), key=lambda each: natural(each.name))
            seen = [each for each in inside if not each.name.startswith(".")]
            folders[entry.name] = [each for each in seen if each.suffix.lower() in SUFFIXES]
            others += [each for each in seen if each.suffix.lower() not in SUFFIXES]
    except OSError as error:
        raise UserError(f"cannot read {error.filename or path}: {error.strerror}") from None
    return folders, others


def _one_size(files: Sequence[Path], heads: Sequence[_Header]) -> tuple[int, int]:
    """(width, height) of all, or a UserError that names two that differ."""
    first = (heads[0].width, heads[0].height)
    for file, head in zip(files, heads, strict=True):
        if (head.width, head.height) != first:
            raise UserError(
                f"pictures of several sizes: {files[0]} is {first[0]}x{first[1]}, {file} "
                f"{head.width}x{head.height}: say --size {first[0]}x{first[1]}, or another"
            )
    return first


def _header(path: Path) -> _Header:
    """What the beginning of the file tells. Raises UserError for what is not handled."""
    with _opened(path) as image:
        width, height = image.size
        if width * height > _MOST_PIXELS:
            raise UserError(f"{path} has {width}x{height} pixels, too many: make it smaller")
        if image.mode.startswith(_DEEP):
            raise UserError(f"{path} has more than 8 bits for a pixel's colour: save it with 8")
        if image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8):
            width, height = height, width
        return _Header(width, height, image.mode in _GRAY)


def _pixels(path: Path) -> npt.NDArray[np.uint8]:
    """(rows, columns) of gray, or (rows, columns, 3), the way up that EXIF says."""
    with _opened(path) as image:
        gray = image.mode in _GRAY
        if image.mode in _ALPHA or "transparency" in image.info:
            alpha = np.asarray(image.convert("RGBA"))[..., 3]
            if (alpha < 255).any():
                raise UserError(
                    f"{path} is transparent in places: save it on the background that the "
                    "camera will see"
                )
        upright = ImageOps.exif_transpose(image)
        return np.asarray(upright.convert("L" if gray else "RGB"), np.uint8)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture in a file, in a block in which what goes wrong with it is a UserError."""
    need_regular(path)
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(path, formats=_FORMATS) as image,
        ):
            yield image
    except UserError:
        raise
    except Exception as error:  # Pillow's decoders raise what they run into
        said = first_line(error).replace(str(path), path.name)
        raise UserError(f"{path} cannot be read as a picture: {said}") from None
