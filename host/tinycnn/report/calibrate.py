"""What a score is worth: a temperature that makes probabilities of scores, and a threshold.

Both are found on redrawn variants of the training images, which the network has not
seen as they are; the other parts only tell how well that went.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinycnn.arrays import Floats, Labels
from tinycnn.pipeline.augment import Augment, Redrawer
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.distil import softened
from tinycnn.pipeline.score import Score
from tinycnn.tflite.read import TFLite
from tinycnn.tflite.run import dequantize, run_tflm

VARIANTS = 3
"""Of each training image."""

SEED = 1000
"""Of drawing them: not one that a teacher's or a student's were drawn with."""

KEPT_RIGHT = 0.995
"""The share of what the network is sure of that must be right, on the variants."""

BINS = 15
TEMPERATURES = np.geomspace(0.1, 10, 401)


@dataclass(frozen=True)
class Calibration:
    """softmax(scores / temperature) are probabilities; below `sure` it is better to ask again."""

    temperature: float
    sure: float


@dataclass(frozen=True)
class Quality:
    """What a calibration does on some images.

    ece_before, ece_after   expected calibration error of softmax(scores) and with the temperature
    kept                    right and all of those it is sure of
    total                   images
    """

    ece_before: float
    ece_after: float
    kept: Score
    total: int


def calibrate(model: TFLite, dataset: Dataset) -> Calibration:
    """The temperature with the least cross-entropy, and the least threshold that holds.

    The temperature is of variants that differ mildly, as images of a new writer may; the
    threshold of variants that differ as widely as any that were learned from, because of
    the mild ones all is right.
    """
    part = dataset.part("train")
    redrawer = Redrawer(part.x)
    generator = np.random.default_rng(SEED)
    labels = np.tile(part.y, VARIANTS)

    def scores(how: Augment) -> Floats:
        every = np.arange(len(part.y))
        drawn = [redrawer.draw(every, generator, how) for _ in range(VARIANTS)]
        return scores_of(model, np.concatenate(drawn))

    mild, wide = scores(Augment().mild()), scores(Augment())
    losses = [_cross_entropy(softened(mild, t), labels) for t in TEMPERATURES]
    temperature = float(TEMPERATURES[int(np.argmin(losses))])
    return Calibration(temperature, _threshold(softened(wide, temperature), labels))


def judge(model: TFLite, x: Floats, y: Labels, calibration: Calibration) -> Quality:
    """How `calibration` does on the images x (n, h, w, c) with labels y (n,)."""
    scores = scores_of(model, x)
    before, after = softened(scores, 1.0), softened(scores, calibration.temperature)
    kept = after.max(axis=1) >= calibration.sure
    right = after.argmax(axis=1) == y
    return Quality(
        expected_calibration_error(before, y),
        expected_calibration_error(after, y),
        Score(int((right & kept).sum()), max(1, int(kept.sum()))),
        len(y),
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


def _threshold(probabilities: Floats, labels: Labels) -> float:
    """The least confidence from which on KEPT_RIGHT of the images are right; 1.0 if none."""
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    right = (probabilities.argmax(axis=1) == labels)[order]
    share = np.cumsum(right) / np.arange(1, len(labels) + 1)
    enough = np.flatnonzero(share >= KEPT_RIGHT)
    return float(confidence[order[enough[-1]]]) if len(enough) else 1.0
