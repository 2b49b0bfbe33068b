"""A Keras model to a .tflite, by TensorFlow's converter; as a child process, see `converted`.

The converter is C++ that some models crash, so it has a process of its own.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinycnn._tensorflow import captured, keras, tensorflow
from tinycnn.child import Answer, Reply, answering, ask
from tinycnn.errors import UserError
from tinycnn.pipeline.examples import Examples
from tinycnn.pipeline.model import call, cause, fitting, takes_of, taking
from tinycnn.progress import Progress, silent
from tinycnn.text import printable
from tinycnn.tflite.mend import mended

KINDS = ("float32", "quantized")

ACTIVATIONS = ("int8", "int16")
"""Of a quantized model; its weights are of int8 with either."""

_SECONDS = 240
"""Without a sign of life, TensorFlow's import on a busy machine included."""

_MEMORY = 0.9
"""Of this machine's."""

_AT_ONCE = 32
"""Examples that Keras runs at a time, where it may run several."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Converted:
    """What came of a Keras model.

    tflites  of each of KINDS
    keras    what Keras itself gives for the examples that compare: (n, ...) for each output
    rebuilt  the name of each layer that is another now, and a line: "layer gru (GRU) is ..."
    """

    tflites: Mapping[str, bytes]
    keras: tuple[Array, ...]
    rebuilt: tuple[tuple[str, str], ...]


def converted(
    source: bytes,
    examples: Examples,
    name: str,
    progress: Progress,
    *,
    io: str,
    activations: str = "int8",
) -> Converted:
    """The .keras file `source`, called `name`, by the ranges that it has on `examples`.

    Raises UserError, naming the layer where one can be told, if it is no model that fits, or
    if the converter refuses it or dies.
    """
    arrays = {"keras": np.frombuffer(source, np.uint8)}
    for part, which in (("ranges", examples.ranges), ("compared", examples.compared)):
        arrays |= {f"{part} {at}": each for at, each in enumerate(examples.part(which))}

    def asked(what: str) -> Answer:
        words = (what, name, str(examples.classes), io, activations)
        module = "tinycnn.pipeline.convert"
        return ask(module, *words, arrays=arrays, seconds=_SECONDS, progress=progress)

    answer = asked("convert")
    if answer.facts and answer.facts[-1].get("user"):
        raise UserError(answer.facts[-1]["error"])
    if not answer.arrays:
        why = answer.facts[-1]["error"] if answer.facts else f"the converter {answer.died}"
        way_out = "" if activations == "int8" else "; try it with --activations int8"
        raise UserError(f"{name} cannot be converted: {_at_fault(asked('look'))}{why}{way_out}")
    made = dict(answer.arrays)
    tflites = {kind: made.pop(kind).tobytes() for kind in KINDS}
    return Converted(tflites, tuple(made.values()), tuple(map(tuple, answer.facts[0]["rebuilt"])))


def _at_fault(looked: Answer) -> str:
    """The layer that was tried when a child of `_look` ended; "" if none was at fault."""
    last = looked.facts[-1] if looked.facts else {}
    return f"layer {last['layer']} ({last['kind']}): " if "layer" in last else ""


def fixed_batch(model: Any, shapes: Sequence[tuple[int, ...]]) -> Any:
    """`model` behind inputs of one example each, of `shapes`; its outputs in a row.

    With a batch of any size the converter emits SHAPE, STRIDED_SLICE and PACK for
    Flatten: three more ops and 640 bytes for a batch that a board never has.
    """
    # Numbered, so that `mended` can put them in this order again.
    names = ["image"] if len(shapes) == 1 else [f"input_{at}" for at in range(len(shapes))]
    inputs = [
        keras().Input(batch_shape=(1, *shape), name=name, dtype=takes.dtype)
        for shape, name, takes in zip(shapes, names, takes_of(model), strict=True)
    ]
    outputs = keras().tree.flatten(call(model, inputs))
    if len(shapes) == len(outputs) == 1:
        return keras().Model(inputs[0], outputs[0], name="tinycnn")
    return keras().Model(inputs, outputs, name="tinycnn")


def convert(
    wrapped: Any,
    representative: Sequence[Array] | None = None,
    *,
    io: str = "int8",
    activations: str = "int8",
    seen: Callable[[int], None] = lambda count: None,
) -> bytes:
    """The .tflite of a model with a fixed batch of 1.

    representative   (n, ...) for each input, whose ranges make it quantized; None for float32
    io               "float", or as the activations: what a quantized model takes and gives
    activations      one of ACTIVATIONS
    seen             is told how many of the examples the converter has asked for

    Raises UserError with the converter's words if it refuses the model.
    """
    tf = tensorflow()
    converter = tf.lite.TFLiteConverter.from_keras_model(wrapped)
    if representative is not None:
        inputs = representative

        def samples() -> Iterator[list[Array] | dict[str, Array]]:
            names = [tensor.name for tensor in wrapped.inputs]
            for at in range(len(inputs[0])):
                seen(at + 1)
                example = [values[at : at + 1] for values in inputs]
                # By name, for the order of several is the converter's own.
                several = len(inputs) > 1
                yield dict(zip(names, example, strict=True)) if several else example

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        sets = tf.lite.OpsSet
        ops = {
            "int8": sets.TFLITE_BUILTINS_INT8,
            "int16": sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
        }
        converter.target_spec.supported_ops = [ops[activations]]
        if io != "float":
            converter.inference_input_type = tf.as_dtype(activations)
            converter.inference_output_type = tf.as_dtype(activations)
    try:
        with captured(show=False):
            return mended(converter.convert())
    except Exception as error:  # the converter raises what its C++ part says
        raise UserError(f"the model cannot be converted: {_words(error)}") from error


def _words(error: Exception) -> str:
    """What the converter says, or of an op of TensorFlow's that it has none for its name."""
    if lacking := re.search(r'fused\["(\w+):"', str(error)):
        return (
            f"TensorFlow Lite has no op for {lacking[1]}, which Keras has for argmax or one_hot, "
            "say: leave that part to Python"
        )
    return cause(error)


