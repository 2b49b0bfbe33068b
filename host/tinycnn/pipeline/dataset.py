"""Images and labels: the article's digits, or your own in an .npz file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn.arrays import Floats, Labels
from tinycnn.errors import UserError
from tinycnn.files import digest
from tinycnn.pipeline.npz import read_npz
from tinycnn.text import printable

MIN_IMAGES = 10
"""Fewer cannot be split into three parts that mean anything."""

_AT_ONCE = 1 << 20  # values that are scaled at a time, in float64

_FLOAT32 = np.finfo(np.float32)

_DIGITS = "ca88890f5248922cfc748d7fca619de98bcb15635395c373001ac2023338f795"
"""The fingerprint of the article's images."""

PARTS = ("train", "test", "validation")


@dataclass(frozen=True)
class Part:
    """One part of a data set: x float32 (n, h, w, c) in [0, 1], y int64 (n,)."""

    name: str
    x: Floats
    y: Labels


@dataclass(frozen=True)
class Dataset:
    """Images with their classes, in the order they were recorded.

    x            float32 (n, h, w, c) in [0, 1]
    y            int64 (n,), 0 to classes - 1
    maximum      what the raw values were divided by
    fingerprint  SHA-256 of x, y and maximum, in hex
    """

    name: str
    x: Floats
    y: Labels
    classes: int
    maximum: float
    fingerprint: str

    @property
    def is_digits(self) -> bool:
        """Whether these are the article's images, in its order, whatever file they came from."""
        return self.fingerprint == _DIGITS

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one image."""
        height, width, channels = self.x.shape[1:]
        return height, width, channels

    @property
    def bounds(self) -> dict[str, tuple[int, int]]:
        """First index and the one past the last of each part, by name.

        In order, as in the article: 60 % train, 20 % test, the rest validation
        (1,078, 359 and 360 of the 1,797 digits).
        """
        total = len(self.y)
        train = total * 6 // 10
        test = train + total * 2 // 10
        return {"train": (0, train), "test": (train, test), "validation": (test, total)}

    def part(self, name: str) -> Part:
        """The part called `name`: train, test or validation."""
        first, last = self.bounds[name]
        return Part(name, self.x[first:last], self.y[first:last])


def load(path: Path | None = None) -> Dataset:
    """The data in `path`, or the article's digits without one."""
    return load_digits() if path is None else load_npz(path)


def load_digits() -> Dataset:
    """scikit-learn's digits: 1,797 images of (8, 8, 1), ten classes, divided by 16."""
    from sklearn import datasets

    data: Any = datasets.load_digits()
    return make_dataset("digits", data.images, data.target)


def load_npz(path: Path) -> Dataset:
    """Arrays `x` (n, h, w) or (n, h, w, c) and `y` (n,) of an .npz file.

    `x` holds numbers >= 0 and is divided by its maximum; `y` holds the classes as
    integers 0, 1, 2 ... The images are split in their order, so they should be in
    the order they were recorded, not sorted by class.

    Raises UserError, naming the file, for anything else.
    """
    arrays = read_npz(path, _x_and_y)
    try:
        return make_dataset(printable(path.stem, 80), arrays["x"], arrays["y"])
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _x_and_y(found: Sequence[str]) -> tuple[str, str]:
    """The two arrays that images and classes are, of those in an .npz; or a UserError."""
    if missing := [name for name in ("x", "y") if name not in found]:
        others = ", ".join(found) or "nothing"
        raise UserError(f"has no array {' and no '.join(missing)}: found {others}")
    return "x", "y"


def make_dataset(name: str, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> Dataset:
    """Check raw images `x` and labels `y`, scale the images to [0, 1].

    x  numbers >= 0, (n, h, w) or (n, h, w, c);  y  integers (n,), 0 to classes - 1

    Raises UserError saying which condition does not hold.
    """
    images = _checked_images(x)
    labels, classes = _checked_labels(y, len(images))
    maximum = float(images.max())
    if maximum <= 0:
        raise UserError("x is zero everywhere")
    if not float(_FLOAT32.tiny) <= maximum <= float(_FLOAT32.max):
        raise UserError(f"x has values that float32 does not hold (up to {maximum:g})")
    scaled = _scaled(images, maximum)
    fingerprint = digest(repr((scaled.shape, maximum)), scaled.tobytes(), labels.tobytes())
    dataset = Dataset(name, scaled, labels, classes, maximum, fingerprint)
    unseen = sorted(set(range(classes)) - set(dataset.part("train").y.tolist()))
    if unseen:
        raise UserError(
            f"the first 60 % of the images, which train, have none of class {unseen[0]}: "
            "mix the classes before saving"
        )
    return dataset


def _scaled(images: npt.NDArray[Any], maximum: float) -> Floats:
    """`images` / `maximum`, divided in float64; a part after the other, as memory is dear."""
    scaled = np.empty(images.shape, np.float32)
    step = max(1, _AT_ONCE // math.prod(images.shape[1:]))
    for at in range(0, len(images), step):
        scaled[at : at + step] = images[at : at + step].astype(np.float64) / maximum
    return scaled


def _checked_images(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`x` as (n, h, w, c), or a UserError."""
    if x.dtype.kind not in "buif":
        raise UserError(f"x must hold numbers, not {x.dtype}")
    if x.ndim == 3:
        x = x[..., np.newaxis]
    if x.ndim != 4:
        raise UserError(f"x must have the shape (n, h, w) or (n, h, w, c), not {x.shape}")
    if len(x) < MIN_IMAGES:
        raise UserError(f"x has {len(x)} images: at least {MIN_IMAGES} are needed")
    if 0 in x.shape:
        raise UserError(f"x has no pixels: its shape is {x.shape}")
    if not np.isfinite(x).all():
        raise UserError("x has values that are not finite (NaN or infinity)")
    if x.min() < 0:
        raise UserError(f"x has negative values (down to {x.min():g}): shift it to start at 0")
    return x


def _checked_labels(y: npt.NDArray[Any], images: int) -> tuple[Labels, int]:
    """`y` as int64 (n,) and the number of classes, or a UserError."""
    if y.dtype.kind not in "uif":
        raise UserError(f"y must hold whole numbers, not {y.dtype}")
    if y.ndim != 1:
        raise UserError(f"y must have the shape (n,), not {y.shape}")
    if len(y) != images:
        raise UserError(f"x has {images} images but y has {len(y)} labels")
    if not np.isfinite(y).all() or (y != np.floor(y)).any():
        raise UserError("y must hold whole numbers: the class of each image")
    if y.max() >= len(y):
        raise UserError(
            f"y has labels up to {y.max():g}, more than there are images: classes count from 0"
        )
    if y.min() < 0:
        raise UserError(f"y has negative labels (down to {int(y.min())}): classes count from 0")
    found = np.unique(y)
    classes = int(found[-1]) + 1
    if classes == 1:
        raise UserError("y has a single class: there is nothing to tell apart")
    if len(found) != classes:
        gap = next(i for i, label in enumerate(found.tolist()) if label != i)
        raise UserError(f"y has labels up to {classes - 1} but none that is {gap}")
    return y.astype(np.int64), classes
