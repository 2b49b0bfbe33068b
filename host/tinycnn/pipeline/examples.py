"""What a network of any kind is given: one array for each input, and perhaps what is right.

Images with classes, which `train` and `evaluate` work on too, are a `Dataset`; everything
else that people train on is `Examples`: vectors, series, values below 0, several inputs,
no labels at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn._tensorflow import captured
from tinycnn.errors import UserError
from tinycnn.files import digest
from tinycnn.pipeline.dataset import MIN_IMAGES, Dataset, load, load_digits, load_npz
from tinycnn.pipeline.model import Takes, load_defined, takes_of
from tinycnn.pipeline.npz import read_npy, read_npz
from tinycnn.pipeline.reading import Reading
from tinycnn.progress import Progress, silent
from tinycnn.text import printable

Array = npt.NDArray[Any]

MOST = 1000
"""So many examples, evenly spread, are enough for ranges, and to compare with."""

_TRIED = 200
"""Images that are given to a model divided and as they are."""

_FAR_MORE = 0.1
"""So many more of them right is no accident of a network that hardly minds the scale."""

_FLOAT32 = np.finfo(np.float32)


@dataclass(frozen=True)
class Examples:
    """What a model takes, n times, as it takes it.

    x            (n, ...) for each input, in the model's order, in its types
    y            (n, ...) as in the file: classes, or what the model should give; or None
    ranges       of x: which examples the ranges of an int8 model come from
    compared     of x: on which Keras and int8 are compared
    classes      the model must tell apart, or the numbers it gives; 0 if that is not known
    maximum      what the raw values were divided by; 0 if they are as they were
    fingerprint  SHA-256 of all this, in hex
    labels       the name of each class, or () if they have none
    regression   y is what the model should give, whatever it looks like
    """

    name: str
    x: tuple[Array, ...]
    y: Array | None
    ranges: slice
    compared: slice
    classes: int
    maximum: float
    fingerprint: str
    labels: tuple[str, ...] = ()
    regression: bool = False

    def part(self, which: slice) -> tuple[Array, ...]:
        """Some of each input: `ranges` or `compared`."""
        return tuple(values[which] for values in self.x)


def of_dataset(dataset: Dataset) -> Examples:
    """Images with classes: ranges come from the training part, the test part compares."""
    train, (first, last) = slice(*dataset.bounds["train"]), dataset.bounds["test"]
    test = slice(first, last, math.ceil((last - first) / MOST))
    return Examples(
        dataset.name,
        (dataset.x,),
        dataset.y,
        train,
        test,
        dataset.classes,
        dataset.maximum,
        dataset.fingerprint,
        dataset.labels,
        dataset.regression,
    )


def data_for(
    source: Path,
    path: Path | None,
    reading: Reading | None = None,
    progress: Progress = silent,
) -> Dataset | Examples:
    """The data in `path` as the Keras model in `source` takes them; the digits without one.

    A Dataset, which is divided by its maximum, if they are images with classes and the model
    has one input of images and one output of scores. Unless it gets far more of them right as
    they are: what has a Rescaling in it, say, was trained on those. A folder or a CSV file, or
    what is to be read as `reading` says, is a Dataset too; what is no image is then as it is,
    but for a scale that is told. Else Examples.

    Raises UserError if they do not fit.
    """
    model = load_defined(source)
    takes = takes_of(model)
    plain = path is None or path.suffix.lower() in (".npz", ".npy")
    if reading is not None or not plain:
        how = (reading or Reading()).suiting(path, first_taken(model))
        return _dataset_for(model, path, how, progress)
    ranks = [len(each.shape) for each in takes], [len(o.shape) for o in model.outputs]
    classifies = ranks == ([3], [2])
    if path is None:
        if not classifies:
            raise UserError(f"{source} does not classify images: give it data of yours, --data")
        return load_digits()
    try:
        dataset = load_npz(path) if classifies else None
    except UserError:  # no images with classes: whatever else they are
        dataset = None
    if dataset is None or dataset.x.min() < 0:
        return read_examples(path, takes)
    if dataset.maximum != 1 and _takes_raw(model, dataset):
        return read_examples(path, takes)
    return dataset


def _dataset_for(model: Any, path: Path | None, how: Reading, progress: Progress) -> Dataset:
    """The data in `path` for a model that was trained elsewhere: its scale is to be found out."""
    if how.scale:
        return load(path, how, progress)
    if how.rank != 3 or how.regression:
        return load(path, how.but(scale="none"), progress)
    dataset = load(path, how, progress)
    if dataset.x.min() < 0 or (dataset.maximum != 1 and _takes_raw(model, dataset)):
        return load(path, how.but(scale="none"), progress)
    return dataset


def first_taken(model: Any) -> tuple[int | None, ...]:
    """The shape of one x of a model's first input, None where it is free."""
    return tuple(model.inputs[0].shape[1:])


