"""What a score is worth: a temperature that makes probabilities of scores, and a threshold.

Both are found on images that the network has not seen: of the digits on redrawn variants of
those that it learned from, since a board gets digits of other writers; of other data, which
nobody here can redraw as they might be, on the validation part (Guo et al., ICML 2017). The
test part tells how well that went, and whether there is anything to advise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinycnn.arrays import Floats, Labels
from tinycnn.pipeline.augment import Augment, Redrawer
from tinycnn.pipeline.dataset import Dataset, Part
from tinycnn.pipeline.distil import softened
from tinycnn.pipeline.score import Score
from tinycnn.tflite.read import TFLite
from tinycnn.tflite.run import dequantize, run_tflm

VARIANTS = 3
"""Of each training image."""

SEED = 1000
"""Of drawing them: not one that a teacher's or a student's were drawn with."""

KEPT_RIGHT = 0.995
"""The share of what the network is sure of that must be right, where the threshold was found."""

KEPT = 0.5
"""The share of images as they are that a threshold has to leave, or it is none."""

LEAST = 50
"""Fewer images tell no temperature."""

BINS = 15
TEMPERATURES = np.geomspace(0.1, 10, 401)


@dataclass(frozen=True)
class Calibration:
    """softmax(scores / temperature) are probabilities; below `sure` it is better to ask again.

    sure   None if no threshold is worth it
    found  on which images
    """

    temperature: float
    sure: float | None
    found: str


@dataclass(frozen=True)
class Quality:
    """What a calibration does on some images.

    ece_before, ece_after   expected calibration error of softmax(scores) and with the temperature
    kept                    right and all of those it is sure of; of all without a threshold
    total                   images
    """

    ece_before: float
    ece_after: float
    kept: Score
    total: int


def calibrate(model: TFLite, dataset: Dataset) -> Calibration | str:
    """The temperature with the least cross-entropy, and the least threshold that holds.

    Of digits the temperature is that of variants that differ mildly, as images of a new writer
    may; the threshold of variants that differ as widely as any that were learned from, because
    of the mild ones all is right. A str is why there is none.
    """
    if dataset.is_digits:
        return _of_variants(model, dataset)
    part = dataset.part("validation")
    if len(part.y) < LEAST:
        return f"{len(part.y)} validation examples are too few to find one on"
    scores = scores_of(model, part.x)
    temperature = _temperature(scores, part.y)
    if temperature in (TEMPERATURES[0], TEMPERATURES[-1]):
        return "the scores of the validation part have no best one"
    sure = _threshold(softened(scores, temperature), part.y, KEPT)
    return Calibration(temperature, sure, "the validation part")


def _of_variants(model: TFLite, dataset: Dataset) -> Calibration:
    part = dataset.part("train")
    redrawer = Redrawer(part.x)
    generator = np.random.default_rng(SEED)
    labels = np.tile(part.y, VARIANTS)

    def scores(how: Augment) -> Floats:
        every = np.arange(len(part.y))
        drawn = [redrawer.draw(every, generator, how) for _ in range(VARIANTS)]
        return scores_of(model, np.concatenate(drawn))

    mild, wide = scores(Augment().mild()), scores(Augment())
    temperature = _temperature(mild, labels)
    sure = _threshold(softened(wide, temperature), labels)
    return Calibration(temperature, sure, "redrawn training images")


def judge(model: TFLite, part: Part, calibration: Calibration | str) -> Quality:
    """How `calibration` does on the images of `part`; without one, how softmax does."""
    scores = scores_of(model, part.x)
    if isinstance(calibration, str):
        calibration = Calibration(1.0, None, "")
    before, after = softened(scores, 1.0), softened(scores, calibration.temperature)
    kept = after.max(axis=1) >= (calibration.sure or 0.0)
    right = after.argmax(axis=1) == part.y
    return Quality(
        expected_calibration_error(before, part.y),
        expected_calibration_error(after, part.y),
        Score(int((right & kept).sum()), max(1, int(kept.sum()))),
        len(part.y),
    )


def advised(calibration: Calibration | str, test: Quality) -> Calibration | str:
    """`calibration`, unless it makes things worse on images that it was not found on."""
    if isinstance(calibration, str) or test.ece_after < test.ece_before:
        return calibration
    return (
        f"the best one on {calibration.found} takes the calibration error of the test part "
        f"from {test.ece_before:.3f} to {test.ece_after:.3f}"
    )


def scores_of(model: TFLite, x: Floats) -> Floats:
    """Real scores (n, classes) of images x (n, h, w, c), from TFLM."""
    raw, out = run_tflm(model, x).outputs, model.outputs[0]
    return raw if out.dtype == "float32" else dequantize(raw, out.scale, out.zero_point)


def expected_calibration_error(
    probabilities: npt.NDArray[np.float32], labels: Labels, bins: int = BINS
) -> float:
    """The mean distance of confidence and accuracy over bins of equal width, by their images.

    Naeini, Cooper, Hauskrecht, AAAI 2015; Guo et al., ICML 2017. probabilities (n,
    classes), labels (n,); in [0, 1].
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for at in np.unique(place):
        inside = place == at
        error += abs(float(confidence[inside].mean()) - float(right[inside].mean())) * float(
            inside.mean()
        )
    return error


def _cross_entropy(probabilities: Floats, labels: Labels) -> float:
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def _temperature(scores: Floats, labels: Labels) -> float:
    losses = [_cross_entropy(softened(scores, t), labels) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _threshold(probabilities: Floats, labels: Labels, kept: float = 0.0) -> float | None:
    """The least confidence from which on KEPT_RIGHT of the images are right.

    None if that is of fewer than the share `kept` of all, or of none.
    """
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    right = (probabilities.argmax(axis=1) == labels)[order]
    share = np.cumsum(right) / np.arange(1, len(labels) + 1)
    enough = np.flatnonzero(share >= KEPT_RIGHT)
    if not len(enough) or enough[-1] + 1 < kept * len(labels):
        return None
    return float(confidence[order[enough[-1]]])
