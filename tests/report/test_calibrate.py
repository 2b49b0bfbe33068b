"""Probabilities: the error of them, the temperature and the threshold."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from host_helpers import Pipeline
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.score import Score
from tinycnn.report.calibrate import (
    KEPT_RIGHT,
    Calibration,
    Quality,
    _threshold,
    advised,
    calibrate,
    expected_calibration_error,
    judge,
)
from tinycnn.report.quality import calibration_section
from tinycnn.report.robustness import strain


def two_classes(confidence: list[float], right: list[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, 2) that say class 0 with that confidence, and the labels."""
    p = np.array(confidence, np.float32)
    return np.stack([p, 1 - p], axis=1), np.where(right, 0, 1)


def test_calibration_error_by_hand() -> None:
    # Bin of 0.9: half right, 0.4 off, 2 of 3 images. Bin of 0.6: right, 0.4 off, 1 of 3.
    p, y = two_classes([0.9, 0.9, 0.6], [True, False, True])
    assert expected_calibration_error(p, y) == pytest.approx(0.4, abs=1e-6)
    p, y = two_classes([1.0, 1.0], [True, True])
    assert expected_calibration_error(p, y) == 0


def test_threshold_is_the_least_that_keeps_its_word() -> None:
    p, y = two_classes([0.99, 0.95, 0.9, 0.6], [True, True, True, False])
    assert _threshold(p, y) == pytest.approx(0.9)
    p, y = two_classes([0.99, 0.6], [False, False])
    assert _threshold(p, y) is None


def test_threshold_that_leaves_hardly_any_is_none() -> None:
    p, y = two_classes([0.99, 0.9, 0.8, 0.7], [True, True, False, True])
    assert _threshold(p, y, 0.5) == pytest.approx(0.9)
    assert _threshold(p, y, 0.6) is None


def scored(monkeypatch: pytest.MonkeyPatch, count: int, sharper: float, sure: bool) -> Dataset:
    """Data whose labels are drawn as softmax(scores / sharper) has it; or the best scores'."""
    generator = np.random.default_rng(2)
    logits = generator.normal(0, 2, (count, 3)).astype(np.float32)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    y = np.array([generator.choice(3, p=each / each.sum()) for each in p.astype(np.float64)])
    x = np.zeros((count, 2, 2, 1), np.float32)
    x[:, 0, 0, 0] = np.arange(count)
    if sure:
        y = logits.argmax(axis=1)
    # The package has a function of the module's name.
    monkeypatch.setattr(
        import_module("tinycnn.report.calibrate"),
        "scores_of",
        lambda model, x: sharper * logits[x[:, 0, 0, 0].astype(int)],
    )
    return Dataset("drawn", x, y, 3, 1.0, "none of the digits")


def test_other_data_are_calibrated_on_the_validation_part(
    monkeypatch: pytest.MonkeyPatch, quick_pipeline: Pipeline
) -> None:
    model = quick_pipeline.converted.int8
    data = scored(monkeypatch, 3000, sharper=3.0, sure=False)
    found = calibrate(model, data)
    assert isinstance(found, Calibration)
    assert (found.temperature, found.found) == (pytest.approx(3, rel=0.1), "the validation part")
    test = judge(model, data.part("test"), found)
    assert test.ece_after < test.ece_before / 2
    assert advised(found, test) is found
    told = calibration_section(found, {"test": test})
    assert (found.sure is None) == ("there is none to say" in told[1])


def test_temperature_that_makes_it_worse_is_not_advised() -> None:
    test = Quality(0.09, 0.31, Score(1, 2), 80)
    why = advised(Calibration(2.4, 0.94, "the validation part"), test)
    assert isinstance(why, str) and "from 0.090 to 0.310" in why
    _, told, table, _ = calibration_section(why, {"test": test})
    assert "softmax(scores) as it is: no temperature is advised, since the best one" in told
    assert "0.090" in table and "0.310" not in table and "not sure" not in table


@pytest.mark.parametrize(
    "count, sure, why",
    [(200, False, "40 validation examples are"), (2000, True, "no best")],
)
def test_data_that_tell_no_temperature(
    monkeypatch: pytest.MonkeyPatch, quick_pipeline: Pipeline, count: int, sure: bool, why: str
) -> None:
    data = scored(monkeypatch, count, sharper=1.0, sure=sure)
    found = calibrate(quick_pipeline.converted.int8, data)
    assert isinstance(found, str) and why in found


def test_what_it_is_sure_of_is_right_more_often(article_pipeline: Pipeline) -> None:
    data, model = article_pipeline.dataset, article_pipeline.converted.int8
    calibration = calibrate(model, data)
    assert isinstance(calibration, Calibration)
    assert 0.1 < calibration.temperature < 10
    quality = judge(model, data.part("validation"), calibration)
    assert quality.total == 360
    assert 0 < quality.kept.total < 360
    assert quality.kept.accuracy > 0.93  # 90 % of all are right
    assert KEPT_RIGHT < 1


def test_worse_images_are_harder(article_pipeline: Pipeline) -> None:
    part = article_pipeline.dataset.part("test")
    found = {s.name: s for s in strain(article_pipeline.converted.int8, part)}
    assert list(found) == ["noise", "shift sideways", "shift down", "strokes"]
    for each in found.values():
        at = [score.accuracy for score in each.scores]
        assert len(at) == len(each.amounts)
        still = at[each.amounts.index(0.0)]
        assert still > 0.93
        assert min(at[0], at[-1]) < still
