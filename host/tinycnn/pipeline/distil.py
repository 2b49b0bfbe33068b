"""Training by teachers: a small network learns what large ones say of redrawn images.

The teachers see variants of the training images with their labels. Then they say what
they think of fresh variants, and the student learns those scores: they tell how like a 4
a 9 is, which a label does not, and there are as many as one likes. Nothing else than the
training part is looked at.
"""

from __future__ import annotations

import io
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn._tensorflow import keras, tensorflow
from tinycnn.arrays import Floats, Labels
from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.pipeline.augment import Augment, Redrawer
from tinycnn.progress import Progress, silent

PACKAGES = ("tensorflow", "keras", "numpy")

_STEPS = 16  # optimizer steps that TensorFlow does at once
_AT_ONCE = 4096  # images that a teacher judges at once


@dataclass(frozen=True)
class Teaching:
    """Who teaches, and on what; the same for every seed of the student.

    teachers      large networks whose scores are averaged; teacher i has the seed i
    variants      of each training image, for each teacher to learn from
    epochs        of each teacher over its variants
    rate          the highest learning rate; it rises at first and falls as a cosine
    batch         images per step
    smoothing     of the labels
    lessons       variants of each training image that the student learns from
    augment       how widely variants differ
    """

    teachers: int = 4
    variants: int = 60
    epochs: int = 8
    rate: float = 3e-3
    batch: int = 256
    smoothing: float = 0.05
    lessons: int = 100
    augment: Augment = field(default_factory=Augment)


@dataclass(frozen=True)
class Lessons:
    """Images float32 (n, h, w, c), and the teachers' mean score of each class (n, classes)."""

    x: Floats
    scores: Floats


def build_teacher(shape: tuple[int, int, int], classes: int) -> Any:
    """Four convolutions of 24 and 48 channels; 39,010 parameters for the digits."""
    layers = keras().layers

    def convolution(filters: int) -> list[Any]:
        return [
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
        ]

    return keras().Sequential(
        [
            keras().Input(shape),
            *convolution(24),
            *convolution(24),
            layers.MaxPooling2D(2),
            *convolution(48),
            *convolution(48),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(classes),
        ]
    )


def ensure_lessons(
    x: Floats,
    y: Labels,
    classes: int,
    teaching: Teaching,
    cache: Path,
    progress: Progress = silent,
) -> Lessons:
    """The lessons of these images under `cache`, or teachers are trained now.

    x float32 (n, h, w, c) in [0, 1], y int64 (n,). The file's name is a hash of images,
    labels, teaching, our code for it, and TensorFlow.
    """
    what = f"{sorted(asdict(teaching).items())} {classes} {x.shape}"
    key = key_of(what, x.tobytes(), y.tobytes(), code=__name__, packages=PACKAGES)
    name = f"lessons-{key[:16]}"
    if (found := find(cache / f"{name}.json", key)) is not None:
        with np.load(io.BytesIO(found.files[f"{name}.npz"]), allow_pickle=False) as arrays:
            return Lessons(arrays["x"], arrays["scores"])
    made = make_lessons(x, y, classes, teaching, progress)
    raw = io.BytesIO()
    np.savez_compressed(raw, x=made.x, scores=made.scores)
    keep(cache / f"{name}.json", Kept(key, {}, {f"{name}.npz": raw.getvalue()}))
    return made


