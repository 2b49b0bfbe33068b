"""Data of one's own through all steps, whose options are typed once."""

from __future__ import annotations

import json
import re
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_helpers import Command, assert_one_line_error
from tinycnn._tensorflow import captured, keras
from tinycnn.errors import UserError
from tinycnn.files import ROOT
from tinycnn.pipeline import evaluate as evaluating
from tinycnn.pipeline.crossval import ensure_cross_validated
from tinycnn.pipeline.dataset import PARTS, Dataset, make_dataset
from tinycnn.pipeline.examples import Examples, data_for
from tinycnn.pipeline.model import RECIPES
from tinycnn.pipeline.reading import Origin, Reading
from tinycnn.pipeline.train import find_trained, train
from tinycnn.tflite.read import read_tflite
from tinycnn.tflite.run import run_litert, to_real

STEPS, CHANNELS = 16, 3


def windows(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Signals of three channels: 1 has an oscillation of channel 1, and 0 has none."""
    random = np.random.default_rng(2)
    y = np.arange(count) % 2
    x = random.normal(0, 10, (count, STEPS, CHANNELS))
    x[:, :, 1] += 90 * y[:, None] * np.sin(np.arange(STEPS))
    return np.rint(np.clip(x, -128, 127)), y


def network(outputs: int, path: Path) -> Path:
    layers = keras().layers
    with captured(show=False):
        keras().utils.set_random_seed(1)
        keras().Sequential(
            [
                keras().Input((STEPS, CHANNELS)),
                layers.Conv1D(4, 3, activation="relu"),
                layers.GlobalAveragePooling1D(),
                layers.Dense(outputs),
            ]
        ).save(path)
    return path


def need(outcome: Any) -> str:
    assert outcome.status == 0, outcome
    return str(outcome.out)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own")


def write_csv(path: Path, x: np.ndarray, y: list[Any]) -> Path:
    rows = (",".join(map(str, [*map(int, row), what])) for row, what in zip(x, y, strict=True))
    path.write_text("\n".join(rows))
    return path


@pytest.mark.slow
def test_windows_of_a_csv_through_all_steps(
    folder: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    x, y = windows()
    names = ["still", "moves"]
    data = write_csv(folder / "motion.csv", x.reshape(60, -1), [names[each] for each in y])
    build = folder / "build"
    net = network(2, folder / "net.keras")
    options = ("--split", "random", "--scale", "128")  # and the shape is the network's
    to = ("--build-dir", build)
    said = need(command("train", "--data", data, "--model", net, *options, "--epochs", 60, *to))
    assert "validation accuracy" in said
    trained = find_trained(build)
    assert trained is not None
    how = Reading(shape=(16, 3), split="random", scale="128", rank=2)
    assert trained.origin == Origin(str(data), how)
    assert "trained on raw values divided by 128" in need(command("quantize", *to))
    assert (build / "models" / "labels.txt").read_text() == "moves\nstill\n"
    # The same data given again, or none: what was typed for train holds.
    said = need(command("evaluate", "--data", data, "--folds", 0, *to))
    assert "Evaluation on motion" in said
    model = build / "models" / "model_int8.tflite"
    assert_one_line_error(command("evaluate", "--split", "sequential", *to), "other data (motion)")
    assert struct.pack("<f", 128) in model.read_bytes()
    int8 = read_tflite(model)
    assert int8.inputs[0].shape == (1, STEPS, CHANNELS)
    run = run_litert(int8, (x / 128).astype(np.float32))
    assert np.mean(np.array(run.predictions) == 1 - y) > 0.8  # "moves" is class 0
    metrics = json.loads((build / "metrics.json").read_text())
    assert metrics["evaluate"]["results"][-1]["parts"]["train"]["accuracy"] > 0.8
    page = need(command("report", *to)).strip()
    assert "<h2>Confusion matrix</h2>" in Path(page).read_text()


@pytest.mark.nightly
def test_regression_through_all_steps(folder: Path, command: Command) -> None:
    x, y = windows()
    wanted = np.stack([x.mean((1, 2)) / 10 + 1, y], axis=1)
    np.savez(folder / "level.npz", x=x.astype(np.int8), y=wanted)
    build = folder / "level"
    net = network(2, folder / "level.keras")
    given = ("--data", folder / "level.npz", "--task", "regression", "--scale", "none")
    to = ("--build-dir", build)
    said = need(command("train", *given, "--model", net, "--epochs", 2, *to))
    assert "mean absolute error" in said
    (build / "models" / "labels.txt").write_text("of other data\n")
    said = need(command("quantize", *to))
    assert "trained on raw values: give it those" in said
    assert "the mean absolute error to y is" in said
    assert not (build / "models" / "labels.txt").exists()
    said = need(command("evaluate", *to))
    assert "mean absolute error" in said
    assert "%" not in said
    found = json.loads((build / "metrics.json").read_text())["evaluate"]["results"]
    assert [each["runtime"] for each in found] == ["Keras", "LiteRT", "TFLM", "LiteRT", "TFLM"]
    model = read_tflite(build / "models" / "model_int8.tflite")
    gave = to_real(run_litert(model, x[36:48].astype(np.float32)).outputs, model.outputs[0])
    error = np.abs(gave - wanted[36:48].astype(np.float32)).mean()
    assert found[3]["mean_absolute_errors"]["test"] == pytest.approx(error, rel=1e-6)
    assert found[3]["parts"] == {}
    assert_one_line_error(command("evaluate", "--folds", 3, *to), "a regression has no right")
    page = Path(need(command("report", *to)).strip()).read_text()
    assert "mean absolute error" in page
    assert "Confusion" not in page


def test_a_model_trained_elsewhere_takes_signals_as_they_are(folder: Path) -> None:
    x, y = windows(30)
    data = write_csv(folder / "raw.csv", x.reshape(30, -1), y.tolist())
    net = network(2, folder / "elsewhere.keras")
    for scale, wanted in (("", 1), ("128", 128)):
        found = data_for(net, data, Reading(scale=scale))
        assert isinstance(found, Dataset)
        assert (found.maximum, found.image_shape) == (wanted, (16, 3))
    np.savez(folder / "raw.npz", x=x, y=y)
    assert isinstance(data_for(net, folder / "raw.npz"), Examples)  # not told how to read it


def test_a_tflite_is_given_what_it_takes(
    folder: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = windows(30)
    np.savez(folder / "raw.npz", x=x, y=y)
    model = read_tflite(ROOT / "device" / "digits.tflite")
    takes = replace(model.inputs[0], shape=(1, STEPS, CHANNELS))
    monkeypatch.setattr(
        "tinycnn.tflite.read.read_tflite", lambda path: replace(model, inputs=(takes,))
    )
    given = ("--tflite", "some.tflite", "--data", folder / "raw.npz")
    outcome = command("evaluate", *given, "--build-dir", folder / "none")
    assert_one_line_error(outcome, "the data has 2 classes")  # and the shape is right


def test_a_regression_is_trained_and_judged(folder: Path) -> None:
    """What test_regression_through_all_steps shows, without a conversion."""
    x, y = windows()
    wanted = np.stack([x.mean((1, 2)), 3 * y], axis=1)
    how = Reading(task="regression", rank=2)
    data = make_dataset("level", x, wanted, reading=how)
    net = network(2, folder / "judged.keras")
    trained = train(data, RECIPES["article"], 1, folder / "judged", epochs=3, source=net)
    assert trained.history.error[-1] < trained.history.error[0]
    assert len(trained.history.val_error) == 3
    assert trained.history.accuracy == []
    judged = evaluating._judge(data, "m", "r", wanted + np.array([1, -3]), 1.0, 60)
    assert judged.errors == pytest.approx(dict.fromkeys(PARTS, 2), abs=1e-4)
    assert (judged.parts, judged.predictions, judged.confusion) == ({}, (), ())
    assert ensure_cross_validated(data, trained, folder / "judged") is None
    shuffled = make_dataset("level", x, wanted, reading=how.but(split="random"))
    assert sorted(shuffled.y[:, 0]) == sorted(data.y[:, 0])
    assert shuffled.fingerprint != data.fingerprint
    classes = make_dataset("level", x, y, reading=Reading(rank=2))
    numbers = make_dataset("level", x, y, reading=how)
    assert classes.fingerprint != numbers.fingerprint


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.full(20, np.nan), "not finite"),
        (np.full(20, 1e39), "float32 does not hold"),
        (np.array(["a"] * 20), "must hold numbers"),
        (np.ones(19), "20 examples but y has 19"),
        (np.ones((20, 2, 2)), "shape (n,) or (n, k)"),
    ],
)
def test_what_is_no_regression(y: np.ndarray, words: str) -> None:
    with pytest.raises(UserError, match=re.escape(words)):
        make_dataset("x", np.ones((20, 4)), y, reading=Reading(task="regression", rank=1))


def test_what_a_model_takes_is_how_data_are_read(tmp_path: Path) -> None:
    """Unless something else is said; and only where it is known."""
    table = tmp_path / "x.csv"
    assert Reading().suiting(table, (64, 3)) == Reading(rank=2, shape=(64, 3))
    assert Reading(shape=(9,)).suiting(table, (64, 3)) == Reading(rank=2, shape=(9,))
    assert Reading().suiting(table, (None, 3)) == Reading(rank=2)
    assert Reading().suiting(tmp_path / "x.npz", (64, 3)) == Reading(rank=2)
    assert Reading().suiting(None, (8, 8, 1)) == Reading()
    assert Reading().suiting(tmp_path, (9, 12, 1)) == Reading(size=(12, 9), gray=True)
    assert Reading(gray=True).suiting(tmp_path, (9, 12, 3)) == Reading(size=(12, 9), gray=True)
    assert Reading(size=(5, 4)).suiting(tmp_path, (9, 12, 3)) == Reading(size=(5, 4))


@pytest.mark.parametrize("recipe", ["article", "best"])
def test_recipes_are_for_images(recipe: str, tmp_path: Path, command: Command) -> None:
    x, y = windows(20)
    net = network(2, tmp_path / "net.keras")
    np.savez(tmp_path / "x.npz", x=x[:, 0], y=y)
    given = ("--data", tmp_path / "x.npz", "--recipe", recipe)
    outcome = command("train", *given)
    assert_one_line_error(outcome, "x must have the shape (n, h, w)")
    np.savez(tmp_path / "x.npz", x=x, y=y)
    if recipe == "best":
        outcome = command("train", *given, "--model", net)
        assert_one_line_error(outcome, "recipe best learns from redrawn images")
    else:
        outcome = command("train", *given)
        assert_one_line_error(outcome, "images of 16x3 are too small")
