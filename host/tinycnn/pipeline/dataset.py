"""Images or windows with labels: the article's digits, or your own, as people have them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn.arrays import Floats, Labels
from tinycnn.errors import UserError
from tinycnn.files import digest, need_regular
from tinycnn.pipeline.folder import read_folder
from tinycnn.pipeline.naming import need_names
from tinycnn.pipeline.npz import read_npz
from tinycnn.pipeline.reading import DIGITS, Origin, Reading, is_table
from tinycnn.pipeline.table import read_table
from tinycnn.progress import Progress, silent
from tinycnn.text import printable

Array = npt.NDArray[Any]

MIN_IMAGES = 10
"""Fewer cannot be split into three parts that mean anything."""

_AT_ONCE = 1 << 20  # values that are scaled at a time, in float64

_FLOAT32 = np.finfo(np.float32)

_DIGITS = "ca88890f5248922cfc748d7fca619de98bcb15635395c373001ac2023338f795"
"""The fingerprint of the article's images."""

PARTS = ("train", "test", "validation")

_SPLIT_SEED = 1
"""Of what `--split random` draws: the same parts in every run, whatever the seed of training."""


@dataclass(frozen=True)
class Part:
    """One part of a data set: x float32 (n, ...), y (n,) classes or (n, k) numbers.

    photos, labels  as of a Dataset
    """

    name: str
    x: Floats
    y: Array
    photos: bool = False
    labels: tuple[str, ...] = ()

    def class_name(self, label: int) -> str:
        """What class `label` is called; its number if it has no name."""
        return self.labels[label] if self.labels else str(label)


@dataclass(frozen=True)
class Dataset:
    """Images or windows with what is right, in an order that the parts follow.

    x            float32 (n, ...), raw / maximum: images are (n, h, w, c)
    y            int64 (n,), 0 to classes - 1; for regression float32 (n, classes)
    classes      how many scores, or numbers, a model gives
    maximum      what the raw values were divided by; 1 if they are as they were
    fingerprint  SHA-256 of x, y, maximum, names and task, in hex
    labels       the name of each class, or () if they have none
    origin       the file or folder, and how it was read
    notes        what was left out of it, in words
    photos       0 is black, as in pictures of a folder; else it is paper, and 1 ink
    """

    name: str
    x: Floats
    y: Array
    classes: int
    maximum: float
    fingerprint: str
    labels: tuple[str, ...] = ()
    origin: Origin = DIGITS
    notes: tuple[str, ...] = ()
    photos: bool = False

    @property
    def is_digits(self) -> bool:
        """Whether these are the article's images, in its order, whatever file they came from."""
        return self.fingerprint == _DIGITS

    @property
    def regression(self) -> bool:
        """Whether y are numbers that a model should give, no classes."""
        return self.origin.reading.regression

    @property
    def is_images(self) -> bool:
        """Whether x are images of values from 0 to 1, which can be drawn, and redrawn."""
        return self.x.ndim == 4 and float(self.x.min()) >= 0 and float(self.x.max()) <= 1

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(height, width, channels) of one image; (steps, channels) of a window, or (values,)."""
        return self.x.shape[1:]

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
        return Part(name, self.x[first:last], self.y[first:last], self.photos, self.labels)

    def class_name(self, label: int) -> str:
        """What class `label` is called; its number if it has no name."""
        return self.labels[label] if self.labels else str(label)


def load(
    path: Path | None = None, reading: Reading | None = None, progress: Progress = silent
) -> Dataset:
    """The data in `path`, a folder, an .npz or a .csv; or the article's digits without one.

    A folder's pictures are split at random unless `reading` says otherwise; in sequence, each
    class by itself; and are divided by 255. All else is split in sequence. Raises UserError,
    naming the file, for what cannot be read or does not fit `reading`.
    """
    how = reading or Reading()
    if path is None:
        return load_digits(how)
    is_folder, is_csv = path.is_dir(), is_table(path)
    if not is_folder:
        need_regular(path)
    _need_meant(path, how, folder=is_folder, table=is_csv)
    notes: tuple[str, ...] = ()
    x: Array
    y: Array
    if is_folder:
        pictures = read_folder(path, how, progress)
        x, y, labels, notes = pictures.x, pictures.y, pictures.labels, pictures.notes
        how = replace(how, split=how.split or "random", scale=how.scale or "255")
    elif is_csv:
        table = read_table(path, how, progress)
        x, y, labels = table.x, table.y, table.labels
    else:
        x, y, labels = _npz_arrays(path)
    try:
        made = make_dataset(
            printable(path.absolute().name if is_folder else path.stem, 80),
            x,
            y,
            labels=labels,
            reading=how,
            by_class=is_folder,
        )
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    origin = Origin(str(path.absolute()), how)
    return replace(made, origin=origin, notes=notes, photos=is_folder)


def _need_meant(path: Path | None, how: Reading, *, folder: bool, table: bool) -> None:
    """Refuse an option that means nothing to such data."""
    what = "the digits" if path is None else str(path)
    if (how.size or how.gray) and not folder:
        raise UserError(f"--size and --gray are for a folder of pictures, and not for {what}")
    if (how.shape or how.label) and not table:
        raise UserError(f"--shape and --label are for a CSV file, and not for {what}")


def load_digits(reading: Reading | None = None) -> Dataset:
    """scikit-learn's digits: 1,797 images of (8, 8, 1), ten classes, divided by 16."""
    from sklearn import datasets

    how = reading or Reading()
    _need_meant(None, how, folder=False, table=False)
    data: Any = datasets.load_digits()
    made = make_dataset("digits", data.images, data.target, reading=how)
    return replace(made, origin=Origin("", how))


