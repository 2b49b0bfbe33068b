"""Probabilities: the error of them, the temperature and the threshold."""

from __future__ import annotations

import numpy as np
import pytest

from host_helpers import Pipeline
from tinycnn.report.calibrate import (
    KEPT_RIGHT,
    _threshold,
    calibrate,
    expected_calibration_error,
    judge,
)
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
    assert _threshold(p, y) == 1.0


def test_what_it_is_sure_of_is_right_more_often(article_pipeline: Pipeline) -> None:
    data, model = article_pipeline.dataset, article_pipeline.converted.int8
    calibration = calibrate(model, data)
    assert 0.1 < calibration.temperature < 10
    part = data.part("validation")
    quality = judge(model, part.x, part.y, calibration)
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
