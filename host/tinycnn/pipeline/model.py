"""The networks: recipes to build one by, or a .keras file of your own."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinycnn._tensorflow import captured, keras, tensorflow
from tinycnn.arrays import Floats
from tinycnn.errors import UserError, first_line
from tinycnn.files import read_bytes
from tinycnn.pipeline.distil import Teaching
from tinycnn.pipeline.summary import sizes
from tinycnn.text import printable

Shape = tuple[int, int, int]

_OTHER_FLOATS = ("float16", "bfloat16", "float64")

_FAR = np.float32(1000)
_ROUNDING = 1e-5

_WIDER = {"uint8": "float32", "int8": "float32", "bool": "float32"}

_LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization", "Hashing", "HashedCrossing")
"""Layers that look up in a table, or take text."""

_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
"""What TensorFlow takes as the name of a scope."""


@dataclass(frozen=True)
class Recipe:
    """How to build and train one network.

    build   (image shape, classes) -> an untrained Keras model that gives logits
    epochs, batch   passes over the training part, or over the lessons; images per step
    teaching        teachers and their lessons; None trains on the images as they are
    rate, temperature   of learning from teachers, see `distil.fit_soft`
    """

    name: str
    build: Callable[[Shape, int], Any]
    epochs: int = 50
    batch: int = 16
    teaching: Teaching | None = None
    rate: float = 0.001
    temperature: float = 1.0


def build_article(shape: Shape, classes: int) -> Any:
    """The article's network (its section 3.5) for images of `shape` (h, w, c).

    Conv2D(8, 3x3, relu), MaxPooling2D(2x2), Flatten, Dense(classes): 810 parameters
    for (8, 8, 1) and ten classes. Raises UserError for images under 4x4.
    """
    _need_side(shape, 4)
    layers = keras().layers
    # Every name is given: Keras numbers the others by what was built before, and
    # names are in model.keras, whose bytes must not depend on that.
    return keras().Sequential(
        [
            keras().Input(shape, name="image"),
            layers.Conv2D(8, (3, 3), activation="relu", name="conv"),
            layers.MaxPooling2D((2, 2), name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(classes, name="dense"),
        ],
        name="article",
    )


def build_best(shape: Shape, classes: int) -> Any:
    """Three convolutions of 13 channels and a pool; 2,883 parameters for the digits.

    Equal widths, because the .tflite then has their zero points once. Raises UserError
    for images under 6x6.
    """
    _need_side(shape, 6)
    layers = keras().layers
    return keras().Sequential(
        [
            keras().Input(shape, name="image"),
            layers.Conv2D(13, (3, 3), activation="relu", name="conv1"),
            layers.Conv2D(13, (3, 3), padding="same", activation="relu", name="conv2"),
            layers.MaxPooling2D((2, 2), name="pool"),
            layers.Conv2D(13, (2, 2), activation="relu", name="conv3"),
            layers.Flatten(name="flatten"),
            layers.Dense(classes, name="dense"),
        ],
        name="best",
    )


def build_max(shape: Shape, classes: int) -> Any:
    """A teacher's network a third wider; 68,138 parameters for the digits.

    The converter folds its normalizations into the convolutions. Raises UserError for
    images under 4x4.
    """
    _need_side(shape, 4)
    layers = keras().layers
    stack: list[Any] = [keras().Input(shape, name="image")]
    for at, filters in enumerate((32, 32, 64, 64)):
        stack += [
            layers.Conv2D(filters, (3, 3), padding="same", use_bias=False, name=f"conv{at + 1}"),
            layers.BatchNormalization(name=f"normal{at + 1}"),
            layers.ReLU(name=f"relu{at + 1}"),
        ]
        if at in (1, 3):
            stack.append(layers.MaxPooling2D((2, 2), name=f"pool{at + 1}"))
    stack += [layers.Flatten(name="flatten"), layers.Dense(classes, name="dense")]
    return keras().Sequential(stack, name="max")


def _need_side(shape: Shape, least: int) -> None:
    """Kernels and pools leave nothing of a smaller image."""
    height, width, _ = shape
    if min(height, width) < least:
        raise UserError(
            f"images of {height}x{width} are too small, {least}x{least} are the least; "
            "`tinycnn train --model FILE.keras` takes a network of signals"
        )


_TAUGHT = Teaching()

RECIPES = {
    recipe.name: recipe
    for recipe in (
        # The article, untouched.
        Recipe("article", build_article),
        # The same 810 parameters, trained better.
        Recipe("tiny", build_article, 20, 128, _TAUGHT, rate=0.004, temperature=2.0),
        # What ships: no larger than the article's float model.
        Recipe("best", build_best, 50, 256, _TAUGHT, rate=0.004, temperature=2.0),
        # Accuracy first.
        Recipe("max", build_max, 4, 256, _TAUGHT, rate=0.003, temperature=2.0),
    )
}
"""By the name that `tinycnn train --recipe` takes."""


def recipe_named(name: str) -> Recipe:
    """The recipe called `name`; UserError with the names there are, if none is."""
    if name not in RECIPES:
        raise UserError(f"no recipe {name!r}: there is {', '.join(sorted(RECIPES))}")
    return RECIPES[name]


def need_keras(path: Path) -> None:
    """Raise UserError, in one line, unless `path` may be a .keras file."""
    if not path.is_dir():
        read_bytes(path)  # says what is wrong with the file itself
    if path.suffix != ".keras" or path.is_dir() or not zipfile.is_zipfile(path):
        raise UserError(f"{path} is no Keras model: save one with model.save('name.keras')")


def load_model(path: Path, *, name: str = "") -> Any:
    """The Keras model in `path`; `name` is what messages call it.

    Raises UserError, in one line, if it holds none, or one with weights that are no numbers.
    """
    name = name or str(path)
    need_keras(path)
    try:
        with captured(show=False):
            model = keras().saving.load_model(path, compile=False, safe_mode=True)
            weights = [(weight.path, np.asarray(weight)) for weight in model.weights]
    except Exception as error:  # Keras raises whatever its parts raise
        raise UserError(f"{name} cannot be loaded by Keras: {first_line(error)}") from None
    for at, values in weights:
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise UserError(f"{name} has weights that are NaN or infinite, in {printable(at)}")
    return model


@dataclass(frozen=True)
class Takes:
    """An input of a Keras model: its shape without the batch, None where that is free.

    dtype  its type in NumPy's words
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str


