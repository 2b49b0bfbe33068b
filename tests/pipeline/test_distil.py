"""Teachers and students, small enough to wait for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinycnn.pipeline import crossval, distil
from tinycnn.pipeline import model as models
from tinycnn.pipeline import train as training
from tinycnn.pipeline.augment import Augment
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.distil import Lessons, Teaching, ensure_lessons, softened

QUICK = Teaching(teachers=2, variants=2, epochs=2, lessons=3)


@pytest.fixture(scope="module")
def lessons(digits: Dataset) -> Lessons:
    part = digits.part("train")
    return distil.make_lessons(part.x, part.y, digits.classes, QUICK)


def test_teachers_know_something(digits: Dataset, lessons: Lessons) -> None:
    part = digits.part("train")
    assert lessons.x.shape == (3 * len(part.x), 8, 8, 1)
    assert lessons.scores.shape == (3 * len(part.x), 10)
    right = lessons.scores.argmax(axis=1) == np.tile(part.y, 3)
    assert right.mean() > 0.3  # a guess is right one time in ten


def test_lessons_are_kept_by_what_they_are_of(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = digits.part("train")
    made: list[Teaching] = []

    def make(x: np.ndarray, y: np.ndarray, classes: int, how: Teaching, *_: object) -> Lessons:
        made.append(how)
        return Lessons(x[:2], np.zeros((2, classes), np.float32))

    monkeypatch.setattr(distil, "make_lessons", make)

    def ensure(x: np.ndarray = part.x, how: Teaching = QUICK) -> None:
        ensure_lessons(x, part.y, 10, how, tmp_path)

    ensure()
    ensure()
    assert len(made) == 1
    ensure(x=part.x[::-1])
    assert len(made) == 2
    ensure(how=replace(QUICK, augment=Augment(shift=0)))
    assert len(made) == 3
    for path in tmp_path.glob("lessons-*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    ensure()
    assert len(made) == 4


def test_student_learns_from_the_training_part_only(
    digits: Dataset, lessons: Lessons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its teachers are given that part; the other parts may hold anything."""
    asked = []

    def ensure(x: np.ndarray, y: np.ndarray, *_: object) -> Lessons:
        asked.append((x, y))
        return lessons

    monkeypatch.setattr(training, "ensure_lessons", ensure)
    first, _ = digits.bounds["test"]
    x = digits.x.copy()
    x[first:] = 1 - x[first:]
    recipe = replace(models.RECIPES["tiny"], teaching=QUICK)
    weights = []
    for at, data in enumerate((digits, replace(digits, x=x))):
        trained = training.train(data, recipe, 1, tmp_path / str(at), epochs=1)
        weights.append(trained.load().get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))
    for given, labels in asked:
        assert np.array_equal(given, digits.part("train").x)
        assert np.array_equal(labels, digits.part("train").y)


@pytest.mark.slow
@pytest.mark.nightly
def test_student_gets_better_by_lessons(
    digits: Dataset, lessons: Lessons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "ensure_lessons", lambda *_: lessons)
    said: list[tuple[str, int, int]] = []
    recipe = replace(models.RECIPES["best"], teaching=QUICK)
    trained = training.train(digits, recipe, 1, tmp_path, lambda *a: said.append(a), epochs=3)
    assert trained.recipe == "best"
    assert trained.history.loss[-1] < trained.history.loss[0]
    assert len(trained.history.val_accuracy) == 3
    assert [(done, total) for _, done, total in said] == [(1, 3), (2, 3), (3, 3)]
    assert training.ensure_trained(digits, recipe, 1, tmp_path, epochs=3).reused
    for other in (
        replace(recipe, teaching=replace(QUICK, teachers=3)),
        replace(recipe, rate=0.1),
        replace(recipe, build=models.build_article),
    ):
        assert not training.ensure_trained(digits, other, 1, tmp_path, epochs=1).reused


def test_cross_validation_needs_to_be_asked_for(digits: Dataset, tmp_path: Path) -> None:
    """It would train teachers for each block: minutes."""

    class Trained:
        recipe = "best"

    assert crossval.ensure_cross_validated(digits, Trained(), tmp_path) is None  # type: ignore[arg-type]


def test_softened_is_a_softmax_of_a_temperature() -> None:
    scores = np.array([[2.0, 0.0, -2.0]], np.float32)
    assert softened(scores, 2.0) == pytest.approx(
        np.exp([[1, 0, -1]]) / np.exp([1, 0, -1]).sum(), rel=1e-6
    )
