"""Small Keras networks as people write them, with data for each; random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn._tensorflow import keras

COUNT = 40


@dataclass(frozen=True)
class Network:
    """How to build one, and what it takes; `unrolled` or `fused` has the layers that became so."""

    build: Callable[[], Any]
    arrays: dict[str, npt.NDArray[Any]]
    fused: int = 0
    unrolled: int = 0


def drawn(*shape: int, scale: float = 1.0) -> npt.NDArray[np.float64]:
    """float64, as most people's arrays are."""
    return scale * np.random.default_rng(shape).normal(size=(COUNT, *shape))


def _stack(shape: tuple[int, ...], *layers: Callable[[], Any], **facts: Any) -> Network:
    def build() -> Any:
        return keras().Sequential([keras().Input(shape), *(make() for make in layers)])

    return Network(build, {"x": drawn(*shape)}, **facts)


def _model(inputs: Any, outputs: Any) -> Any:
    return keras().Model(inputs, outputs)


def _dense(units: int, activation: str | None = None) -> Callable[[], Any]:
    return lambda: keras().layers.Dense(units, activation=activation)


def _layer(kind: str, *args: Any, **words: Any) -> Callable[[], Any]:
    return lambda: getattr(keras().layers, kind)(*args, **words)


def _both_ways(kind: str, *args: Any, **words: Any) -> Callable[[], Any]:
    return lambda: keras().layers.Bidirectional(_layer(kind, *args, **words)())


def _each_step(make: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: keras().layers.TimeDistributed(make())


def _two_inputs() -> Any:
    """In an order that is not that of their names, with ranges that differ."""
    first, second = keras().Input((6,), name="zebra"), keras().Input((6,), name="ant")
    joined = [_dense(4, "relu")()(first), _dense(4, "tanh")()(second)]
    return _model([first, second], _dense(2)()(keras().layers.Concatenate()(joined)))


def _twelve_inputs() -> Any:
    """More than one digit counts. Each is another part of the output."""
    inputs = [keras().Input((2,)) for _ in range(12)]
    halves = [keras().layers.Concatenate()(inputs[at : at + 6]) for at in (0, 6)]
    return _model(inputs, keras().layers.Concatenate()(halves))


def _three_outputs() -> Any:
    x = keras().Input((8,))
    h = _dense(8, "relu")()(x)
    heads = {"zebra": 3, "ant": 2, "mole": 2}
    return _model(x, [keras().layers.Dense(n, name=name)(h) for name, n in heads.items()])


def _residual() -> Any:
    layers = keras().layers
    x = keras().Input((10, 10, 3))
    h = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    h = layers.ReLU()(layers.Add()([h, layers.Conv2D(4, 3, padding="same")(h)]))
    return _model(x, _dense(3)()(layers.GlobalAveragePooling2D()(h)))


def _attention() -> Any:
    layers = keras().layers
    x = keras().Input((6, 8))
    h = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)]))
    return _model(x, _dense(3)()(layers.GlobalAveragePooling1D()(h)))


def _states() -> Any:
    """An encoder and a decoder: the op has no states to give or to take."""
    layers = keras().layers
    x = keras().Input((4, 3))
    last, h, c = layers.LSTM(4, return_state=True)(x)
    y = layers.LSTM(4)(layers.RepeatVector(2)(last), initial_state=[h, c])
    return _model(x, _dense(2)()(y))


def _shared() -> Any:
    a, b, lstm = keras().Input((5, 3)), keras().Input((5, 3)), keras().layers.LSTM(4)
    return _model([a, b], _dense(1)()(keras().layers.Concatenate()([lstm(a), lstm(b)])))


def _embedding() -> Any:
    layers = keras().layers
    stack = [layers.Embedding(20, 6), layers.GlobalAveragePooling1D(), layers.Dense(3)]
    return keras().Sequential([keras().Input((7,)), *stack])


_SERIES = (12, 3)
_IMAGE = (10, 10, 3)