def _takes_raw(model: Any, dataset: Dataset) -> bool:
    """Whether the model tells apart the images as they were, and hardly those divided."""
    part = dataset.part("train")
    x, y = part.x[:_TRIED], part.y[:_TRIED]
    right = []
    for images in (x, x * np.float32(dataset.maximum)):
        try:
            with captured(show=False):
                scores = model.predict(images, verbose=0)
        except Exception:  # does not fit: who converts it will say so
            return False
        right.append((np.argmax(scores, axis=-1) == y).mean() if len(scores) == len(y) else 0.0)
    return bool(right[1] - right[0] > _FAR_MORE)


def read_examples(path: Path, takes: Sequence[Takes]) -> Examples:
    """Arrays of an .npz or .npy for a model that `takes` these inputs.

    x in the .npz is for the only input; x0, x1 ..., or the inputs' own names, are for several.
    y may be missing. An .npy is x. Raises UserError, naming the file, if they do not fit.
    """
    if path.suffix == ".npy":
        arrays = {"x": read_npy(path)}
        if len(takes) != 1:
            raise UserError(f"{path} is one array: {_needed(takes)}")
    else:
        arrays = read_npz(path, lambda found: _chosen(found, takes))
    try:
        return _examples(printable(path.stem, 80), arrays, takes)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _chosen(found: Sequence[str], takes: Sequence[Takes]) -> list[str]:
    """Of the arrays `found` those of the inputs, in their order; then y if it is there."""
    y = ["y"] if "y" in found else []
    own, numbered = [each.name for each in takes], [f"x{at}" for at in range(len(takes))]
    for names in (["x"], numbered, own) if len(takes) == 1 else (numbered, own):
        if set(names) <= set(found):
            return names + y
    raise UserError(f"has not what the model takes: {_needed(takes)}; found {', '.join(found)}")


def _needed(takes: Sequence[Takes]) -> str:
    """What to save, for a model that takes these inputs."""
    if len(takes) == 1:
        return "save it with numpy.savez(path, x=x)"
    names = ", ".join(f"x{at}={printable(each.name, 40)}" for at, each in enumerate(takes))
    return f"save an array for each of its inputs with numpy.savez(path, {names})"


def _examples(name: str, arrays: dict[str, Array], takes: Sequence[Takes]) -> Examples:
    y = arrays.pop("y", None)
    x = [_checked(*each, inputs) for each, inputs in zip(arrays.items(), takes, strict=True)]
    counts = {given: len(values) for given, values in zip(arrays, x, strict=True)}
    if y is not None:
        counts["y"] = _length(y)
    count, *others = set(counts.values())
    if others:
        told = ", ".join(f"{n} of {given}" for given, n in counts.items())
        raise UserError(f"there must be as many of each: {told}")
    if count < MIN_IMAGES:
        raise UserError(f"{count} examples: at least {MIN_IMAGES} are needed")
    some = slice(0, count, math.ceil(count / MOST))
    made_of = [each.tobytes() for each in (*x, *(() if y is None else (y,)))]
    fingerprint = digest(repr([each.shape for each in x]), *made_of)
    return Examples(name, tuple(x), y, some, some, 0, 0.0, fingerprint)


def _length(y: Array) -> int:
    if y.dtype.kind not in "buif":
        raise UserError(f"y must hold numbers, not {y.dtype}")
    if y.ndim == 0 or not np.isfinite(y).all():
        raise UserError("y must hold a finite value for each example")
    return len(y)


def _checked(name: str, x: Array, takes: Takes) -> Array:
    """`x` in the shape and the type of an input, or a UserError."""
    if x.dtype.kind not in "buif":
        raise UserError(f"{name} must hold numbers, not {x.dtype}")
    if not _fits(x.shape, takes.shape) and _fits((*x.shape, 1), takes.shape):
        x = x[..., np.newaxis]
    if not _fits(x.shape, takes.shape):
        raise UserError(
            f"{name} has the shape {x.shape}, the model takes (n, {', '.join(_sizes(takes))})"
        )
    if 0 in x.shape:
        raise UserError(f"{name} has no values: its shape is {x.shape}")
    if not np.isfinite(x).all():
        raise UserError(f"{name} has values that are not finite (NaN or infinity)")
    if np.dtype(takes.dtype).kind in "iu":
        return _whole(name, x, takes.dtype)
    if max(abs(float(x.min())), abs(float(x.max()))) > float(_FLOAT32.max):
        raise UserError(f"{name} has values that float32 does not hold")
    return x.astype(np.float32)


def _whole(name: str, x: Array, dtype: str) -> Array:
    limits = np.iinfo(dtype)
    if (x != np.floor(x)).any() or x.min() < limits.min or x.max() > limits.max:
        raise UserError(f"{name} must hold whole numbers: the model takes {dtype}")
    return x.astype(dtype)


def _fits(shape: tuple[int, ...], takes: tuple[int | None, ...]) -> bool:
    pairs = zip(shape[1:], takes, strict=False)
    return len(shape) == len(takes) + 1 and all(t in (None, s) for s, t in pairs)


def _sizes(takes: Takes) -> list[str]:
    return ["any" if size is None else str(size) for size in takes.shape]