def load_npz(path: Path) -> Dataset:
    """Arrays `x` (n, h, w) or (n, h, w, c) and `y` (n,) of an .npz file.

    `x` is divided by its largest absolute value; `y` holds the classes as integers 0, 1, 2 ...,
    and `labels` may hold their names. The images are split in their order, so they should be
    in the order they were recorded, not sorted by class.

    Raises UserError, naming the file, for anything else.
    """
    x, y, labels = _npz_arrays(path)
    try:
        made = make_dataset(printable(path.stem, 80), x, y, labels=labels)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return replace(made, origin=Origin(str(path.absolute())))


def _npz_arrays(path: Path) -> tuple[Array, Array, tuple[str, ...]]:
    """x, y and the names of the classes, if there are any."""
    arrays = read_npz(path, _x_and_y)
    labels = arrays.get("labels", np.array([], np.str_))
    if labels.dtype.kind not in "US" or labels.ndim != 1:
        raise UserError(f"{path}: labels must hold the name of each class")
    try:
        names = tuple(np.char.decode(labels) if labels.dtype.kind == "S" else labels)
        return arrays["x"], arrays["y"], tuple(str(name) for name in names)
    except UnicodeDecodeError:
        raise UserError(f"{path}: labels has a name that is not in UTF-8") from None


def _x_and_y(found: Sequence[str]) -> tuple[str, ...]:
    """The arrays that images and classes are, of those in an .npz; or a UserError."""
    if missing := [name for name in ("x", "y") if name not in found]:
        others = ", ".join(found) or "nothing"
        raise UserError(f"has no array {' and no '.join(missing)}: found {others}")
    return ("x", "y", "labels") if "labels" in found else ("x", "y")


def make_dataset(
    name: str,
    x: Array,
    y: Array,
    *,
    labels: Sequence[str] = (),
    reading: Reading | None = None,
    by_class: bool = False,
) -> Dataset:
    """Check raw `x` and `y`, split them, and divide x: by its largest absolute value, if not told.

    x         (n, h, w) or (n, h, w, c) for a `reading` of images; else (n, ...) of its rank
    y         integers (n,), 0 to classes - 1; for regression numbers (n,) or (n, k)
    labels    the name of each class, or none
    by_class  they are sorted by class: "sequential" is then so within each class

    Raises UserError saying which condition does not hold.
    """
    how = reading or Reading()
    images = _checked_images(x, how.rank)
    right: Array
    if how.regression:
        right, classes = _checked_targets(y, len(images))
    else:
        right, classes = _checked_labels(y, len(images))
    if labels:
        need_names(labels)
        if len(labels) != classes:
            raise UserError(f"labels has {len(labels)} names, y has {classes} classes")
    largest = max(float(images.max()), -float(images.min()))
    if largest <= 0:
        raise UserError("x is zero everywhere")
    if not float(_FLOAT32.tiny) <= largest <= float(_FLOAT32.max):
        raise UserError(f"x has values that float32 does not hold (up to {largest:g})")
    order = _order(right, how, by_class=by_class)
    if order is not None:
        right = right[order]
    divisor = how.divisor(largest)
    scaled = _scaled(images, divisor, order)
    made_of: list[bytes | str] = [scaled.tobytes(), right.tobytes(), *labels]
    if how.regression:
        made_of.append(how.task)
    fingerprint = digest(repr((scaled.shape, divisor)), *made_of)
    dataset = Dataset(
        name, scaled, right, classes, divisor, fingerprint, tuple(labels), Origin("", how)
    )
    if not how.regression:
        _need_seen(dataset, in_order=order is None)
    return dataset