def takes_of(model: Any) -> list[Takes]:
    """The inputs of a model of `load_defined`, in its order.

    One that goes to an Embedding takes whole numbers, whatever type it has: made int8 as a
    number, an index would be rounded to another. One of bytes takes real numbers: Keras makes
    them that first of all, by an op more.
    """
    indices = [
        id(tensor)
        for layer in layers_in(model)
        if type(layer).__name__ == "Embedding"
        for node in layer._inbound_nodes
        for tensor in node.input_tensors
    ]
    types = [
        "int32" if id(i) in indices else _WIDER.get(str(i.dtype), str(i.dtype))
        for i in model.inputs
    ]
    pairs = zip(model.inputs, types, strict=True)
    return [Takes(each.name, tuple(each.shape[1:]), type_) for each, type_ in pairs]


def load_defined(path: Path, *, name: str = "") -> Any:
    """The Keras model in `path`, whose inputs are known and are numbers.

    Raises UserError, as `load_model` does, if they are not.
    """
    name = name or str(path)
    model = load_model(path, name=name)
    if not model.built or not hasattr(model, "inputs") or not hasattr(model, "outputs"):
        raise UserError(
            f"{name} has no defined input: begin it with keras.Input, or call it on an image "
            "before you save it"
        )
    for layer in layers_in(model):
        if type(layer).__name__ in _LOOKUPS:
            raise UserError(
                f"{name} has a layer {printable(layer.name)} ({type(layer).__name__}), which no "
                "board has: save the model that comes after it, and give that its numbers"
            )
    return model


def fitting(path: Path, shape: tuple[int, ...], classes: int, *, name: str = "") -> Any:
    """The Keras model in `path`, which takes one image of `shape` and gives `classes` scores.

    Where it takes images of any size, it is made for those of `shape`. It has been run on
    one. Raises UserError if it does not fit, or does not run.
    """
    name = name or str(path)
    model = load_defined(path, name=name)
    check_fits(model, shape, classes, name)
    model, scores = _run_once(model, [shape], name)
    if not hasattr(scores, "shape") or tuple(scores.shape) != (1, classes):
        raise UserError(
            f"{name} must give one tensor of {classes} scores: "
            "save keras.Model(model.inputs[0], model.outputs[0])"
        )
    return model


