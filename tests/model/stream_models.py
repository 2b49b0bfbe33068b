"""Streaming models from TensorFlow's converter: what lasts between runs is in tf.Variables.

They become resource variables: VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, and a CALL_ONCE
of a second subgraph that gives them their first values.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import warnings
from pathlib import Path
from typing import Any

STREAMS = ("stream_f", "stream_q", "stream_int8_q")
"""Of float; of int8 between variables of float; of int8 throughout, which takes no mean."""


def stream_digest() -> str:
    """What the converted bytes depend on."""
    from importlib.metadata import version

    return hashlib.sha256(Path(__file__).read_bytes() + version("tensorflow").encode()).hexdigest()


def convert_stream(name: str) -> bytes:
    """A convolution over the last windows, and a mean that forgets; its start is not 0."""
    import numpy as np
    import tensorflow as tf

    rng = np.random.default_rng(1)

    class Stream(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            start = rng.normal(0, 1, [1, 4]).astype(np.float32)
            self.windows = tf.Variable(tf.zeros([1, 5, 1, 3]), trainable=False, name="windows")
            self.mean = tf.Variable(tf.constant(start), trainable=False, name="mean")
            self.weights = tf.constant(rng.normal(0, 0.5, [3, 1, 3, 4]).astype(np.float32))

        @tf.function(input_signature=[tf.TensorSpec([1, 2, 1, 3], tf.float32)])  # type: ignore[misc]
        def __call__(self, x: Any) -> Any:
            windows = tf.concat([self.windows, x], 1)
            self.windows.assign(windows[:, 2:])
            y = tf.nn.relu(tf.nn.conv2d(windows, self.weights, 1, "VALID"))
            now = tf.reduce_mean(y, [1, 2])
            return now if name == "stream_int8_q" else self.mean.assign(self.mean * 0.5 + now)

    module = Stream()
    function = module.__call__.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], module)
    converter.experimental_enable_resource_variables = True
    if name != "stream_f":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [rng.normal(0, 1, [1, 2, 1, 3]).astype(np.float32)] for _ in range(16)
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        converter._experimental_variable_quantization = name == "stream_int8_q"
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bytes(converter.convert())
