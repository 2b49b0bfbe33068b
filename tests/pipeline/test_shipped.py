"""The model in device/: what it scores, what it takes, and what classify.py knows of it."""

from __future__ import annotations

import re

import pytest

from tinycnn.files import ROOT
from tinycnn.pipeline.dataset import Dataset
from tinycnn.report.calibrate import Calibration, calibrate
from tinycnn.tflite.check import check_model
from tinycnn.tflite.read import TFLite, read_tflite
from tinycnn.tflite.run import run_litert, run_tflm

RIGHT = {"test": 358, "validation": 356}
"""Of 359 and 360, as docs/models.md says."""


@pytest.fixture(scope="module")
def shipped() -> TFLite:
    return read_tflite(ROOT / "device" / "digits.tflite")


def test_it_scores_what_the_page_says(shipped: TFLite, digits: Dataset) -> None:
    for run in (run_tflm(shipped, digits.x), run_litert(shipped, digits.x, reference=True)):
        found = {}
        for name in RIGHT:
            first, last = digits.bounds[name]
            pairs = zip(run.predictions[first:last], digits.y[first:last], strict=True)
            found[name] = sum(int(a == b) for a, b in pairs)
        assert found == RIGHT
    page = (ROOT / "docs" / "models.md").read_text()
    for name, right in RIGHT.items():
        total = digits.bounds[name][1] - digits.bounds[name][0]
        assert f"{right} of {total}" in page, name


def test_it_is_no_larger_than_the_articles_float_model(shipped: TFLite) -> None:
    assert shipped.size <= 5360
    checked = check_model(shipped.data)
    assert (checked.valid, checked.reason, checked.profile) == (True, "", "digits")


def test_classify_knows_its_temperature(shipped: TFLite, digits: Dataset) -> None:
    text = (ROOT / "device" / "classify.py").read_text()
    (temperature,) = re.findall(r"^TEMPERATURE = ([\d.]+)", text, re.M)
    (sure,) = re.findall(r"^SURE = ([\d.]+)", text, re.M)
    found = calibrate(shipped, digits)
    assert isinstance(found, Calibration)
    assert (temperature, sure) == (f"{found.temperature:.2f}", f"{found.sure:.3f}")
