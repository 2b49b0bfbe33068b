"""Layers as the converter can take them: with the same weights, in ops that boards have.

As Keras runs recurrent layers they are loops, over lists of tensors, and quantizing those kills
the converter. It knows one of them: a function that says it is Keras 2's LSTM becomes a single
op, UNIDIRECTIONAL_SEQUENCE_LSTM. The others are unrolled: each step has ops of its own.
An Embedding is made a plain lookup, without Keras's care for negative indices, and what repeats
values a RESIZE_NEAREST_NEIGHBOR instead of TILE.

Imported in the converter's process alone, since it needs TensorFlow to be there.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

from tinycnn._tensorflow import captured, keras, tensorflow
from tinycnn.errors import UserError, first_line
from tinycnn.pipeline.model import layers_in

_LAYER: Any = keras().layers.Layer

_LOOPS = ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_RECURRENT = (*_LOOPS, "Bidirectional", "TimeDistributed")
_REPEATING = ("UpSampling2D", "UpSampling1D", "RepeatVector")
_REBUILT = (*_RECURRENT, *_REPEATING, "Embedding")

_COUNT = count()
"""The converter takes functions of one name for one."""

_ONE_OP = "is one op, whose state lasts on a board until reset()"
_UNROLLED = "has no op of its own and is unrolled"
_BATCH = "has its steps as a batch"


def rebuilt(model: Any) -> tuple[Any, list[tuple[str, str]]]:
    """`model` with such layers rebuilt; the name of each recurrent one, and a line that says how.

    `model` itself if it has none. Its other layers are shared. Raises UserError, naming
    the layer, for one that cannot be rebuilt.
    """
    if not any(_kind(layer) in _REBUILT for layer in layers_in(model)):
        return model, []
    for layer in layers_in(model):
        if _kind(layer) == "Masking" or getattr(layer, "mask_zero", False):
            raise UserError(
                f"{_named(layer)} masks steps, which no op of a board can skip: "
                "train it on series of one length, without a mask"
            )
    told: list[tuple[str, str]] = []

    def changed(layer: Any) -> Any:
        if _kind(layer) not in _REBUILT:
            return layer
        if _kind(layer) == "Embedding":
            return _Lookup(layer)
        if _kind(layer) in _REPEATING:
            smooth = getattr(layer, "interpolation", "nearest") != "nearest"
            return layer if smooth else _Repeat(layer)
        made, how = _without_loops(layer)
        told.append((layer.name, f"{_named(layer)} {how}"))
        return made

    with captured(show=False):
        made = keras().models.clone_model(model, clone_function=changed, recursive=True)
    return made, told


def _kind(layer: Any) -> str:
    return type(layer).__name__


def _named(layer: Any) -> str:
    return f"layer {layer.name} ({_kind(layer)})"


def _without_loops(layer: Any) -> tuple[Any, str]:
    """What computes the same without a loop, and how that is."""
    if _kind(layer) == "TimeDistributed":
        for inner in (layer.layer, *layers_in(layer.layer)):
            if _kind(inner) in _RECURRENT:
                raise UserError(
                    f"{_named(layer)} has {_named(inner)} in it, which cannot be rebuilt there"
                )
        return _Steps(layer), _BATCH
    if _kind(layer) == "Bidirectional":
        ways = [layer.forward_layer, layer.backward_layer]
        if any(way.return_state for way in ways):
            raise UserError(f"{_named(layer)} gives its states, which cannot be rebuilt")
        made = [_without_loops(way) for way in ways]
        how = made[0][1].replace("one op", "one op each way")
        return _BothWays(layer, [way for way, _ in made]), how
    if layer.stateful:
        raise UserError(
            f"{_named(layer)} is stateful: save the model with stateful=False; on a board "
            "the state of an LSTM lasts until reset() all the same"
        )
    if _is_keras_2s(layer):
        return _Fused(layer), _ONE_OP
    try:
        unrolled = type(layer).from_config(_at_rest(layer.get_config()) | {"unroll": True})
        unrolled.build_from_config(layer.get_build_config())
        unrolled.set_weights(layer.get_weights())
    except Exception as error:  # Keras raises whatever its parts raise
        raise UserError(f"{_named(layer)} cannot be unrolled: {first_line(error)}") from None
    return unrolled, _UNROLLED


def _at_rest(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a layer, and of cells in it, without dropout.

    Keras draws its masks whether it trains or not, from a state that changes.
    """

    def changed(name: str, value: Any) -> Any:
        if name in ("dropout", "recurrent_dropout"):
            return 0.0
        if isinstance(value, list):
            return [changed("", each) for each in value]
        return _at_rest(value) if isinstance(value, dict) else value

    return {name: changed(name, value) for name, value in config.items()}


