"""The models whose instructions are counted: what people run on a microcontroller.

No training is needed to count: weights are drawn with fixed seeds, sized so that values
neither vanish nor saturate, and no bias is 0. Shapes and layers are those of the networks.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinycnn._tensorflow import captured, keras
from tinycnn.arrays import Floats
from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.errors import UserError
from tinycnn.files import BUILD, MODEL_SUFFIX, ROOT, read_bytes
from tinycnn.pipeline.convert import converted
from tinycnn.pipeline.examples import Examples
from tinycnn.pipeline.model import Shape, build_article
from tinycnn.progress import Progress, silent
from tinycnn.tflite.check import need_runnable
from tinycnn.tflite.macs import count_macs
from tinycnn.tflite.slim import slim

FOLDER = BUILD / "bench"

_SHIPPED = ROOT / "device" / "digits.tflite"
_PROFILE = "cnn"  # the ops of what is built to count on
_IMAGES = 16  # by which ranges are chosen


@dataclass(frozen=True)
class Model:
    """A .tflite to count."""

    name: str
    data: bytes

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an inference."""
        return count_macs(self.data)


def _article() -> Any:
    """The article's."""
    return build_article((8, 8, 1), 10)


def _ds_cnn() -> Any:
    """MLPerf Tiny's keyword spotting: a depthwise separable network."""
    layers = keras().layers
    stack = [layers.Conv2D(64, (10, 4), strides=2, padding="same", activation="relu")]
    for _ in range(4):
        stack += [
            layers.DepthwiseConv2D((3, 3), padding="same", activation="relu"),
            layers.Conv2D(64, (1, 1), activation="relu"),
        ]
    stack += [layers.AveragePooling2D((25, 5)), layers.Flatten(), _probabilities(12)]
    return _network((49, 10, 1), stack)


def _mobilenet() -> Any:
    """MobileNetV1 with a quarter of the channels, as for `is somebody in the picture?`."""
    layers = keras().layers
    stack = [layers.Conv2D(8, (3, 3), strides=2, padding="same", activation="relu")]
    for stride, filters in (
        (1, 16), (2, 32), (1, 32), (2, 64), (1, 64), (2, 128),
        (1, 128), (1, 128), (1, 128), (1, 128), (1, 128), (2, 256), (1, 256),
    ):  # fmt: skip
        stack += [
            layers.DepthwiseConv2D((3, 3), strides=stride, padding="same", activation="relu"),
            layers.Conv2D(filters, (1, 1), activation="relu"),
        ]
    stack += [layers.AveragePooling2D((3, 3)), layers.Flatten(), _probabilities(2)]
    return _network((96, 96, 1), stack)


def _micro_speech() -> Any:
    """TFLM's first example: a depthwise convolution of one channel into eight."""
    layers = keras().layers
    return _network(
        (49, 40, 1),
        [
            layers.DepthwiseConv2D(
                (10, 8), strides=2, padding="same", depth_multiplier=8, activation="relu"
            ),
            layers.Flatten(),
            _probabilities(4),
        ],
    )


def _motion() -> Any:
    """Two and a half seconds of an accelerometer's three axes, in one dimension."""
    layers = keras().layers
    return _network(
        (128, 3, 1),
        [
            layers.Reshape((128, 3)),
            layers.Conv1D(16, 5, padding="same", activation="relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(16, 5, padding="same", activation="relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling1D(2),
            layers.Flatten(),
            _probabilities(6),
        ],
    )


def _cifar() -> Any:
    """Small colour pictures."""
    layers = keras().layers
    return _network(
        (32, 32, 3),
        [
            layers.Conv2D(16, (5, 5), padding="same", activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(16, (5, 5), padding="same", activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(24, (3, 3), padding="same", activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(10),
        ],
    )


def _mnist() -> Any:
    """Handwritten digits in 28x28, strides in the place of pools."""
    layers = keras().layers
    return _network(
        (28, 28, 1),
        [
            layers.Conv2D(4, (3, 3), strides=2, activation="relu"),
            layers.Conv2D(8, (3, 3), strides=2, activation="relu"),
            layers.Conv2D(16, (3, 3), strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ],
    )


def _probabilities(classes: int) -> Any:
    return keras().layers.Dense(classes, activation="softmax")


def _network(shape: Shape, layers: list[Any]) -> Any:
    return keras().Sequential([keras().Input(shape, name="image"), *layers])


NETWORKS: dict[str, Callable[[], Any]] = {
    "article": _article,
    "ds-cnn": _ds_cnn,
    "mobilenet": _mobilenet,
    "micro-speech": _micro_speech,
    "motion": _motion,
    "cifar": _cifar,
    "mnist": _mnist,
}
"""The rows that are made here, by name."""

NAMES = ("article", "digits", *(name for name in NETWORKS if name != "article"))
"""All rows, in the table's order; digits is the model that ships."""


def model_named(name: str, progress: Progress = silent) -> Model:
    """The row called `name`, of NAMES; made if it is not kept in build/bench/."""
    data = read_bytes(_SHIPPED) if name == "digits" else _kept(name, progress)
    return Model(name, data)


def read_model(path: Path) -> Model:
    """The user's model in `path`.

    Raises UserError if it cannot be read, or if what is built to count on does not run it:
    it has the ops of the profile cnn, and the model has one input and one output.
    """
    data = read_bytes(path)
    found = need_runnable(data, path)
    if lacking := found.lacking(_PROFILE):
        raise UserError(
            f"cannot count {path}: it needs {', '.join(lacking)}, and the firmware that is "
            f"counted on has --ops {_PROFILE}"
        )
    if (ends := (len(found.inputs), len(found.outputs))) != (1, 1):
        raise UserError(
            f"cannot count {path}: it has {ends[0]} inputs and {ends[1]} outputs, not one of each"
        )
    return Model(path.stem, data)


def _kept(name: str, progress: Progress) -> bytes:
    packages = ("tensorflow", "keras", "flatbuffers", "ai-edge-litert", "numpy")
    key = key_of(name, code=__name__, packages=packages)
    record, file = FOLDER / f"{name}.json", f"{name}{MODEL_SUFFIX}"
    if (found := find(record, key)) is None:
        found = Kept(key, {}, {file: _made(name, progress)})
        keep(record, found)
    return found.files[file]


def _made(name: str, progress: Progress) -> bytes:
    progress(f"making {name}", 0, 0)
    generator = np.random.default_rng(list(name.encode()))
    with captured(), tempfile.TemporaryDirectory() as folder:
        model = NETWORKS[name]()
        for layer in model.layers:
            layer.set_weights([_drawn(weight.shape, layer, generator) for weight in layer.weights])
        path = Path(folder, "model.keras")
        model.save(path)
        source = read_bytes(path)
    images = generator.random((_IMAGES, *model.input_shape[1:]), np.float32)
    classes, every = model.output_shape[-1], slice(None)
    examples = Examples(name, (images,), None, every, slice(1), classes, 1.0, "")
    return slim(converted(source, examples, name, progress, io="int8").tflites["quantized"])


def _drawn(shape: tuple[int, ...], layer: Any, generator: np.random.Generator) -> Floats:
    """Weights of a standard deviation by which a relu keeps the size of values, small biases."""
    deviation = 0.05
    if len(shape) > 1:
        depthwise = hasattr(layer, "depth_multiplier")
        taps = math.prod(shape[:2]) if depthwise else math.prod(shape[:-1])
        deviation = math.sqrt(2 / taps)
    return generator.normal(0, deviation, shape).astype(np.float32)
