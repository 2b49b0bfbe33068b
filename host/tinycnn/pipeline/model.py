"""The networks: recipes to build one by, or a .keras file of your own."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinycnn._tensorflow import captured, keras
from tinycnn.errors import UserError, first_line
from tinycnn.files import read_bytes
from tinycnn.pipeline.distil import Teaching

Shape = tuple[int, int, int]


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


@dataclass(frozen=True)
class Layer:
    """One row of a model's summary; shapes are without the batch."""

    name: str
    kind: str
    detail: str
    shape: tuple[int, ...]
    parameters: int


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
            f"images of {height}x{width} are too small: the network needs at least {least}x{least}"
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


def load_model(path: Path) -> Any:
    """The Keras model in `path`. Raises UserError, in one line, if it holds none."""
    read_bytes(path)  # says what is wrong with the file itself
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise UserError(f"{path} is no Keras model: save one with model.save('name.keras')")
    try:
        with captured(show=False):
            return keras().saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever its parts raise
        raise UserError(f"{path} cannot be loaded by Keras: {first_line(error)}") from None


def check_fits(model: Any, shape: Shape, classes: int, name: str) -> None:
    """Raise UserError unless `model` takes images of `shape` and gives `classes` scores."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(
            f"{name} must have one input and one output, "
            f"not {len(model.inputs)} and {len(model.outputs)}"
        )
    takes = tuple(model.inputs[0].shape[1:])
    if len(takes) != 3 or any(t not in (None, s) for t, s in zip(takes, shape, strict=True)):
        raise UserError(f"{name} takes images of {_text(takes)}, the data has {_text(shape)}")
    gives = tuple(model.outputs[0].shape[1:])
    if gives != (classes,):
        raise UserError(f"{name} gives {_text(gives)} scores, the data has {classes} classes")


def gives_logits(model: Any) -> bool:
    """Whether the last layer leaves scores as they are (no softmax)."""
    last = model.layers[-1]
    if type(last).__name__ == "Softmax":
        return False
    activation = getattr(last, "activation", None)
    return getattr(activation, "__name__", "") != "softmax"


def layers_of(model: Any) -> list[Layer]:
    """The rows of the model's summary, the input first."""
    rows = [Layer("image", "Input", "", tuple(model.inputs[0].shape[1:]), 0)]
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        rows.append(
            Layer(
                layer.name,
                type(layer).__name__,
                _detail(layer),
                tuple(layer.output.shape[1:]),
                int(layer.count_params()),
            )
        )
    return rows


def _detail(layer: Any) -> str:
    """What sets the layer apart from others of its kind: "8 of 3x3, relu"."""
    parts = []
    if hasattr(layer, "filters") and hasattr(layer, "kernel_size"):
        parts.append(f"{layer.filters} of {_text(layer.kernel_size)}")
    elif hasattr(layer, "pool_size"):
        parts.append(_text(layer.pool_size))
    elif hasattr(layer, "units"):
        parts.append(f"{layer.units} units")
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if activation != "linear":
        parts.append(activation)
    return ", ".join(parts)


def _text(shape: tuple[Any, ...]) -> str:
    return "x".join(str(size) for size in shape)
