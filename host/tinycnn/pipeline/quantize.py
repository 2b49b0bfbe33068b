"""Conversion: a trained Keras model to float32 and int8 .tflite, and C headers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinycnn._tensorflow import captured, keras, tensorflow
from tinycnn.arrays import Floats
from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.errors import UserError, first_line
from tinycnn.files import read_bytes, update_metrics
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.model import check_fits, load_model
from tinycnn.pipeline.train import TrainedModel
from tinycnn.progress import Progress, silent
from tinycnn.tflite.c_header import c_header
from tinycnn.tflite.read import TFLite, inspect_tflite
from tinycnn.tflite.run import Raw, run_litert, run_tflm
from tinycnn.tflite.slim import slim

MODELS = Path("models")
RECORD = MODELS / "quantized.json"
NAMES = ("model_float32", "model_int8")
IO = ("int8", "float")

PROOF_IMAGES = 300
"""On so many images a slimmed model must give what it gave before."""


@dataclass(frozen=True)
class QuantizedModels:
    """The two .tflite models on disk, and what is in them.

    io      what the int8 model takes and gives: "int8", or "float" with --io float
    key     identifies the Keras model, the representative data and `io`
    reused  found on disk, not converted now
    """

    folder: Path
    float32: TFLite
    int8: TFLite
    io: str
    key: str
    reused: bool = False

    @property
    def models(self) -> tuple[TFLite, TFLite]:
        """Both, the float one first."""
        return (self.float32, self.int8)

    def path(self, model: TFLite) -> Path:
        """The .tflite file of one of them; its C header is beside it."""
        return self.folder / f"{model.name}.tflite"


def quantize(
    dataset: Dataset,
    source: Path,
    build: Path,
    progress: Progress = silent,
    *,
    io: str = "int8",
) -> QuantizedModels:
    """Convert the .keras file `source`; write .tflite files and C headers to `build`/models.

    The int8 model's ranges come from the training part of `dataset` only. Raises
    UserError if the model does not fit the data or the converter refuses it.
    """
    key = _key(dataset, source, io)
    model = load_model(source)
    check_fits(model, dataset.image_shape, dataset.classes, str(source))
    wrapped = fixed_batch(model, dataset.image_shape)
    steps = len(NAMES) + 1
    made: dict[str, TFLite] = {}
    for done, name in enumerate(NAMES):
        progress(f"converting to {name.removeprefix('model_')}", done, steps)
        representative = dataset.part("train").x if name == "model_int8" else None
        made[name] = slimmed(convert(wrapped, representative, io=io), name, dataset)
    progress("writing", len(NAMES), steps)
    folder = build / MODELS
    files = {f"{name}.tflite": tflite.data for name, tflite in made.items()}
    files |= {f"{n}.h": c_header(tflite.data, n).encode() for n, tflite in made.items()}
    keep(build / RECORD, Kept(key, {"io": io}, files))
    update_metrics(
        build,
        quantize={
            "io": io,
            **{
                n.removeprefix("model_"): {"bytes": t.size, "ops": list(t.ops)}
                for n, t in made.items()
            },
        },
    )
    progress("converted", steps, steps)
    return QuantizedModels(folder, made["model_float32"], made["model_int8"], io, key)


def ensure_quantized(
    dataset: Dataset,
    trained: TrainedModel,
    build: Path,
    progress: Progress = silent,
    *,
    io: str = "int8",
) -> QuantizedModels:
    """The models on disk if they were made from `trained` and `dataset`; else convert now."""
    found = find_quantized(build)
    if found is not None and found.key == _key(dataset, trained.path, io):
        return found
    return quantize(dataset, trained.path, build, progress, io=io)


def find_quantized(build: Path) -> QuantizedModels | None:
    """The converted models under `build`, or None if there are none that are whole."""
    found = find(build / RECORD)
    if found is None:
        return None
    first, second = (inspect_tflite(found.files[f"{name}.tflite"], name) for name in NAMES)
    return QuantizedModels(
        build / MODELS, first, second, found.facts["io"], found.key, reused=True
    )


def need_quantized(dataset: Dataset, trained: TrainedModel, build: Path) -> QuantizedModels:
    """The converted models under `build`, made from `trained` with `dataset`.

    Raises UserError saying what to run first.
    """
    found = find_quantized(build)
    if found is None:
        raise UserError(f"no converted model in {build / MODELS}: run `tinycnn quantize` first")
    if found.key != _key(dataset, trained.path, found.io):
        raise UserError(
            f"the converted models in {build / MODELS} are not of the trained one: "
            "run `tinycnn quantize` again"
        )
    return found


def fixed_batch(model: Any, shape: tuple[int, int, int]) -> Any:
    """`model` behind an input of one image.

    With a batch of any size the converter emits SHAPE, STRIDED_SLICE and PACK for
    Flatten: three more ops and 640 bytes for a batch that a board never has.
    """
    image = keras().Input(batch_shape=(1, *shape), name="image")
    return keras().Model(image, model(image), name="tinycnn")


def convert(wrapped: Any, representative: Floats | None = None, *, io: str = "int8") -> bytes:
    """The .tflite of a model with a fixed batch of 1.

    representative   images (n, h, w, c) whose ranges make it int8; None for float32
    io               "int8" or "float": what an int8 model takes and gives

    Raises UserError with the converter's words if it refuses the model.
    """
    tf = tensorflow()
    converter = tf.lite.TFLiteConverter.from_keras_model(wrapped)
    if representative is not None:
        images = representative

        def samples() -> Iterator[list[Floats]]:
            for at in range(len(images)):
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


def slimmed(data: bytes, name: str, dataset: Dataset) -> TFLite:
    """The .tflite `data` without what no runtime needs, shown to give the same values.

    Both run on the training images: in LiteRT, with its own kernels and the reference
    ones, and in TFLM if that runs the model. Raises RuntimeError if one value differs:
    that would be a fault of `tinycnn.tflite.slim`.
    """
    whole, small = inspect_tflite(data, name), inspect_tflite(slim(data), name)
    x = dataset.part("train").x[:PROOF_IMAGES]

    def values(model: TFLite) -> list[Raw]:
        runs = [run_litert(model, x), run_litert(model, x, reference=True)]
        if not whole.tflm_error:
            runs.append(run_tflm(model, x))
        return [run.outputs for run in runs]

    if not all(map(np.array_equal, values(whole), values(small))):
        raise RuntimeError(f"slimming changed what {name} computes")
    return small


def _key(dataset: Dataset, source: Path, io: str) -> str:
    """What the result depends on."""
    if io not in IO:
        raise UserError(f"--io must be {' or '.join(IO)}, not {io}")
    code = ("_tensorflow.py", "pipeline/quantize.py", "tflite/slim.py", "tflite/c_header.py")
    packages = ("tensorflow", "keras", "flatbuffers", "ai-edge-litert")
    return key_of(io, dataset.fingerprint, read_bytes(source), code=code, packages=packages)
