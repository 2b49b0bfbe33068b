"""The recorded figures of the recipes, and how they are summed up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from host_helpers import Pipeline
from tinycnn.files import ROOT
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.model import RECIPES
from tinycnn.report import frontier
from tinycnn.report.frontier import Point, Trial, network_bytes, recorded
from tinycnn.tflite.arena import predict_arena
from tinycnn.tflite.read import read_tflite
from tinycnn.tflite.run import run_tflm

RUN = Trial("best", 0, 2883, 350, 340, 351, 341, 5000, 2000, 900_000, 1.0)


def test_a_point_sums_its_runs_up() -> None:
    other = replace(RUN, seed=1, test=354, validation=348, bytes=5100, instructions=None)
    point = Point("best", (RUN, other))
    assert point.accuracies == pytest.approx((352 / 359, 350 / 359, 354 / 359))
    assert point.validation == pytest.approx((344 / 360, 340 / 360, 348 / 360))
    assert (point.test.correct, point.test.total) == (352, 359)
    assert (point.bytes, point.arena, point.instructions) == (5100, 2000, 900_000)


def test_record_is_of_the_recipes_that_there_are() -> None:
    points = {point.recipe: point for point in recorded()}
    assert set(points) == set(RECIPES)
    for name, point in points.items():
        built = RECIPES[name].build((8, 8, 1), 10)
        assert {run.parameters for run in point.runs} == {built.count_params()}
        assert [run.seed for run in point.runs] == list(range(len(point.runs)))


def test_record_has_what_can_be_had_again_at_once(
    article_pipeline: Pipeline, digits: Dataset
) -> None:
    points = {point.recipe: point for point in recorded()}
    small = article_pipeline.converted.int8
    assert points["article"].bytes == network_bytes(small)
    assert predict_arena(small.data, own=False).arena == points["article"].arena
    shipped = read_tflite(ROOT / "device" / "digits.tflite")
    run = points["best"].runs[0]
    assert run.bytes == network_bytes(shipped)
    assert predict_arena(shipped.data, own=False).arena == run.arena
    predicted = run_tflm(shipped, digits.x).predictions
    first, last = digits.bounds["test"]
    pairs = zip(predicted[first:last], digits.y[first:last], strict=True)
    assert run.test == sum(int(a == b) for a, b in pairs)


def test_nothing_is_counted_without_valgrind(
    article_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert frontier.count_instructions(article_pipeline.converted.int8) is None
