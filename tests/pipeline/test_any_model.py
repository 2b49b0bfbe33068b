"""`quantize` for what people train: each goes through and is near Keras, or says what is wrong.

The converter runs in this process here, so that TensorFlow is loaded once for all.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_helpers import Command, assert_one_line_error
from networks import COUNT, NETWORKS, drawn
from thorough import some
from tinycnn._tensorflow import captured, keras
from tinycnn.errors import UserError
from tinycnn.pipeline import quantize as quantizing
from tinycnn.pipeline.convert import Converted, _words, converted_here
from tinycnn.pipeline.examples import Examples, data_for
from tinycnn.pipeline.model import taking
from tinycnn.progress import Progress
from tinycnn.tflite.check import check_model
from tinycnn.tflite.read import TFLite, inspect_tflite
from tinycnn.tflite.run import run
from tinycnn.tflite.slim import slim


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """quantize() without children of TensorFlow; slimming has tests of its own."""

    def here(
        source: bytes, examples: Examples, name: str, progress: Progress, **how: str
    ) -> Converted:
        path = tmp_path / "here.keras"
        path.write_bytes(source)
        model = taking(path, [values.shape[1:] for values in examples.x])
        parts = examples.part(examples.ranges), examples.part(examples.compared)
        return converted_here(model, *parts, **how)

    def slimmed(data: bytes, name: str, examples: Examples) -> TFLite:
        return inspect_tflite(slim(data), name)

    monkeypatch.setattr(quantizing, "converted", here)
    monkeypatch.setattr(quantizing, "slimmed", slimmed)


def _saved(build: Callable[[], Any], folder: Path, **arrays: Any) -> tuple[Any, Path, Path]:
    with captured(show=False), warnings.catch_warnings(action="ignore"):
        keras().utils.set_random_seed(3)
        model = build()
        model.save(folder / "own.keras")
    np.savez(folder / "own.npz", **arrays)
    return model, folder / "own.keras", folder / "own.npz"


# What others have too, and takes longest.
ALIKE = ("SimpleRNN both ways", "LSTM both ways", "LSTM with states", "shared LSTM",
         "images over time", "three outputs", "norms", "autoencoder",
         "separable", "images to images")  # fmt: skip


@pytest.mark.parametrize("name", some(NETWORKS, *ALIKE))
def test_int8_is_near_keras(name: str, in_process: None, tmp_path: Path) -> None:
    network = NETWORKS[name]
    _, source, data = _saved(network.build, tmp_path, **network.arrays)
    examples = data_for(source, data)
    made = quantizing.quantize(examples, source, tmp_path / "build")
    assert isinstance(examples, Examples)
    assert made.agreement.examples == len(examples.x[0])
    # A hundredth of the range, or a step: few of them make the range of random weights.
    for apart, tensor in zip(made.agreement.outputs, made.int8.outputs, strict=True):
        assert 0 < apart.mean <= max(0.01 * apart.range, tensor.scale)

    how = "\n".join(made.rebuilt)
    assert (how.count("is one op"), how.count("unrolled: ")) == (network.fused, network.unrolled)
    assert made.int8.ops.count("UNIDIRECTIONAL_SEQUENCE_LSTM") >= network.fused
    assert made.unfit == {}


@pytest.mark.parametrize(
    "name",
    some(["mlp", "autoencoder", "groups", "two inputs", "residual", "repeated"],
         "autoencoder", "groups", "two inputs"),
)  # fmt: skip
def test_int16_is_nearer_to_keras(name: str, in_process: None, tmp_path: Path) -> None:
    """And a firmware with all ops runs it."""
    network = NETWORKS[name]
    _, source, data = _saved(network.build, tmp_path, **network.arrays)
    examples = data_for(source, data)
    apart = {}
    for kind in ("int8", "int16"):
        made = quantizing.quantize(examples, source, tmp_path / kind, activations=kind)
        apart[kind] = [each.mean / each.range for each in made.agreement.outputs]
        assert str(made.path(made.int8)).endswith(f"model_{kind}.tflite")
        assert {tensor.dtype for tensor in made.int8.inputs} == {kind}
    assert made.unfit == {}
    assert check_model(made.int8.data).profile == "all"
    # Weights of 8 bits are what is left of the error.
    assert all(int16 < 0.8 * int8 for int8, int16 in zip(*apart.values(), strict=True))
    tflm, litert = (
        found.outputs.astype(int) for found in run(made.int8, examples.x, ["tflm", "litert"])
    )
    assert abs(tflm - litert).max() <= 8


@pytest.mark.parametrize("name", ["LSTM", "stacked LSTM"])
def test_an_lstm_is_the_same_in_tflm(name: str, in_process: None, tmp_path: Path) -> None:
    """And no example changes the next one's values, although the op keeps a state."""
    network = NETWORKS[name]
    _, source, data = _saved(network.build, tmp_path, **network.arrays)
    examples = data_for(source, data)
    assert isinstance(examples, Examples)
    int8 = quantizing.quantize(examples, source, tmp_path / "build").int8
    twice = [np.concatenate([values, values]) for values in examples.x]
    tflm, litert = (found.outputs.astype(int) for found in run(int8, twice, ["tflm", "reference"]))
    assert abs(tflm - litert).max() <= 2
    for values in (tflm, litert):
        first, second = np.split(values, 2)
        assert np.ptp(first) > 50
        assert np.array_equal(first, second)


