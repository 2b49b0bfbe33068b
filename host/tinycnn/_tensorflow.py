"""The one place that imports TensorFlow, and keeps it quiet.

TensorFlow, Keras and the converter talk on the process's stderr (C++ code) and
through `print` (Python code). `captured` keeps both back while they work and
shows them only if they fail.

Set before the import: TF_ENABLE_ONEDNN_OPTS=0, because oneDNN picks its kernels,
and so the order of its sums, by the processor; and what a user's keras.json or
environment could set otherwise: the backend, the order of dimensions, the type.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

_NOISE = (
    # The converter asks for statistics that only quantization-aware training has.
    "Statistics for quantized inputs were expected",
    # Keras 3.15 reads TensorFlow variables by the protocol of NumPy 1.
    "__array__ implementation doesn't accept a copy keyword",
    # The converter calibrates with the interpreter that it tells others not to use.
    r"\s*Warning: tf.lite.Interpreter is deprecated",
)


@contextlib.contextmanager
def captured(*, show: bool = True) -> Iterator[None]:
    """Hold back what the block writes; if it raises and `show`, write it to stderr.

    File descriptor 2 is redirected, and Python's stdout and stderr. File
    descriptor 1 is not: a progress bar that holds on to it goes on.
    """
    said = io.StringIO()
    with tempfile.TemporaryFile() as file:
        saved = os.dup(2)
        try:
            os.dup2(file.fileno(), 2)
            with (
                contextlib.redirect_stdout(said),
                contextlib.redirect_stderr(said),
                warnings.catch_warnings(),
            ):
                for message in _NOISE:
                    warnings.filterwarnings("ignore", message=message)
                yield
        except BaseException as error:
            os.dup2(saved, 2)
            file.seek(0)
            if show and isinstance(error, Exception):  # a Ctrl-C is nobody's failure
                sys.stderr.write(said.getvalue() + file.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def tensorflow() -> Any:
    """The `tensorflow` module, imported without its greeting."""
    loaded = sys.modules.get("tensorflow")
    if loaded is not None:
        return loaded
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    for name in ("TF_USE_LEGACY_KERAS", "XLA_FLAGS", "TF_XLA_FLAGS"):
        os.environ.pop(name, None)
    with captured():
        import absl.logging
        import tensorflow as tf

        absl.logging.set_verbosity(absl.logging.ERROR)
        tf.get_logger().setLevel("ERROR")
        tf.config.experimental.enable_op_determinism()
    return tf


def keras() -> Any:
    """The `keras` module, on TensorFlow."""
    tensorflow()
    import keras

    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_epsilon(1e-7)
    return keras