def _is_keras_2s(layer: Any) -> bool:
    """Whether the op computes what this layer does: it has no other activations or states."""
    return (
        _kind(layer) == "LSTM"
        and layer.activation.__name__ == "tanh"
        and layer.recurrent_activation.__name__ == "sigmoid"
        and not layer.return_state
        and all(len(node.input_tensors) == 1 for node in layer._inbound_nodes)
    )


class _Instead(_LAYER):  # type: ignore[misc]
    """Stands where the layer `stands_for` stood."""

    def __init__(self, layer: Any) -> None:
        super().__init__(name=layer.name)
        self.stands_for = layer

    def compute_output_shape(self, shape: Any) -> Any:
        return self.stands_for.compute_output_shape(shape)

    def call(self, x: Any, mask: Any = None, training: Any = None) -> Any:
        """A layer in several places is called with all that Keras's own takes; no mask is left."""
        return self.gives(x)

    def gives(self, x: Any) -> Any:
        raise NotImplementedError


class _Fused(_Instead):
    """An LSTM that the converter makes one op of.

    It goes by a function's attributes and the order of its arguments (TensorFlow's
    compiler/mlir/lite/transforms/prepare_composite_functions_tf.cc) and puts the op in its
    place: what the function computes does not matter, and it is nothing here.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        kernel, recurrent, *bias = (np.asarray(each) for each in layer.get_weights())
        none = np.zeros(4 * layer.units, np.float32)
        self._arguments = (kernel, recurrent, *(bias or [none]))

    def gives(self, x: Any) -> Any:
        tf, units = tensorflow(), self.stands_for.units

        def standard_lstm(x: Any, h: Any, c: Any, *weights: Any) -> Any:
            return h, tf.zeros((*x.shape[:2], units)), h, c, tf.constant(0.0)

        attributes = {
            "api_implements": f"lstm_{next(_COUNT)}",
            "api_preferred_device": "CPU",
            "time_major": False,
            "go_backwards": self.stands_for.go_backwards,
        }
        function = tf.function(standard_lstm, autograph=False, experimental_attributes=attributes)
        if x.shape[0] is None:  # being built: shapes alone
            return tf.zeros(self.stands_for.compute_output_shape((1, *x.shape[1:])))
        start = tf.zeros((x.shape[0], units))
        outputs = function(x, start, start, *map(tf.constant, self._arguments))[1]
        return outputs if self.stands_for.return_sequences else outputs[:, -1]


class _BothWays(_Instead):
    """A Bidirectional of layers that are rebuilt."""

    def __init__(self, layer: Any, ways: list[Any]) -> None:
        super().__init__(layer)
        self._ways = ways

    def gives(self, x: Any) -> Any:
        ops = keras().ops
        a, b = (way(x) for way in self._ways)
        if self.stands_for.return_sequences:
            b = ops.flip(b, axis=1)
        match self.stands_for.merge_mode:
            case "concat":
                return ops.concatenate([a, b], axis=-1)
            case "sum":
                return a + b
            case "mul":
                return a * b
            case "ave":
                return (a + b) / 2
        return [a, b]


class _Steps(_Instead):
    """A TimeDistributed whose steps are a batch of the layer in it."""

    def gives(self, x: Any) -> Any:
        ops = keras().ops
        made = self.stands_for.layer(ops.reshape(x, (-1, *x.shape[2:])), training=False)
        return ops.reshape(made, (-1, x.shape[1], *made.shape[1:]))


class _Lookup(_Instead):
    """An Embedding, for indices that are in its table."""

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        self._table = np.asarray(layer.embeddings)

    def gives(self, x: Any) -> Any:
        return tensorflow().gather(self._table, tensorflow().cast(x, "int32"))


class _Repeat(_Instead):
    """An UpSampling1D or 2D that repeats values, or a RepeatVector."""

    def gives(self, x: Any) -> Any:
        _, *sides, channels = x.shape
        if _kind(self.stands_for) == "RepeatVector":
            by = [self.stands_for.n]
        else:
            by = list(np.atleast_1d(self.stands_for.size))
        height, width = [*sides, 1, 1][:2]
        larger = [height * by[0], width * [*by, 1][1]]
        image = keras().ops.reshape(x, (-1, height, width, channels))
        made = tensorflow().image.resize(image, larger, method="nearest")
        return keras().ops.reshape(made, (-1, *larger[: len(by)], channels))
