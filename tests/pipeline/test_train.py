"""Training: the reference facts, the cache, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from host_helpers import (
    Command,
    Pipeline,
    assert_one_line_error,
    snapshot,
    train_in_a_process,
)
from tinycnn._tensorflow import keras
from tinycnn.errors import UserError
from tinycnn.pipeline import model as models
from tinycnn.pipeline import train as training
from tinycnn.pipeline.dataset import Dataset


def test_seed_recipe_is_the_articles(article_pipeline: Pipeline) -> None:
    trained = article_pipeline.trained
    assert trained.parameters == 810
    assert [(layer.kind, layer.shape, layer.parameters) for layer in trained.layers] == [
        ("Input", (8, 8, 1), 0),
        ("Conv2D", (6, 6, 8), 80),
        ("MaxPooling2D", (3, 3, 8), 0),
        ("Flatten", (72,), 0),
        ("Dense", (10,), 730),
    ]
    assert (trained.epochs, trained.seed, models.RECIPES["article"].batch) == (50, 1337, 16)
    assert len(trained.history.loss) == len(trained.history.val_accuracy) == 50
    assert trained.history.loss[-1] < 0.15 < 1.5 < trained.history.loss[0]


@pytest.mark.nightly
@pytest.mark.slow
def test_same_seed_same_bytes_in_another_process(
    article_pipeline: Pipeline, tmp_path: Path
) -> None:
    train_in_a_process(tmp_path)
    for name in ("model_float32.tflite", "model_int8.tflite", "model_int8.h"):
        first = (article_pipeline.build / "models" / name).read_bytes()
        assert (tmp_path / "models" / name).read_bytes() == first, name


def test_other_seed_other_weights(quick_pipeline: Pipeline, tmp_path: Path) -> None:
    data, recipe = quick_pipeline.dataset, models.RECIPES["article"]
    other = training.train(data, recipe, 7, tmp_path, epochs=2)
    assert other.history.loss != quick_pipeline.trained.history.loss


def test_fit_sees_the_training_part_only(digits: Dataset) -> None:
    """The other parts may hold anything: the weights stay the same."""
    first, _ = digits.bounds["test"]
    x = digits.x.copy()
    x[first:] = 1 - x[first:]
    weights = []
    for data in (digits, replace(digits, x=x)):
        model = training.start_model(data, models.RECIPES["article"], 1, None)
        part = data.part("train")
        held_out = data.part("validation")
        training.fit(model, (part.x, part.y), (held_out.x, held_out.y), epochs=1, batch=64)
        weights.append([np.asarray(v) for v in model.trainable_variables])
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_ensure_trained_reuses_what_matches(quick_pipeline: Pipeline) -> None:
    before = snapshot(quick_pipeline.build)
    again = training.ensure_trained(
        quick_pipeline.dataset, models.RECIPES["article"], 1337, quick_pipeline.build, epochs=2
    )
    assert again.reused
    assert again == replace(quick_pipeline.trained, reused=True)
    assert snapshot(quick_pipeline.build) == before


@pytest.mark.slow
def test_ensure_trained_trains_what_does_not_match(digits: Dataset, tmp_path: Path) -> None:
    def ensure(seed: int = 1, data: Dataset = digits) -> bool:
        return training.ensure_trained(
            data, models.RECIPES["article"], seed, tmp_path, epochs=1
        ).reused

    assert not ensure()
    assert ensure()
    assert not ensure(seed=2)
    assert not ensure(seed=2, data=replace(digits, fingerprint="other"))
    path = tmp_path / training.MODEL
    path.write_bytes(path.read_bytes()[:-1])
    assert not ensure(seed=2, data=replace(digits, fingerprint="other"))


def test_progress_names_epoch_loss_and_accuracy(digits: Dataset, tmp_path: Path) -> None:
    said: list[tuple[str, int, int]] = []
    training.train(
        digits, models.RECIPES["article"], 1, tmp_path, lambda *a: said.append(a), epochs=2
    )
    assert [(done, total) for _, done, total in said] == [(1, 2), (2, 2)]
    assert said[0][0].startswith("epoch 1/2  loss ")
    assert "accuracy" in said[0][0]


def test_metrics_name_what_was_trained(quick_pipeline: Pipeline) -> None:
    metrics = json.loads((quick_pipeline.build / "metrics.json").read_bytes())
    assert metrics["train"]["parameters"] == 810
    assert metrics["train"]["images"] == {"train": 1078, "test": 359, "validation": 360}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epochs", 0], "--epochs must be 1 or more"),
        (["--seed", -1], "--seed must be 0 to"),
        (["--seed", 2**32], "--seed must be 0 to"),
        (["--recipe", "sourdough"], "no recipe 'sourdough': there is article, best, max, tiny"),
        (["--model", "none.keras"], "cannot read none.keras"),
    ],
)
def test_train_errors(options: list[object], words: str, tmp_path: Path, command: Command) -> None:
    outcome = command("train", *options, "--build-dir", tmp_path / "build")
    assert_one_line_error(outcome, words)
    assert not (tmp_path / "build").exists()


def keras_model(
    path: Path, shape: tuple[int, ...], classes: int, *, softmax: bool = False
) -> Path:
    from tinycnn._tensorflow import captured, keras

    layers = keras().layers
    model = keras().Sequential(
        [
            keras().Input(shape),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(classes, activation="softmax" if softmax else None),
        ]
    )
    with captured():
        model.save(path)
    return path


@pytest.mark.parametrize(
    ("shape", "classes", "words"),
    [
        ((8, 8, 3), 10, "takes images of 8x8x3, the data has 8x8x1"),
        ((8, 8, 1), 9, "gives 9 scores, the data has 10 classes"),
    ],
)
def test_own_model_must_fit_the_data(
    shape: tuple[int, ...], classes: int, words: str, tmp_path: Path, command: Command
) -> None:
    path = keras_model(tmp_path / "own.keras", shape, classes)
    before = snapshot(tmp_path)
    for verb in ("train", "quantize"):
        outcome = command(verb, "--model", path, "--build-dir", tmp_path / "build")
        assert_one_line_error(outcome, words)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["text.keras", "empty.keras", "zip.keras", "model.h5"])
def test_file_that_is_no_keras_model(name: str, tmp_path: Path, command: Command) -> None:
    path = tmp_path / name
    path.write_bytes({"text.keras": b"hello", "empty.keras": b""}.get(name, b"x"))
    if name == "zip.keras":
        np.savez(tmp_path / "zip", x=1)
        path.write_bytes((tmp_path / "zip.npz").read_bytes())
    outcome = command("train", "--model", path, "--build-dir", tmp_path / "build")
    assert_one_line_error(outcome, str(path), "Keras")
    assert not (tmp_path / "build").exists()


@pytest.mark.slow
def test_own_model_is_trained_from_its_weights(digits: Dataset, tmp_path: Path) -> None:
    path = keras_model(tmp_path / "own.keras", (8, 8, 1), 10, softmax=True)
    recipe = models.RECIPES["article"]
    trained = training.train(digits, recipe, 1, tmp_path, epochs=25, source=path)
    assert trained.source == str(path)
    assert trained.parameters == 17 * 32 + 33 * 10
    # Probabilities taken for logits could not get below ln(1 + 9/e) = 1.46.
    assert trained.history.loss[-1] < 1.3


def test_gives_logits(digits: Dataset, tmp_path: Path) -> None:
    for softmax in (True, False):
        path = keras_model(tmp_path / "m.keras", (8, 8, 1), 10, softmax=softmax)
        assert models.gives_logits(models.load_model(path), digits.x[:20]) is not softmax


@pytest.mark.parametrize("after", ["Reshape", "Dropout", "Activation", "Model", "sigmoid"])
def test_probabilities_are_known_whatever_layer_is_last(after: str, digits: Dataset) -> None:
    more = keras()
    layers = more.layers
    softmax = [layers.Flatten(), layers.Dense(10), layers.Softmax()]
    last = {
        "Reshape": [*softmax, layers.Reshape((10,))],
        "sigmoid": [layers.Flatten(), layers.Dense(10, activation="sigmoid")],
        "Dropout": [*softmax, layers.Dropout(0.1)],
        "Activation": [layers.Flatten(), layers.Dense(10), layers.Activation(more.ops.softmax)],
        "Model": [more.Sequential([more.Input((8, 8, 1)), *softmax])],
    }
    model = more.Sequential([more.Input((8, 8, 1)), *last[after]])
    assert not models.gives_logits(model, digits.x[:20])


@pytest.mark.parametrize("last", ["linear", "relu", "tanh"])
@pytest.mark.parametrize("start", ["zeros", "glorot_uniform"])
def test_what_is_not_within_0_and_1_is_no_probability(
    last: str, start: str, digits: Dataset
) -> None:
    layers = keras().layers
    head = layers.Dense(10, activation=last, kernel_initializer=start)
    model = keras().Sequential([keras().Input((8, 8, 1)), layers.Flatten(), head])
    assert models.gives_logits(model, digits.x[:20])


@pytest.mark.parametrize(("name", "least"), [("article", 4), ("tiny", 4), ("best", 6), ("max", 4)])
def test_images_too_small(name: str, least: int) -> None:
    build = models.RECIPES[name].build
    with pytest.raises(UserError, match=f"{least - 1}x9 are too small"):
        build((least - 1, 9, 1), 2)
    assert build((least, least, 1), 2).outputs[0].shape == (None, 2)


def test_recipes_have_the_parameters_that_the_pages_say() -> None:
    found = {
        name: recipe.build((8, 8, 1), 10).count_params() for name, recipe in models.RECIPES.items()
    }
    assert found == {"article": 810, "tiny": 810, "best": 2883, "max": 68138}
