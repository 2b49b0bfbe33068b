"""What worse images do to accuracy: noise, shifts, thicker and thinner strokes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinycnn.arrays import Floats
from tinycnn.pipeline.augment import FINE, Redrawer
from tinycnn.pipeline.dataset import Part
from tinycnn.pipeline.score import Score
from tinycnn.tflite.read import TFLite
from tinycnn.tflite.run import run_litert

NOISE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
SHIFTS = (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)
LEVELS = (-0.9, -0.6, -0.3, 0.0, 0.3, 0.6, 0.9)
SEED = 5


@dataclass(frozen=True)
class Strain:
    """Accuracy under one kind of change, `scores` at each of `amounts`; `unit` of those."""

    name: str
    unit: str
    amounts: tuple[float, ...]
    scores: tuple[Score, ...]


def strain(model: TFLite, part: Part) -> list[Strain]:
    """Accuracy of `model`, in LiteRT, on changed images of `part`.

    Strokes are changed where there are any (`tinycnn.pipeline.augment`), by the level above
    which there is ink.
    """
    redrawer = Redrawer(part.x)
    generator = np.random.default_rng(SEED)
    noise = generator.standard_normal(part.x.shape).astype(np.float32)

    def scores(images: list[Floats]) -> tuple[Score, ...]:
        predicted = np.array(run_litert(model, np.concatenate(images)).predictions)
        right = predicted.reshape(len(images), -1) == part.y
        return tuple(Score(int(row.sum()), len(part.y)) for row in right)

    found = [
        Strain(
            "noise",
            "standard deviation; the largest value is 1",
            NOISE,
            scores([np.clip(part.x + np.float32(a) * noise, 0, 1) for a in NOISE]),
        ),
        Strain(
            "shift sideways",
            "pixels",
            SHIFTS,
            scores([redrawer.moved(right=a * FINE) for a in SHIFTS]),
        ),
        Strain(
            "shift down",
            "pixels",
            SHIFTS,
            scores([redrawer.moved(down=a * FINE) for a in SHIFTS]),
        ),
    ]
    if redrawer.inked:
        thickness = scores([redrawer.moved(level=-a) for a in LEVELS])
        found.append(Strain("strokes", "thinner to thicker", LEVELS, thickness))
    return found
