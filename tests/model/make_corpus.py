"""Convert small models with TensorFlow's own converter: every op of the profile `all`.

    python tests/model/make_corpus.py [FOLDER]      # default build/corpus

Each entry of corpus_models.py becomes NAME_f.tflite (float) and NAME_q.tflite (all int8), some
NAME_w.tflite (activations of int16, weights of int8).
Weights and calibration data are seeded, so the files are the same every time; new
entries go last, since layers are named by their number and the converter goes by names.
A model is converted again only when its recipe or TensorFlow's version changed.
"""

import contextlib
import hashlib
import inspect
import io
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from corpus_models import INT16, MODELS, Recipe
from custom_models import custom_by_hand
from state_models import states_by_hand
from stream_models import STREAMS, convert_stream, stream_digest
from tflite_models import by_hand, edited
from tinycnn.tflite.slim import slim

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

ROOT = Path(__file__).resolve().parents[2]


def recipe_digest(recipe: Recipe, kind: str) -> str:
    """What the converted bytes depend on."""
    from importlib.metadata import version

    shapes, build = recipe
    code = build.__code__
    text = [kind, version("tensorflow"), version("keras"), str(shapes), inspect.getsource(convert)]
    text += [code.co_code.hex(), repr(code.co_names), repr(code.co_consts)]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()


def convert(recipe: Recipe, kind: str) -> bytes:
    """One recipe as TFLite bytes.

    Kind 'f' is float, 'q' is int8 from input to output, 'io' is int8 with float ends, 'w' has
    activations of int16, its ends among them.
    """
    import keras
    import numpy as np
    import tensorflow as tf

    shapes, build = recipe
    keras.utils.set_random_seed(1)
    # Named, since the converter has an order of its own for them.
    names = [f"x{i}" for i in range(len(shapes))]
    inputs = [keras.Input(s, batch_size=1, name=n) for s, n in zip(shapes, names, strict=True)]

    class Body(keras.Layer):  # lets recipes call tf functions as well as layers
        def __init__(self) -> None:
            super().__init__()
            self.model: Any = None

        def call(self, *tensors: Any) -> Any:
            return build(tf, keras.layers, *tensors)

    rng = np.random.default_rng(1)
    try:
        model = keras.Model(inputs, build(tf, keras.layers, *inputs))
        for variable in model.weights:  # biases are 0 otherwise, and per-channel scales alike
            values = rng.normal(0, 0.5, variable.shape)
            variable.assign(np.abs(values) + 0.1 if "variance" in variable.path else values)
    except (ValueError, TypeError, AttributeError):  # plain tf functions on Keras tensors
        model = keras.Model(inputs, Body()(*inputs))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if kind != "f":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            {
                name: rng.normal(0, 1, (1, *shape)).astype(np.float32)
                for name, shape in zip(names, shapes, strict=True)
            }
            for _ in range(16)
        )
        sets = tf.lite.OpsSet
        wide = sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.target_spec.supported_ops = [wide if kind == "w" else sets.TFLITE_BUILTINS_INT8]
        if kind != "io":
            converter.inference_input_type = tf.int16 if kind == "w" else tf.int8
            converter.inference_output_type = converter.inference_input_type
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bytes(converter.convert())


def quantize_like_the_output(model: Any) -> None:
    """Give the input the output's scale: TFLM's int8 RELU6 takes it to be the same."""
    graph = model.subgraphs[0]
    output = graph.tensors[graph.outputs[0]]
    graph.tensors[graph.inputs[0]].quantization = output.quantization


def _kinds() -> Iterator[tuple[str, str]]:
    """Names of MODELS, each with all kinds that are of float or int8."""
    for name in MODELS:
        yield name, "f"
        yield name, "q"
        if name == "digits":
            yield name, "io"


def make_corpus(folder: Path) -> list[Path]:
    """Bring `folder` up to date and return its models, sorted."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = set()
    for name, data in (by_hand() | states_by_hand() | custom_by_hand()).items():
        path = folder / f"{name}.tflite"
        path.write_bytes(data)
        paths.add(path)
    for name, kind in (*_kinds(), *((name, "w") for name in INT16)):
        path = folder / f"{name}_{kind}.tflite"
        paths.add(path)
        stamp = path.with_suffix(".digest")
        digest = recipe_digest(MODELS[name], kind)
        if path.exists() and stamp.exists() and stamp.read_text() == digest:
            continue
        data = convert(MODELS[name], kind)
        if path.stem in {"relu6_q", "relu6_w"}:
            data = edited(data, quantize_like_the_output)
        if path.stem in {"transposed_same_w", "transposed_valid_w"}:
            data = slim(data)  # which aligns biases of int64
        path.write_bytes(data)
        stamp.write_text(digest)
    for name in STREAMS:
        path = folder / f"{name}.tflite"
        paths.add(path)
        stamp = path.with_suffix(".digest")
        if not (path.exists() and stamp.exists() and stamp.read_text() == stream_digest()):
            path.write_bytes(convert_stream(name))
            stamp.write_text(stream_digest())
    for old in folder.glob("*.tflite"):
        if old not in paths:
            old.unlink()
    return sorted(paths)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "corpus"
    print(f"{len(make_corpus(target))} models in {target}")
