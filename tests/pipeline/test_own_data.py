"""Data of one's own through all steps, whose options are typed once."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_helpers import Command, assert_one_line_error
from tinycnn._tensorflow import captured, keras
from tinycnn.pipeline.reading import Origin, Reading
from tinycnn.pipeline.train import find_trained
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


def test_windows_of_a_csv_through_all_steps(
    folder: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    x, y = windows()
    names = ["still", "moves"]
    data = write_csv(folder / "motion.csv", x.reshape(60, -1), [names[each] for each in y])
    build = folder / "build"
    net = network(2, folder / "net.keras")
    options = ("--shape", "16x3", "--split", "random", "--scale", "128")
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
    assert "model_int8" in need(command("evaluate", "--tflite", model, *to))
    assert_one_line_error(command("evaluate", "--split", "sequential", *to), "other data (motion)")
    int8 = read_tflite(model)
    assert int8.inputs[0].shape == (1, STEPS, CHANNELS)
    run = run_litert(int8, (x / 128).astype(np.float32))
    assert np.mean(np.array(run.predictions) == 1 - y) > 0.8  # "moves" is class 0
    metrics = json.loads((build / "metrics.json").read_text())
    assert metrics["evaluate"]["results"][-1]["parts"]["train"]["accuracy"] > 0.8
    page = need(command("report", *to)).strip()
    assert "<h2>Confusion matrix</h2>" in Path(page).read_text()


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


def test_a_model_trained_elsewhere_takes_signals_as_they_are(
    folder: Path, command: Command
) -> None:
    x, y = windows(30)
    data = write_csv(folder / "raw.csv", x.reshape(30, -1), y.tolist())
    net = network(2, folder / "elsewhere.keras")
    build = folder / "elsewhere"
    given = ("--model", net, "--data", data, "--shape", "16x3", "--build-dir", build)
    assert "trained on raw values: give it those" in need(command("quantize", *given))
    assert "Evaluation on raw" in need(command("evaluate", "--build-dir", build))


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


def test_the_divisor_is_in_the_model(folder: Path) -> None:
    """As test_windows_of_a_csv_through_all_steps has left it."""
    raw = (folder / "build" / "models" / "model_int8.tflite").read_bytes()
    assert struct.pack("<f", 128) in raw
