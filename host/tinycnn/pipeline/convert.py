"""A Keras model to a .tflite, by TensorFlow's converter; as a child process, see `converted`.

The converter is C++ that some layers crash (LSTM, GRU), so it has a process of its own.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinycnn._tensorflow import captured, keras, tensorflow
from tinycnn.arrays import Floats
from tinycnn.child import answering, ask
from tinycnn.errors import UserError, first_line
from tinycnn.pipeline.model import fitting
from tinycnn.progress import Progress

KINDS = ("float32", "int8")

_SECONDS = 240
"""Without a sign of life, TensorFlow's import on a busy machine included."""

_MEMORY = 0.9
"""Of this machine's."""


def converted(
    source: bytes, images: Floats, classes: int, name: str, progress: Progress, *, io: str
) -> Mapping[str, bytes]:
    """The .tflite of each of KINDS from the .keras file `source`.

    images   (n, h, w, c), whose ranges make it int8
    name     of the file, for messages

    Raises UserError if it is no model that fits, or if the converter refuses it or dies.
    """
    answer = ask(
        "tinycnn.pipeline.convert",
        name,
        str(classes),
        io,
        arrays={"keras": np.frombuffer(source, np.uint8), "images": images},
        seconds=_SECONDS,
        progress=progress,
    )
    if answer.facts and answer.facts[-1]["user"]:
        raise UserError(answer.facts[-1]["error"])
    if not answer.arrays:
        why = answer.facts[-1]["error"] if answer.facts else f"the converter {answer.died}"
        raise UserError(f"{name} cannot be converted: {why}{_hint(answer.died)}")
    return {kind: answer.arrays[kind].tobytes() for kind in KINDS}


def _hint(died: str) -> str:
    return "; layers such as LSTM and GRU do that: no firmware has ops for them" * bool(died)


def fixed_batch(model: Any, shape: tuple[int, int, int]) -> Any:
    """`model` behind an input of one image.

    With a batch of any size the converter emits SHAPE, STRIDED_SLICE and PACK for
    Flatten: three more ops and 640 bytes for a batch that a board never has.
    """
    image = keras().Input(batch_shape=(1, *shape), name="image")
    return keras().Model(image, model(image), name="tinycnn")


def convert(
    wrapped: Any,
    representative: Floats | None = None,
    *,
    io: str = "int8",
    seen: Callable[[int], None] = lambda count: None,
) -> bytes:
    """The .tflite of a model with a fixed batch of 1.

    representative   images (n, h, w, c) whose ranges make it int8; None for float32
    io               "int8" or "float": what an int8 model takes and gives
    seen             is told how many of the images the converter has asked for

    Raises UserError with the converter's words if it refuses the model.
    """
    tf = tensorflow()
    converter = tf.lite.TFLiteConverter.from_keras_model(wrapped)
    if representative is not None:
        images = representative

        def samples() -> Iterator[list[Floats]]:
            for at in range(len(images)):
                seen(at + 1)
                yield [images[at : at + 1]]

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if io == "int8":
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
    try:
        with captured(show=False):
            return bytes(converter.convert())
    except Exception as error:  # the converter raises what its C++ part says
        raise UserError(f"the model cannot be converted: {first_line(error)}") from error


def main(name: str, classes: str, io: str) -> None:
    """Convert what the parent sent."""
    with answering(_MEMORY) as reply:
        images = reply.arrays["images"]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.keras")
            path.write_bytes(reply.arrays["keras"].tobytes())
            model = fitting(path, images.shape[1:], int(classes), name=name)
        wrapped = fixed_batch(model, images.shape[1:])

        def seen(count: int) -> None:
            reply.progress("converting to int8", count, len(images) + 1)

        made = {}
        for kind, representative in zip(KINDS, (None, images), strict=True):
            reply.progress(f"converting to {kind}", 1, 1)
            made[kind] = convert(wrapped, representative, io=io, seen=seen)
        reply.give(**{kind: np.frombuffer(data, np.uint8) for kind, data in made.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