NETWORKS: dict[str, Network] = {
    "mlp": _stack((16,), _dense(16, "relu"), _layer("Dropout", 0.2), _dense(3, "softmax")),
    "regression": _stack((1,), _dense(16, "relu"), _dense(16, "tanh"), _dense(1)),
    "binary": _stack((8,), _dense(8, "elu"), _dense(1, "sigmoid")),
    "autoencoder": _stack((12,), _dense(8, "relu"), _dense(3), _dense(8, "relu"), _dense(12)),
    "images to images": _stack(
        (8, 8, 1),
        _layer("Conv2D", 4, 3, strides=2, padding="same", activation="relu"),
        _layer("Conv2DTranspose", 4, 3, strides=2, padding="same"),
        _layer("UpSampling2D"),
    ),
    "Conv1D": _stack(
        (24, 3),
        _layer("Conv1D", 6, 3, padding="causal", dilation_rate=2, activation="relu"),
        _layer("MaxPooling1D"),
        _layer("Conv1D", 6, 3, activation="relu"),
        _layer("GlobalMaxPooling1D"),
        _dense(3),
    ),
    "separable": _stack(
        _IMAGE,
        _layer("SeparableConv2D", 6, 3, use_bias=False),
        _layer("BatchNormalization"),
        _layer("ReLU", 6.0),
        _layer("DepthwiseConv2D", 3),
        _layer("LeakyReLU"),
        _layer("GlobalMaxPooling2D"),
        _dense(3),
        _layer("Softmax"),
    ),
    "groups": _stack(
        (8, 8, 4),
        _layer("Conv2D", 8, 3, groups=2, activation="relu"),
        _layer("Conv2D", 8, 3, groups=8, strides=2),
        _layer("Flatten"),
        _dense(3),
    ),
    "dense on a series": _stack(_SERIES, _dense(6, "relu"), _layer("Flatten"), _dense(2)),
    "two inputs": Network(_two_inputs, {"x0": drawn(6), "x1": drawn(6, scale=9)}),
    "inputs by name": Network(_two_inputs, {"ant": drawn(6, scale=9), "zebra": drawn(6)}),
    "twelve inputs": Network(_twelve_inputs, {f"x{at}": drawn(2) + at for at in range(12)}),
    "three outputs": Network(_three_outputs, {"x": drawn(8)}),
    "repeated": _stack(
        (6,),
        _layer("RepeatVector", 4),
        _layer("Conv1D", 3, 3, padding="same"),
        _layer("UpSampling1D", 3),
    ),
    "residual": Network(_residual, {"x": drawn(*_IMAGE)}),
    "attention": Network(_attention, {"x": drawn(6, 8)}),
    "PReLU": _stack((8,), _dense(6), _layer("PReLU", "uniform"), _dense(2)),
    "activations": _stack(
        (8,),
        *(_dense(6, name) for name in ("gelu", "selu", "softplus", "mish", "softsign", "silu")),
        _dense(3, "log_softmax"),
    ),
    "norms": _stack(
        (6, 6, 4),
        _layer("GroupNormalization", 2),
        _layer("LayerNormalization"),
        _layer("UnitNormalization"),
        _layer("Flatten"),
        _dense(2),
    ),
    "rescaled bytes": Network(
        lambda: keras().Sequential(
            [
                keras().Input((6, 6, 1), dtype="uint8"),
                keras().layers.Rescaling(1 / 255),
                keras().layers.Conv2D(4, 3, activation="relu"),
                keras().layers.Flatten(),
                keras().layers.Dense(2),
            ]
        ),
        {"x": np.random.default_rng(1).integers(0, 256, (COUNT, 6, 6), np.uint8)},
    ),
    "any size": Network(
        lambda: keras().Sequential(
            [
                keras().Input((None, None, 3)),
                keras().layers.Conv2D(4, 3),
                keras().layers.GlobalAveragePooling2D(),
            ]
        ),
        {"x": drawn(*_IMAGE)},
    ),
    "a fixed batch": Network(
        lambda: keras().Sequential(
            [keras().Input(batch_shape=(32, 6)), keras().layers.Dense(4, activation="relu")]
        ),
        {"x": drawn(6)},
    ),
    "Embedding": Network(_embedding, {"x": np.random.default_rng(1).integers(0, 20, (COUNT, 7))}),
    "LSTM": _stack(_SERIES, _layer("LSTM", 8, use_bias=False), _dense(3), fused=1),
    "stacked LSTM": _stack(
        _SERIES,
        _layer("LSTM", 8, return_sequences=True),
        _layer("LSTM", 6),
        _dense(3),
        fused=2,
    ),
    "LSTM both ways": _stack(
        _SERIES,
        _both_ways("LSTM", 6, return_sequences=True),
        _both_ways("LSTM", 4),
        _dense(3),
        fused=2,
    ),
    "shared LSTM": Network(_shared, {"x0": drawn(5, 3), "x1": drawn(5, 3, scale=2)}, fused=1),
    "LSTM with states": Network(_states, {"x": drawn(4, 3)}, unrolled=2),
    "GRU": _stack(
        (5, 3),
        _layer("GRU", 6, return_sequences=True, dropout=0.2, recurrent_dropout=0.2),
        _each_step(_dense(2, "softmax")),
        unrolled=1,
    ),
    "SimpleRNN both ways": _stack((5, 3), _both_ways("SimpleRNN", 4), _dense(2), unrolled=1),
    "images over time": _stack(
        (3, 6, 6, 1),
        _each_step(_layer("Conv2D", 3, 3, activation="relu")),
        _each_step(_layer("Flatten")),
        _layer("LSTM", 4),
        fused=1,
    ),
}
