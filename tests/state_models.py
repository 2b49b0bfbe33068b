"""TFLite models by hand of the ops that keep a state: part of the corpus.

The converter makes them only of Keras 2 and of research code.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tflite_models import FLOAT32, INT8, INT16, INT32, OP, Tensor, one_op, schema

SEED = 5
STEPS, DEPTH, UNITS = 4, 3, 5


def lstm_options(*, time_major: bool = False, clip: float = 0.0) -> Any:
    options = schema.UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.TANH
    options.timeMajor, options.cellClip = time_major, clip
    return options


_INTERMEDIATES = [
    *[Tensor([0], INT16, scale=2.0**-12)] * 4,
    Tensor([0], INT8, scale=1 / 128, zero_point=3),
]
"""LiteRT takes from them how sums of the gates, and the hidden state, are quantized."""


def lstm(
    type_: int, *, batch: int = 1, time_major: bool = False, clip: float = 0.0, steps: int = STEPS
) -> bytes:
    """UNIDIRECTIONAL_SEQUENCE_LSTM of float32 or int8, as Keras 2 makes it."""
    random = np.random.default_rng(SEED)
    real = type_ == FLOAT32

    def weights(depth: int) -> Tensor:
        values = random.normal(0, 0.6, (UNITS, depth))
        if real:
            return Tensor([UNITS, depth], FLOAT32, values)
        scale = float(np.abs(values).max() / 127)
        return Tensor([UNITS, depth], INT8, np.rint(values / scale), scale)

    def bias(scale: float) -> Tensor:
        values = random.normal(0, 0.5, UNITS)
        if real:
            return Tensor([UNITS], FLOAT32, values)
        return Tensor([UNITS], INT32, np.rint(values / scale), scale)

    def ends(depth: int, scale: float, zero: int) -> Tensor:
        shape = [steps, batch, depth] if time_major else [batch, steps, depth]
        return Tensor(shape, type_, None, None if real else scale, zero)

    x = ends(DEPTH, 1 / 32, -5)
    inward = [weights(DEPTH) for _ in range(4)]
    around = [weights(UNITS) for _ in range(4)]
    biases = [bias(1 / 32 * float(np.max(each.scale or 1))) for each in inward]
    hidden, cell = (Tensor([batch, UNITS], type_, variable=True) for _ in range(2))
    if not real:
        hidden.scale, hidden.zero_point = 1 / 128, 3
        cell.type, cell.scale = INT16, 2.0**-11
    return one_op(
        OP.UNIDIRECTIONAL_SEQUENCE_LSTM,
        [x, *inward, *around, *[None] * 3, *biases, *[None] * 2, hidden, cell, *[None] * 4],
        ends(UNITS, 1 / 128, 3),
        lstm_options(time_major=time_major, clip=clip),
        version=1 if real else 2,
        intermediates=() if real else _INTERMEDIATES,
    )


def svdf(type_: int, state: int, *, batch: int = 1, rank: int = 2, steps: int = 6) -> bytes:
    """SVDF of float32, or int8 with a state of int8 or int16."""
    random = np.random.default_rng(SEED)
    real = type_ == FLOAT32
    filters = UNITS * rank
    features = random.normal(0, 0.6, (filters, DEPTH))
    times = random.normal(0, 0.4, (filters, steps))
    biases = random.normal(0, 0.3, UNITS)
    most = 127 if state == INT8 else 32767
    scales = {"features": 1 / 64, "times": 2 / most, "state": 8 / most, "y": 1 / 24}
    scales["bias"] = scales["state"] * scales["times"]

    def constant(name: str, kind: int, values: Any) -> Tensor:
        if real:
            return Tensor(values.shape, FLOAT32, values)
        limits = np.iinfo({INT8: np.int8, INT16: np.int16, INT32: np.int32}[kind])
        raw = np.clip(np.rint(values / scales[name]), limits.min, limits.max)
        return Tensor(values.shape, kind, raw, scales[name])

    options = schema.SVDFOptionsT()
    options.rank = rank
    relu, none = schema.ActivationFunctionType.RELU, schema.ActivationFunctionType.NONE
    options.fusedActivationFunction = none if real else relu
    kept = Tensor([batch, filters * steps], state, variable=True)
    if not real:
        kept.scale = scales["state"]
    return one_op(
        OP.SVDF,
        [
            Tensor([batch, DEPTH], type_, None, None if real else 1 / 32, 0 if real else 4),
            constant("features", INT8, features),
            constant("times", state, times),
            constant("bias", INT32, biases),
            kept,
        ],
        Tensor([batch, UNITS], type_, None, None if real else scales["y"], 0 if real else -128),
        options,
        version=1 if real else 3,
    )


def states_by_hand() -> dict[str, bytes]:
    """By names that end with _f for float, _q for int8, like those of the converter."""
    made = {}
    for kind, type_ in (("f", FLOAT32), ("q", INT8)):
        made[f"lstm_{kind}"] = lstm(type_)
        made[f"lstm_clip_{kind}"] = lstm(type_, clip=0.4)
        made[f"lstm_batch_{kind}"] = lstm(type_, batch=2)
        made[f"lstm_time_major_{kind}"] = lstm(type_, batch=2, time_major=True)
        made[f"lstm_one_step_{kind}"] = lstm(type_, steps=1)
        made[f"svdf_{kind}"] = svdf(type_, FLOAT32 if type_ == FLOAT32 else INT16)
        made[f"svdf_batch_{kind}"] = svdf(type_, FLOAT32 if type_ == FLOAT32 else INT16, batch=3)
        made[f"svdf_rank_1_{kind}"] = svdf(type_, FLOAT32 if type_ == FLOAT32 else INT16, rank=1)
    return made


SMALL_STATE = svdf(INT8, INT8)
"""Not of the corpus: LiteRT takes any state for int16, and reads outside of this one."""
