"""Keras models that are somebody else's: what does not fit is one line, before the work."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_helpers import Command, assert_one_line_error
from tinycnn._tensorflow import captured, keras
from tinycnn.errors import UserError
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.model import RECIPES, fitting
from tinycnn.pipeline.summary import layers_of
from tinycnn.pipeline.train import SEED, train
from tinycnn.report import pictures

SHAPE, CLASSES = (8, 8, 1), 10


def _flat() -> list[Any]:
    return [keras().Input(SHAPE), keras().layers.Flatten()]


def _unbuilt() -> Any:
    return keras().Sequential([keras().layers.Flatten(), keras().layers.Dense(CLASSES)])


def _heads(how: Callable[[Any, Any], Any]) -> Any:
    image = keras().Input(SHAPE)
    flat = keras().layers.Flatten()(image)
    dense = keras().layers.Dense
    return keras().Model(image, how(dense(CLASSES)(flat), dense(CLASSES)(flat)))


def _named(name: str) -> Any:
    return keras().Sequential([*_flat(), keras().layers.Dense(CLASSES, name=name)])


def _computing(policy: str) -> Any:
    dense = keras().layers.Dense(CLASSES, name="dense", dtype=policy)
    return keras().Sequential([*_flat(), dense])


def _weighing(value: float) -> Any:
    model = _named("dense")
    weights = model.get_weights()
    weights[0][3, 3] = value
    model.set_weights(weights)
    return model


def _saved(make: Callable[[], Any], path: Path) -> Any:
    with captured(show=False), warnings.catch_warnings(action="ignore"):
        made = make()
        made.save(path)
    return made


FOREIGN: dict[str, tuple[Callable[[], Any], str]] = {
    "not built": (_unbuilt, "has no defined input"),
    "two heads": (lambda: _heads(lambda a, b: [a, b]), "one input and one output, not 1 and 2"),
    "a head in a dict": (lambda: _heads(lambda a, b: {"a": a}), "must give one tensor"),
    "a dollar": (lambda: _named("out$1"), "layer named 'out$1'"),
    "a space": (lambda: _named("my out"), "layer named 'my out'"),
    "an escape": (lambda: _named("out\x1b[31m"), r"layer named 'out\\x1b[31m'"),
    "its own name": (
        lambda: keras().Sequential([*_flat(), keras().layers.Dense(CLASSES)], name="a\x1bb\nc"),
        r"is a model named 'a\\x1bb\\nc'",
    ),
    "float64": (lambda: _computing("float64"), "computes in float64 in its layer dense"),
    "float16": (lambda: _computing("mixed_float16"), "computes in float16 in its layer dense"),
    "NaN": (lambda: _weighing(np.nan), "NaN or infinite"),
    "infinity": (lambda: _weighing(-np.inf), "NaN or infinite"),
    "a matrix of scores": (
        lambda: keras().Sequential([*_flat(), keras().layers.Reshape((8, 8))]),
        "gives 8x8 scores",
    ),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_model_that_does_not_fit(kind: str, tmp_path: Path, command: Command) -> None:
    make, words = FOREIGN[kind]
    path = tmp_path / "own.keras"
    _saved(make, path)
    build = tmp_path / "build"
    outcome = command("train", "--model", path, "--epochs", 1, "--build-dir", build)
    assert_one_line_error(outcome, str(path), words)
    assert not build.exists()


def test_training_that_comes_to_nothing_writes_nothing(digits: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "huge.keras"
    _saved(lambda: _weighing(3e38), path)
    with pytest.raises(UserError, match="came to NaN or infinity"):
        train(digits, RECIPES["article"], SEED, tmp_path / "build", epochs=1, source=path)
    assert not (tmp_path / "build").exists()


def test_images_of_any_size_become_the_datas(tmp_path: Path) -> None:
    path, layers = tmp_path / "any.keras", keras().layers
    stack = [layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(CLASSES)]
    made = _saved(lambda: keras().Sequential([keras().Input((None, None, 1)), *stack]), path)
    model = fitting(path, SHAPE, CLASSES)
    rows = layers_of(model)
    assert [row.shape for row in rows] == [SHAPE, (6, 6, 4), (4,), (CLASSES,)]
    with captured():
        assert all(map(np.array_equal, model.get_weights(), made.get_weights()))
    assert pictures.network(rows)


def test_a_layer_of_several_tensors_can_be_drawn() -> None:
    image = keras().Input(SHAPE)
    rows = keras().layers.Reshape((8, 8))(image)
    scores, *_ = keras().layers.LSTM(CLASSES, return_state=True)(rows)
    assert pictures.network(layers_of(keras().Model(image, scores)))


def test_build_folder_that_cannot_be_written(tmp_path: Path, command: Command) -> None:
    (tmp_path / "file").touch()
    outcome = command("train", "--build-dir", tmp_path / "file" / "build")
    assert_one_line_error(outcome, "cannot write to", "is no folder")