def _need_seen(dataset: Dataset, *, in_order: bool) -> None:
    """Refuse a class that is never trained."""
    unseen = sorted(set(range(dataset.classes)) - set(dataset.part("train").y.tolist()))
    if not unseen:
        return
    name = dataset.class_name(unseen[0])
    if in_order:
        raise UserError(
            f"the first 60 % of the images, which train, have none of class {name}: "
            "mix the classes before saving, or say --split random"
        )
    raise UserError(f"class {name} has too few examples to be in each part")


def _order(y: Array, how: Reading, *, by_class: bool) -> npt.NDArray[np.int64] | None:
    """In which order examples are split, as indices; None for that in which they are.

    Each part gets its share of each class: the examples of a class are spread evenly from 0 to 1,
    and all are sorted by their place there. Numbers are drawn without that.
    """
    random = np.random.default_rng(_SPLIT_SEED)
    if how.split != "random" and not by_class:
        return None
    if how.regression:
        return random.permutation(len(y))
    places = np.empty(len(y))
    for label in np.unique(y):
        members = np.flatnonzero(y == label)
        within = np.arange(len(members))
        offset = 0.5
        if how.split == "random":
            within, offset = random.permutation(within), random.random()
        places[members] = (within + offset) / len(members)
    return np.argsort(places, kind="stable")


def _scaled(images: Array, divisor: float, order: npt.NDArray[np.int64] | None) -> Floats:
    """`images` / `divisor`, divided in float64; a part after the other, as memory is dear.

    In `order`, if there is one.
    """
    scaled = np.empty(images.shape, np.float32)
    step = max(1, _AT_ONCE // math.prod(images.shape[1:]))
    for at in range(0, len(images), step):
        part = images[at : at + step] if order is None else images[order[at : at + step]]
        scaled[at : at + step] = part.astype(np.float64) / divisor
    return scaled


def _checked_images(x: Array, rank: int) -> Array:
    """`x` as (n, ...) of `rank` more dimensions, a channel added if it lacks; or a UserError."""
    if x.dtype.kind not in "buif":
        raise UserError(f"x must hold numbers, not {x.dtype}")
    if x.ndim == rank > 1:
        x = x[..., np.newaxis]
    if x.ndim != rank + 1:
        raise UserError(f"x must have the shape {_SHAPES[rank]}, not {x.shape}")
    if len(x) < MIN_IMAGES:
        raise UserError(f"x has {len(x)} images: at least {MIN_IMAGES} are needed")
    if 0 in x.shape:
        raise UserError(f"x has no pixels: its shape is {x.shape}")
    if not np.isfinite(x).all():
        raise UserError("x has values that are not finite (NaN or infinity)")
    return x


_SHAPES = {
    1: "(n, values)",
    2: "(n, steps) or (n, steps, channels)",
    3: "(n, h, w) or (n, h, w, c)",
}


def _checked_targets(y: Array, images: int) -> tuple[Floats, int]:
    """`y` as float32 (n, k), and k; or a UserError."""
    if y.dtype.kind not in "buif":
        raise UserError(f"y must hold numbers, not {y.dtype}")
    if y.ndim not in (1, 2) or 0 in y.shape:
        raise UserError(f"y must have the shape (n,) or (n, k), not {y.shape}")
    if len(y) != images:
        raise UserError(f"x has {images} examples but y has {len(y)}")
    if not (np.abs(y.astype(np.float64)) <= float(_FLOAT32.max)).all():
        raise UserError("y has values that are not finite, or that float32 does not hold")
    targets = y.reshape(images, -1).astype(np.float32)
    return targets, targets.shape[1]


def _checked_labels(y: Array, images: int) -> tuple[Labels, int]:
    """`y` as int64 (n,) and the number of classes, or a UserError."""
    if y.dtype.kind not in "uif":
        raise UserError(f"y must hold whole numbers, not {y.dtype}")
    if y.ndim != 1:
        raise UserError(f"y must have the shape (n,), not {y.shape}")
    if len(y) != images:
        raise UserError(f"x has {images} images but y has {len(y)} labels")
    if not np.isfinite(y).all() or (y != np.floor(y)).any():
        raise UserError("y must hold whole numbers: the class of each image; or --task regression")
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