def converted_here(
    model: Any,
    ranges: Sequence[Array],
    compared: Sequence[Array],
    *,
    io: str,
    activations: str = "int8",
    progress: Progress = silent,
) -> Converted:
    """As `converted`, of a Keras model of `fitting` or `taking`, in this process.

    Raises UserError with what the converter says, whose cause is what it raised; or, without
    a cause, for a layer that cannot be rebuilt.
    """
    from tinycnn.pipeline.rebuild import rebuilt

    alike, told = rebuilt(model)
    gives = _keras(model, compared)
    wrapped = fixed_batch(alike, [values.shape[1:] for values in ranges])

    def seen(count: int) -> None:
        progress(f"converting to {activations}", count, len(ranges[0]) + 1)

    made = {}
    for kind, representative in zip(KINDS, (None, ranges), strict=True):
        progress(f"converting to {kind if representative is None else activations}", 1, 1)
        made[kind] = convert(wrapped, representative, io=io, activations=activations, seen=seen)
    return Converted(made, tuple(gives), tuple(told))


def main(what: str, name: str, classes: str, io: str, activations: str) -> None:
    """ "convert" what the parent sent, or "look" for the layer for which that fails."""
    with answering(_MEMORY) as reply:
        ranges, compared = (_given(reply, part) for part in ("ranges", "compared"))
        model = _model(reply, name, [values.shape[1:] for values in ranges], int(classes))
        if what == "look":
            _look(model, activations, reply)
            return
        try:
            how = {"io": io, "activations": activations}
            made = converted_here(model, ranges, compared, **how, progress=reply.progress)
        except UserError as error:
            if error.__cause__ is None:
                raise UserError(f"{name} cannot be converted: {error}") from None
            # It may be of one layer: the parent is to look for it.
            reply.tell(error=cause(error.__cause__), user=False)
            return
        reply.tell(rebuilt=made.rebuilt)
        reply.give(
            **{kind: np.frombuffer(data, np.uint8) for kind, data in made.tflites.items()},
            **{f"keras {at}": values for at, values in enumerate(made.keras)},
        )


def _given(reply: Reply, part: str) -> list[Array]:
    count = sum(name.startswith(part) for name in reply.arrays)
    return [reply.arrays[f"{part} {at}"] for at in range(count)]


def _model(reply: Reply, name: str, shapes: Sequence[tuple[int, ...]], classes: int) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        path.write_bytes(reply.arrays["keras"].tobytes())
        if classes:
            return fitting(path, shapes[0], classes, name=name)
        return taking(path, shapes, name=name)


def _keras(model: Any, inputs: Sequence[Array]) -> list[Array]:
    """What `model` itself gives: (n, ...) for each output."""
    infer = tensorflow().function(lambda *tensors: call(model, tensors), reduce_retracing=True)
    step = _AT_ONCE if model.inputs[0].shape[0] is None else 1
    gave = []
    with captured():
        for at in range(0, len(inputs[0]), step):
            outputs = infer(*(values[at : at + step] for values in inputs))
            gave.append([np.asarray(each) for each in keras().tree.flatten(outputs)])
    return [np.concatenate(each) for each in zip(*gave, strict=True)]


def _look(model: Any, activations: str, reply: Reply) -> None:
    """Convert each layer by itself; the last fact is the one that cannot be, if there is one.

    It is told before it is tried, since trying may be the end of this process.
    """
    from tinycnn.pipeline.rebuild import rebuilt

    for layer in rebuilt(model)[0].layers:
        try:
            takes = keras().tree.flatten(layer.input)
            inputs = [keras().Input(batch_shape=(1, *t.shape[1:]), dtype=t.dtype) for t in takes]
            gives = layer(inputs if isinstance(layer.input, list) else inputs[0])
            alone = keras().Model(inputs, gives)
        except Exception:  # shared by several places, say: it cannot be looked at by itself
            continue
        kind = type(getattr(layer, "stands_for", layer)).__name__
        reply.tell(layer=printable(layer.name), kind=kind)
        drawn = np.random.default_rng(1)
        given = [drawn.random((10, *t.shape[1:])).astype(t.dtype) for t in takes]
        try:
            convert(alone)
            convert(alone, given, io=activations, activations=activations)
        except UserError:
            return
    reply.tell(none=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