def taking(path: Path, shapes: Sequence[tuple[int, ...]], *, name: str = "") -> Any:
    """The Keras model in `path`, made for inputs of `shapes` (without the batch).

    As `fitting`, but it may give anything.
    """
    name = name or str(path)
    model = load_defined(path, name=name)
    return _run_once(model, shapes, name)[0]


def call(model: Any, tensors: Sequence[Any]) -> Any:
    """What `model` gives for one tensor for each of its inputs, in its order."""
    structure = getattr(model, "_inputs_struct", None)
    if isinstance(structure, (list, tuple, dict)):
        return model(keras().tree.pack_sequence_as(structure, list(tensors)), training=False)
    return model(tensors[0] if len(tensors) == 1 else list(tensors), training=False)


def _run_once(model: Any, shapes: Sequence[tuple[int, ...]], name: str) -> tuple[Any, Any]:
    """`model` made for inputs of `shapes`, and what it gives for zeros; or a UserError."""
    names = [model.name, *(layer.name for layer in layers_in(model))]
    if strange := [each for each in names if not _NAME.fullmatch(each)]:
        what = "is a model" if strange[0] == model.name else "has a layer"
        raise UserError(
            f"{name} {what} named {printable(strange[0])!r}, which TensorFlow cannot "
            "trace: name it with letters, digits and _ alone"
        )
    for layer in model.layers:
        if (computes := getattr(layer, "compute_dtype", "")) in _OTHER_FLOATS:
            raise UserError(
                f"{name} computes in {computes} in its layer {layer.name}: build it in float32, "
                "which is quantized afterwards"
            )
    types = [each.dtype for each in takes_of(model)]
    try:
        with captured(show=False):
            if not all(_is_fixed(i, d) for i, d in zip(model.inputs, types, strict=True)):
                fixed = [keras().Input(s, dtype=d) for s, d in zip(shapes, types, strict=True)]
                tensors = fixed if len(fixed) > 1 else fixed[0]
                made = keras().models.clone_model(model, input_tensors=tensors)
                made.set_weights(model.get_weights())
                model = made
            infer = tensorflow().function(lambda *tensors: call(model, tensors))
            zeros = [np.zeros((1, *s), d) for s, d in zip(shapes, types, strict=True)]
            return model, infer(*zeros)
    except Exception as error:
        raise UserError(f"{name} does not run in TensorFlow: {cause(error)}") from None


def _is_fixed(tensor: Any, dtype: str) -> bool:
    """Whether an input takes one example at a time of one size, of that type."""
    batch, *shape = tensor.shape
    return batch in (None, 1) and None not in shape and str(tensor.dtype) == dtype


def layers_in(model: Any) -> Iterator[Any]:
    """Every layer of `model`, and of the models in it."""
    for layer in getattr(model, "layers", ()):
        yield layer
        yield from layers_in(layer)


def cause(error: BaseException) -> str:
    """What is behind an error that TensorFlow wraps in a traceback of its own."""
    found = re.findall(r"^\s*\w*(?:Error|Exception): (.+)$", str(error), re.MULTILINE)
    return printable(found[-1]) if found else first_line(error)


def check_fits(model: Any, shape: tuple[int, ...], classes: int, name: str) -> None:
    """Raise UserError unless `model` takes images of `shape` and gives `classes` scores."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(
            f"{name} must have one input and one output, "
            f"not {len(model.inputs)} and {len(model.outputs)}"
        )
    takes = tuple(model.inputs[0].shape[1:])
    what = "images" if len(takes) == 3 else "examples"
    if len(takes) != len(shape) or any(
        t not in (None, s) for t, s in zip(takes, shape, strict=True)
    ):
        raise UserError(f"{name} takes {what} of {sizes(takes)}, the data has {sizes(shape)}")
    gives = tuple(model.outputs[0].shape[1:])
    if gives != (classes,):
        raise UserError(f"{name} gives {sizes(gives)} scores, the data has {classes} classes")


def gives_logits(model: Any, x: Floats) -> bool:
    """Whether `model` leaves scores as they are, as seen on some images x (n, h, w, c).

    If not, they are probabilities, whatever layer made them so, a softmax or a sigmoid
    for each class: within [0, 1] even for images far beyond any, and not all 0 here.
    """
    strained = np.concatenate([x, _FAR * x, -_FAR * x])
    with captured():
        scores = model.predict(strained, verbose=0).astype(np.float64)
    bounded = (scores >= 0) & (scores <= 1 + _ROUNDING)
    return not (bounded.all() and (scores[: len(x)].sum(axis=1) > 0).all())
