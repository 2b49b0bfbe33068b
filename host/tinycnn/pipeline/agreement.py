"""How far an int8 model is from the Keras model that it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn.errors import UserError
from tinycnn.pipeline.score import Score
from tinycnn.tflite.read import TFLite
from tinycnn.tflite.run import run, to_real

Array = npt.NDArray[Any]

_ROUNDING = 0.01
"""Of an output's range: float32 .tflite and Keras are far nearer than that."""


@dataclass(frozen=True)
class Apart:
    """What two models give at one output: the mean absolute difference, and Keras's range."""

    mean: float
    range: float

    @property
    def share(self) -> float:
        """The difference as a share of the range; 0 if nothing varies."""
        return self.mean / self.range if self.range else 0.0

    def __str__(self) -> str:
        return f"{self.mean:.3g} off Keras in the mean, {self.share:.2%} of the output's range"


@dataclass(frozen=True)
class Agreement:
    """Keras and int8 on so many `examples`.

    outputs  how far they are apart, at each
    right    if what is right are classes: what Keras and int8 get right
    errors   if it is what the output should be: the mean absolute error of Keras and of int8
    """

    examples: int
    outputs: tuple[Apart, ...]
    right: tuple[Score, Score] | None = None
    errors: tuple[float, float] | None = None

    def __str__(self) -> str:
        return self.told("int8")

    def told(self, kind: str) -> str:
        """In words, of a model with activations of that kind."""
        on = f"on {self.examples:,} examples"
        if self.right:
            keras, ours = (f"{score.accuracy:.2%}" for score in self.right)
            return f"{kind} gets {ours} right {on}, Keras {keras}"
        apart = [str(self.outputs[0])]
        if len(self.outputs) > 1:
            apart = [f"{each} (output {at})" for at, each in enumerate(self.outputs)]
        told = f"{kind} is {', '.join(apart)} {on}"
        if self.errors:
            keras, int8 = (f"{error:.3g}" for error in self.errors)
            told += f"; the mean absolute error to y is {int8}, Keras's {keras}"
        return told

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> Agreement:
        """Of what asdict() made, as JSON gives it back."""
        right, errors = facts["right"], facts["errors"]
        return cls(
            facts["examples"],
            tuple(Apart(**each) for each in facts["outputs"]),
            None if right is None else (Score(**right[0]), Score(**right[1])),
            None if errors is None else (errors[0], errors[1]),
        )


def agreement(
    int8: TFLite,
    keras: Sequence[Array],
    x: Sequence[Array],
    y: Array | None,
    *,
    regression: bool = False,
) -> Agreement:
    """Compare `int8`, run on x, with what `keras` gave for it.

    keras   (n, ...) for each output
    x, y    (n, ...) for each input; what is right for the only output, or None
    regression  y are no classes, whatever they look like

    Raises UserError if Keras gave NaN or infinity, or if a model cannot be run.
    """
    if not all(np.isfinite(each).all() for each in keras):
        raise UserError("the model gives NaN or infinity for these data: look at its weights")
    ours = _values(int8, x)
    outputs = tuple(_apart(*pair) for pair in zip(keras, ours, strict=True))
    right = errors = None
    if y is not None and len(keras) == 1:
        right = None if regression else _right(keras[0], ours[0], y)
        if right is None and y.size == keras[0].size:
            wanted = y.reshape(keras[0].shape).astype(np.float64)
            error, other = (float(np.abs(each - wanted).mean()) for each in (keras[0], ours[0]))
            errors = error, other
    return Agreement(len(x[0]), outputs, right, errors)


def need_same(float32: TFLite, keras: Sequence[Array], x: Sequence[Array]) -> None:
    """Raise UserError unless the converter's float32 model gives what Keras does."""
    for at, (theirs, ours) in enumerate(zip(keras, _values(float32, x), strict=True)):
        apart = _apart(theirs, ours)
        if ours.shape != theirs.shape or apart.mean > _ROUNDING * max(apart.range, 1e-6):
            raise UserError(
                f"the model cannot be converted: at output {at} the converter's float32 model "
                f"is {apart}"
            )


def _values(model: TFLite, x: Sequence[Array]) -> list[Array]:
    (found,) = run(model, x, ["litert"])
    pairs = zip(found.every, model.outputs, strict=True)
    return [to_real(raw, tensor).astype(np.float64) for raw, tensor in pairs]


def _apart(keras: Array, ours: Array) -> Apart:
    if keras.size != ours.size:
        return Apart(float("inf"), 0.0)
    wanted = keras.astype(np.float64)
    mean = float(np.abs(wanted - ours.reshape(wanted.shape)).mean())
    return Apart(mean, float(np.ptp(wanted)))


def _right(keras: Array, ours: Array, y: Array) -> tuple[Score, Score] | None:
    """What both get right, if `y` are classes of what they give: scores in the last dimension."""
    classes = keras.shape[-1]
    if y.shape == keras.shape and classes > 1 and _one_hot(y):
        y = y.argmax(axis=-1)
    if y.size * classes != keras.size or (y != np.floor(y)).any() or y.min() < 0:
        return None
    if classes == 1:
        if y.max() > 1:
            return None
        # One score says how much it is the second class: a probability, or a logit.
        half = 0.5 if keras.min() >= 0 and keras.max() <= 1 else 0.0
        picked = [(each > half).ravel() for each in (keras, ours)]
    elif y.max() < classes:
        picked = [each.argmax(axis=-1).ravel() for each in (keras, ours)]
    else:
        return None
    first, second = (Score(int((each == y.ravel()).sum()), y.size) for each in picked)
    return first, second


def _one_hot(y: Array) -> bool:
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=-1) == 1).all())