def _sequential(shape: tuple[int, ...], *layers: Any, **words: Any) -> Any:
    return keras().Sequential([keras().Input(shape, **words), *layers])


def _text() -> Any:
    text = keras().Input((1,), dtype="string")
    lookup = keras().layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot", name="look")
    return keras().Model(text, lookup(text))


def _loops() -> Any:
    loop = keras().layers.LSTM(4, name="in")
    return _sequential((4, 5, 3), keras().layers.TimeDistributed(loop, name="out"))


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a lookup": (_text, "layer look (StringLookup)"),
    "a mask": (
        lambda: _sequential((5, 3), keras().layers.Masking(name="skip"), keras().layers.LSTM(4)),
        "layer skip (Masking) masks steps",
    ),
    "a state for ever": (
        lambda: keras().Sequential(
            [keras().Input(batch_shape=(1, 5, 3)), keras().layers.GRU(4, stateful=True, name="g")]
        ),
        "layer g (GRU) is stateful: save the model with stateful=False",
    ),
    "a loop in each step": (
        lambda: _sequential(
            (4, 5, 3),
            keras().layers.TimeDistributed(keras().layers.LSTM(4, name="in"), name="out"),
        ),
        "layer out (TimeDistributed) has layer in (LSTM) in it",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_by_its_layer(
    name: str, in_process: None, tmp_path: Path
) -> None:
    build, words = REFUSED[name]
    shape = {"a loop in each step": (4, 5, 3)}.get(name, (5, 3))
    _, source, data = _saved(build, tmp_path, x=drawn(*shape))
    with pytest.raises(UserError) as caught:
        quantizing.quantize(data_for(source, data), source, tmp_path / "build")
    assert words in str(caught.value)
    assert not (tmp_path / "build").exists()


X = drawn(6)
BAD_DATA: dict[str, tuple[dict[str, Any], str]] = {
    "another shape": ({"x": drawn(7)}, "x has the shape (40, 7), the model takes (n, 6)"),
    "one example": ({"x": X[0]}, "x has the shape (6,), the model takes (n, 6)"),
    "no x": ({"inputs": X}, "save it with numpy.savez(path, x=x); found inputs"),
    "NaN": ({"x": X * np.nan}, "not finite"),
    "words": ({"x": X.astype(str)}, "x must hold numbers, not <U"),
    "too far": ({"x": X * 1e300}, "float32 does not hold"),
    "too few": ({"x": X[:9]}, "9 examples: at least 10"),
    "other labels": ({"x": X, "y": np.arange(39)}, "as many of each: 40 of x, 39 of y"),
    "labels of words": ({"x": X, "y": np.array(["a"] * 40)}, "y must hold numbers"),
    "no number": ({"x": X, "y": np.full(40, np.nan)}, "a finite value for each"),
}


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model of vectors of 6."""
    dense = [keras().layers.Dense(4, activation="relu"), keras().layers.Dense(3)]
    return _saved(lambda: _sequential((6,), *dense), tmp_path_factory.mktemp("own"), x=X)[1]


@pytest.mark.parametrize("name", BAD_DATA)
def test_data_that_do_not_fit(name: str, vectors: Path, tmp_path: Path, command: Command) -> None:
    arrays, words = BAD_DATA[name]
    np.savez(tmp_path / "bad.npz", **arrays)
    build = tmp_path / "build"
    outcome = command(
        "quantize", "--model", vectors, "--data", tmp_path / "bad.npz", "--build-dir", build
    )
    assert_one_line_error(outcome, "bad.npz", words)
    assert not build.exists()


def test_arrays_for_several_inputs(tmp_path: Path) -> None:
    _, source, data = _saved(NETWORKS["two inputs"].build, tmp_path, x=X)
    with pytest.raises(UserError, match=r"for each of its inputs .*x0=zebra, x1=ant.*; found x"):
        data_for(source, data)
    np.save(tmp_path / "own.npy", X)
    with pytest.raises(UserError, match=r"own.npy is one array: save an array for each"):
        data_for(source, tmp_path / "own.npy")


def test_digits_are_no_data_for_another_kind_of_model(vectors: Path, command: Command) -> None:
    assert_one_line_error(command("quantize", "--model", vectors), "give it data of yours, --data")


@pytest.mark.parametrize("rescales", [True, False])
def test_images_go_to_the_model_as_it_was_trained(rescales: bool, tmp_path: Path) -> None:
    """What tells bright ones apart from 128 on gets nothing right of them divided by 255."""
    y = np.arange(COUNT) % 2
    x = (100 + 100 * y)[:, None, None] * np.ones((COUNT, 4, 4))
    pool = keras().layers.GlobalAveragePooling2D()
    split = keras().layers.Dense(2)
    model, source, data = _saved(lambda: _sequential((4, 4, 1), pool, split), tmp_path, x=x, y=y)
    edge = 150.0 if rescales else 0.75
    with captured():
        split.set_weights([np.array([[-1.0, 1.0]]), np.array([edge, -edge])])
        model.save(source)
    examples = data_for(source, data)
    assert isinstance(examples, Examples) is rescales
    values = examples.x[0] if isinstance(examples, Examples) else examples.x
    assert values.max() == (200 if rescales else 1)


def test_unlabelled_array_of_an_npy(vectors: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", X)
    examples = data_for(vectors, tmp_path / "own.npy")
    assert isinstance(examples, Examples)
    assert np.array_equal(examples.x[0], X.astype(np.float32))
    (tmp_path / "own.npy").write_bytes(b"\x93NUMPY\x01\x00")
    with pytest.raises(UserError, match=r"own.npy is no .npy file: "):
        data_for(vectors, tmp_path / "own.npy")


@pytest.mark.slow
def test_the_command_tells_what_it_made(vectors: Path, tmp_path: Path, command: Command) -> None:
    """Through the children that users have: what int8 gets right, and what it takes."""
    with captured():
        labels = keras().models.load_model(vectors).predict(X, verbose=0).argmax(axis=1)
    np.savez(tmp_path / "own.npz", x=X, y=labels)
    words = ("--model", vectors, "--data", tmp_path / "own.npz", "--build-dir", tmp_path / "build")
    outcome = command("quantize", *words)
    assert (outcome.status, outcome.err) == (0, "")
    assert "takes values as they are in own" in outcome.out
    assert "% right on 40 examples, Keras 100.00%" in outcome.out
    assert "int8: arena of " in outcome.out
    assert "int8: valid; a firmware with --ops cnn runs it" in outcome.out


@pytest.mark.slow
def test_a_layer_that_the_converter_refuses_is_named(tmp_path: Path, command: Command) -> None:
    layers = keras().layers.CategoryEncoding(5, name="kinds"), keras().layers.Dense(2)
    _, source, data = _saved(
        lambda: _sequential((1,), *layers, dtype="int32"), tmp_path, x=np.arange(40) % 5
    )
    build = tmp_path / "build"
    outcome = command("quantize", "--model", source, "--data", data, "--build-dir", build)
    words = "own.keras cannot be converted: layer kinds (CategoryEncoding): "
    assert_one_line_error(outcome, words)
    assert not build.exists()


def test_an_op_that_the_converter_lacks_is_named() -> None:
    """It says so in its compiler's words, a page of them."""
    said = 'MLIR: error: loc(callsite(fused["BitwiseAnd:", "a/BitwiseAnd@b"] at callsite(...'
    assert _words(RuntimeError(said)).startswith("TensorFlow Lite has no op for BitwiseAnd, ")
    assert _words(RuntimeError("other words")) == "other words"
