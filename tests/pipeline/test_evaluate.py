"""Evaluation, cross-validation, report, and the verbs from end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from host_helpers import Command, Pipeline, assert_one_line_error, snapshot
from tinycnn.errors import UserError
from tinycnn.pipeline import evaluate as evaluating
from tinycnn.pipeline.crossval import blocks, cross_validate, ensure_cross_validated
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.model import RECIPES
from tinycnn.pipeline.score import Score


@pytest.fixture(scope="session")
def article_evaluation(article_pipeline: Pipeline) -> evaluating.Evaluation:
    return evaluating.evaluate(
        article_pipeline.dataset,
        article_pipeline.converted.models,
        article_pipeline.build,
        trained=article_pipeline.trained,
    )


def test_accuracy_is_the_articles_or_better(article_evaluation: evaluating.Evaluation) -> None:
    assert [(r.model, r.runtime) for r in article_evaluation.results] == [
        ("keras", "Keras"),
        ("model_float32", "LiteRT"),
        ("model_float32", "TFLM"),
        ("model_int8", "LiteRT"),
        ("model_int8", "TFLM"),
    ]
    for result in article_evaluation.results:
        assert result.parts["test"].accuracy >= 0.93, result.runtime
        assert result.parts["train"].accuracy > result.parts["validation"].accuracy
        assert [score.total for score in result.parts.values()] == [1078, 359, 360]
        assert result.microseconds > 0


def test_scores_are_counted_from_predictions(
    article_evaluation: evaluating.Evaluation, digits: Dataset
) -> None:
    for result in article_evaluation.results:
        right = [p == y for p, y in zip(result.predictions, digits.y.tolist(), strict=True)]
        assert result.parts["test"] == Score(sum(right[1078:1437]), 359)
        confusion = np.array(result.confusion)
        assert confusion.trace() == result.parts["test"].correct
        assert confusion.sum(axis=1).tolist() == np.bincount(digits.y[1078:1437]).tolist()


def test_confusion_has_true_classes_in_rows(digits: Dataset) -> None:
    always_three = evaluating._score(digits, "m", "r", (3,) * 1797, 1.0, 1)
    confusion = np.array(always_three.confusion)
    assert confusion[:, 3].tolist() == np.bincount(digits.part("test").y).tolist()
    assert confusion.sum() == confusion[:, 3].sum()


def test_differences_are_few(article_evaluation: evaluating.Evaluation) -> None:
    float32, int8 = article_evaluation.differences
    assert float32.values == int8.values == 17970
    assert float32.largest < 1e-5
    assert int8.different < 60
    assert int8.largest <= 1


def test_evaluation_survives_its_json(
    article_pipeline: Pipeline, article_evaluation: evaluating.Evaluation
) -> None:
    models = article_pipeline.converted.models
    again = evaluating.need_evaluation(article_pipeline.dataset, models, article_pipeline.build)
    assert again == article_evaluation
    with pytest.raises(UserError, match="of another model or other data"):
        evaluating.need_evaluation(article_pipeline.dataset, models[:1], article_pipeline.build)


def test_blocks_are_contiguous_and_even() -> None:
    assert blocks(1797, 5) == [(0, 359), (359, 718), (718, 1078), (1078, 1437), (1437, 1797)]


def test_cross_validation_holds_each_block_out(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tinycnn.pipeline import crossval

    trained_on = []

    def spy(
        model: object,
        recipe: object,
        part: tuple[np.ndarray, np.ndarray],
        *_: object,
        **__: object,
    ) -> None:
        trained_on.append(part[0])

    monkeypatch.setattr(crossval, "learn", spy)
    crossed = cross_validate(digits, RECIPES["article"], 1, cache=tmp_path, folds=3)
    assert [score.total for score in crossed.folds] == [599, 599, 599]
    for (first, last), seen in zip(blocks(1797, 3), trained_on, strict=True):
        assert np.array_equal(seen, np.delete(digits.x, slice(first, last), axis=0))
    assert crossed.pooled.total == 1797


def test_cross_validation_is_kept(
    quick_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = quick_pipeline.dataset
    trained = replace(quick_pipeline.trained, epochs=1)
    first = ensure_cross_validated(data, trained, tmp_path, folds=2)
    assert first is not None
    monkeypatch.setattr(
        "tinycnn.pipeline.crossval.cross_validate", None
    )  # must not be called again
    assert ensure_cross_validated(data, trained, tmp_path, folds=2) == first
    assert ensure_cross_validated(data, trained, tmp_path, folds=0) is None
    with pytest.raises(TypeError):
        ensure_cross_validated(data, trained, tmp_path, folds=3)


@pytest.mark.parametrize("folds", [1, -2, 899])
def test_folds_error(folds: int, quick_pipeline: Pipeline, command: Command) -> None:
    before = snapshot(quick_pipeline.build)
    outcome = command("evaluate", "--folds", folds, "--build-dir", quick_pipeline.build)
    assert_one_line_error(outcome, "--folds must be 0, or 2 to 898")
    assert snapshot(quick_pipeline.build) == before


def test_verbs_in_the_wrong_order(
    quick_pipeline: Pipeline, tmp_path: Path, command: Command
) -> None:
    for verb in ("quantize", "evaluate", "report"):
        assert_one_line_error(command(verb, "--build-dir", tmp_path), "run `tinycnn train` first")
    models = tmp_path / "models"
    models.mkdir()
    for name in ("model.keras", "history.json"):
        (models / name).write_bytes((quick_pipeline.build / "models" / name).read_bytes())
    for verb in ("evaluate", "report"):
        outcome = command(verb, "--build-dir", tmp_path)
        assert_one_line_error(outcome, "run `tinycnn quantize` first")
    outcome = command("report", "--build-dir", quick_pipeline.build)
    assert_one_line_error(outcome, "run `tinycnn evaluate` first")


def test_other_data_than_trained_on(
    quick_pipeline: Pipeline, own_npz: Path, command: Command
) -> None:
    for verb in ("quantize", "evaluate", "report"):
        outcome = command(verb, "--data", own_npz, "--build-dir", quick_pipeline.build)
        assert_one_line_error(outcome, "trained on other data (digits)")
    path = quick_pipeline.build / "models" / "model_int8.tflite"
    outcome = command("evaluate", "--data", own_npz, "--tflite", path)
    assert_one_line_error(outcome, "input of 1x8x8x1, the data has images of 1x12x10x3")


def test_existing_tflite_alone(quick_pipeline: Pipeline, tmp_path: Path, command: Command) -> None:
    path = quick_pipeline.build / "models" / "model_int8.tflite"
    outcome = command("evaluate", "--tflite", path, "--build-dir", tmp_path)
    assert outcome.status == 0
    assert outcome.err == ""
    metrics = json.loads((tmp_path / "metrics.json").read_bytes())
    assert [r["runtime"] for r in metrics["evaluate_tflite"]["results"]] == ["LiteRT", "TFLM"]
    assert not (tmp_path / "evaluation.json").exists()


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe")
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


def check_report(build: Path, figures: set[str]) -> str:
    """The page asks for nothing from outside; the figures are PNGs at 300 dpi."""
    page = (build / "report.html").read_text()
    found = _Links()
    found.feed(page)
    assert len(found.links) == len(figures)
    assert all(link.startswith("data:image/png;base64,") for link in found.links)
    assert "url(" not in page
    assert "@import" not in page
    drawn = {path.stem: path.read_bytes() for path in (build / "figures").glob("*.png")}
    assert set(drawn) == figures
    for png in drawn.values():
        at = png.index(b"pHYs") + 4
        assert round(int.from_bytes(png[at : at + 4], "big") * 0.0254) == 300
    return page


@pytest.mark.slow
def test_own_data_through_every_verb(own_npz: Path, tmp_path: Path, command: Command) -> None:
    build = tmp_path / "build"
    common = ("--data", own_npz, "--build-dir", build)
    for verb in (["train", "--epochs", 30], ["quantize"], ["evaluate", "--folds", 2], ["report"]):
        outcome = command(*verb, *common)
        assert (outcome.status, outcome.err) == (0, ""), outcome
    metrics = json.loads((build / "metrics.json").read_bytes())
    # Conv2D: 8 kernels of 3x3x3 and a bias each; Dense: 5x4x8 to 4.
    assert metrics["train"]["parameters"] == 8 * 28 + 160 * 4 + 4
    last = metrics["evaluate"]["results"][-1]
    assert last["parts"]["test"]["accuracy"] > 0.9
    assert metrics["evaluate"]["cross_validation"]["pooled"]["total"] == 80
    figures = {"sheet", "model", "curves", "confusion", "predictions", "accuracy", "strain"}
    if last["parts"]["test"]["accuracy"] < 1:
        figures.add("mistakes")
    page = check_report(build, figures)
    assert "blobs" in page
    assert "article" not in page.replace("Recipe article: ", "")


@pytest.mark.nightly
@pytest.mark.slow
def test_own_trained_model_through_every_verb(
    quick_pipeline: Pipeline, tmp_path: Path, command: Command
) -> None:
    own = tmp_path / "own.keras"
    own.write_bytes(quick_pipeline.trained.path.read_bytes())
    build = tmp_path / "build"
    for verb in (["quantize", "--model", own], ["evaluate"], ["report"]):
        outcome = command(*verb, "--build-dir", build)
        assert (outcome.status, outcome.err) == (0, ""), outcome
    int8 = (build / "models" / "model_int8.tflite").read_bytes()
    assert int8 == quick_pipeline.converted.int8.data
    page = check_report(
        build,
        {"sheet", "model", "confusion", "predictions", "accuracy", "mistakes"}
        | {"strain", "frontier"},
    )
    assert "Trained elsewhere" in page
    assert "No cross-validation was made" in page


@pytest.mark.slow
def test_report_escapes_names(own_npz: Path, tmp_path: Path, command: Command) -> None:
    hostile = tmp_path / "<script>&.npz"
    hostile.write_bytes(own_npz.read_bytes())
    common = ("--data", hostile, "--build-dir", tmp_path)
    for verb in (["train", "--epochs", 1], ["quantize"], ["evaluate", "--folds", 0], ["report"]):
        assert command(*verb, *common).status == 0
    page = (tmp_path / "report.html").read_text()
    assert "&lt;script&gt;&amp;" in page
    assert "<script>" not in page


def test_evaluate_prints_the_reference_beside_ours(
    article_pipeline: Pipeline, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    outcome = command("evaluate", "--folds", 0, "--build-dir", article_pipeline.build)
    assert outcome.status == 0
    rows = [line for line in outcome.out.splitlines() if "article" in line]
    assert [("95.82%" in row) for row in rows] == [True, True]
    assert "5360" in rows[0]
    assert "3800" in rows[1]
    assert "95 % Wilson intervals" in outcome.out


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys; import tinycnn.cli.pipeline; "
        "print({'tensorflow', 'keras', 'sklearn', 'matplotlib', 'numpy'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "set()\n"


def test_exit_status_of_the_process(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "tinycnn", "train", "--data", "none.npz"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert said.returncode == 2
    assert said.stdout == ""
    assert said.stderr == "tinycnn: cannot read none.npz: No such file or directory\n"