def make_lessons(
    x: Floats, y: Labels, classes: int, teaching: Teaching, progress: Progress = silent
) -> Lessons:
    """Train the teachers on variants of `x`, and ask them about others."""
    redrawer = Redrawer(x)
    labels = np.eye(classes, dtype=np.float32)[y]
    labels = labels * (1 - teaching.smoothing) + teaching.smoothing / classes
    lessons, _ = _variants(redrawer, teaching.lessons, teaching, seed=0)
    scores = np.zeros((len(lessons), classes), np.float32)
    steps = teaching.teachers * teaching.epochs
    for at in range(teaching.teachers):
        progress(f"teacher {at + 1}/{teaching.teachers}  redrawing", at * teaching.epochs, steps)
        images, of = _variants(redrawer, teaching.variants, teaching, seed=at + 1)
        keras().utils.clear_session()
        keras().utils.set_random_seed(at)
        model = build_teacher(x.shape[1:], classes)
        fit_soft(
            model,
            images,
            labels[of],
            epochs=teaching.epochs,
            batch=teaching.batch,
            rate=teaching.rate,
            progress=lambda said, done, _, at=at: progress(  # type: ignore[misc]
                f"teacher {at + 1}/{teaching.teachers}  {said}",
                at * teaching.epochs + done,
                steps,
            ),
        )
        for first in range(0, len(lessons), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            scores[part] += np.asarray(model(lessons[part], training=False)) / teaching.teachers
    return Lessons(lessons, scores)


def _variants(
    redrawer: Redrawer, times: int, teaching: Teaching, seed: int
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """So many variants of each image, and which image each is of."""
    generator = np.random.default_rng(seed)
    every = np.arange(redrawer.count)
    drawn = [redrawer.draw(every, generator, teaching.augment) for _ in range(times)]
    return np.concatenate(drawn), np.tile(every, times)


def fit_soft(
    model: Any,
    x: Floats,
    targets: Floats,
    *,
    epochs: int,
    batch: int,
    rate: float,
    temperature: float = 1.0,
    validation: tuple[Floats, Floats] | None = None,
    logits: bool = True,
    progress: Progress = silent,
) -> dict[str, list[float]]:
    """Train `model`, which gives `logits` or else probabilities, towards `targets`, in place.

    Adam on the cross-entropy of the softmax of logits / temperature, times temperature²,
    so that its gradient does not shrink (Hinton, Vinyals, Dean 2015). Targets are probabilities
    of the same temperature, (n, classes). Returns Keras' curves by name; the accuracy is on the
    class with the largest target, and `validation` only draws its curve.
    """
    steps = math.ceil(len(x) / batch) * epochs
    schedule = keras().optimizers.schedules.CosineDecay(
        0.0, steps - steps // 20, warmup_target=rate, warmup_steps=steps // 20
    )
    tf = tensorflow()

    def loss(wanted: Any, scores: Any) -> Any:
        # The softmax of a probability's logarithm is the probability.
        given = scores if logits else tf.math.log(tf.maximum(scores, 1e-7))
        each = tf.nn.softmax_cross_entropy_with_logits(wanted, given / temperature)
        return each * temperature**2

    model.compile(
        optimizer=keras().optimizers.Adam(schedule),
        loss=loss,
        metrics=[keras().metrics.CategoricalAccuracy(name="accuracy")],
        steps_per_execution=_STEPS,
    )

    return fitted(model, x, targets, epochs, batch, validation, progress)


def fitted(
    model: Any,
    x: Floats,
    y: Floats | Labels,
    epochs: int,
    batch: int,
    validation: tuple[Floats, Floats | Labels] | None,
    progress: Progress,
) -> dict[str, list[float]]:
    """Keras' curves by name, of `model`, which is compiled, fitted to `y` in place."""

    class _Report(keras().callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            now = logs or {}
            told = f"epoch {epoch + 1}/{epochs}  loss {now.get('loss', 0):.3f}"
            if "error" in now:
                told += f"  error {now['error']:.3g}"
            else:
                told += f"  accuracy {now.get('accuracy', 0):.1%}"
            progress(told, epoch + 1, epochs)

    said = model.fit(
        x,
        y,
        epochs=epochs,
        batch_size=batch,
        validation_data=validation,
        verbose=0,
        callbacks=[_Report()],
    ).history
    return {name: [float(value) for value in values] for name, values in said.items()}


def softened(scores: Floats, temperature: float) -> Floats:
    """The softmax of `scores` / temperature, (n, classes)."""
    z = scores / temperature
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(z / z.sum(axis=1, keepdims=True), np.float32)
