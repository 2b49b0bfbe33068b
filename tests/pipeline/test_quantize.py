"""Conversion: what is in the models, what they depend on, and what is no model."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_helpers import Command, Pipeline, assert_one_line_error, snapshot
from tinycnn.errors import UserError
from tinycnn.pipeline import convert as converting
from tinycnn.pipeline import quantize as quantizing
from tinycnn.pipeline.dataset import Dataset
from tinycnn.tflite import divisor
from tinycnn.tflite.read import inspect_tflite, read_tflite
from tinycnn.tflite.slim import slim

OPS = ("CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED")


def test_models_are_small_and_have_three_ops(article_pipeline: Pipeline) -> None:
    int8, float32 = article_pipeline.converted.int8, article_pipeline.converted.float32
    assert int8.ops == float32.ops == OPS
    # The networks themselves, and what is said of their input.
    for model, most in ((int8, 2200), (float32, 4000)):
        bare = slim(model.data, {divisor.NAME: b""})
        assert len(bare) <= most
        assert model.size - len(bare) <= 80
    assert int8.tflm_error == float32.tflm_error == ""


def test_int8_model_takes_and_gives_int8(article_pipeline: Pipeline) -> None:
    model = article_pipeline.converted.int8
    (takes,), (gives,) = model.inputs, model.outputs
    assert (takes.shape, takes.dtype) == ((1, 8, 8, 1), "int8")
    assert (gives.shape, gives.dtype) == ((1, 10), "int8")
    # Images are 0 to 1: the whole int8 range is theirs.
    assert takes.zero_point == -128
    assert takes.scale == pytest.approx(1 / 255)


@pytest.mark.slow
def test_float_io(quick_pipeline: Pipeline, tmp_path: Path) -> None:
    made = quantizing.quantize(
        quick_pipeline.dataset, quick_pipeline.trained.path, tmp_path, io="float"
    )
    assert made.int8.inputs[0].dtype == made.int8.outputs[0].dtype == "float32"
    assert made.int8.ops == ("QUANTIZE", *OPS, "DEQUANTIZE")
    assert made.int8.size < made.float32.size


@pytest.mark.nightly
@pytest.mark.slow
def test_activations_of_int16(quick_pipeline: Pipeline, tmp_path: Path) -> None:
    data, trained = quick_pipeline.dataset, quick_pipeline.trained
    made = quantizing.quantize(data, trained.path, tmp_path, activations="int16")
    assert made.int8.inputs[0].dtype == made.int8.outputs[0].dtype == "int16"
    assert made.unfit == {}
    found = quantizing.find_quantized(tmp_path)
    assert found is not None
    assert (found.activations, found.int8) == ("int16", made.int8)
    assert sorted(path.name for path in (tmp_path / "models").glob("*.tflite")) == [
        "model_float32.tflite",
        "model_int16.tflite",
    ]
    ends = quantizing.quantize(data, trained.path, tmp_path, activations="int16", io="float").int8
    assert ends.inputs[0].dtype == ends.outputs[0].dtype == "float32"
    for activations, io, words in (
        ("int4", "float", "--activations must be int8 or int16, not int4"),
        ("int16", "int8", "--io must be int16 or float, not int8"),
    ):
        with pytest.raises(UserError, match=words):
            quantizing.quantize(data, trained.path, tmp_path, activations=activations, io=io)


@pytest.mark.slow
def test_ranges_come_from_the_training_part_only(quick_pipeline: Pipeline, tmp_path: Path) -> None:
    data = quick_pipeline.dataset
    _, end = data.bounds["train"]
    for name, changed in (("outside", slice(end, None)), ("inside", slice(0, end))):
        x = data.x.copy()
        x[changed] *= 3
        made = quantizing.quantize(
            replace(data, x=x), quick_pipeline.trained.path, tmp_path / name
        )
        same = made.int8.data == quick_pipeline.converted.int8.data
        assert same is (name == "outside")


@pytest.mark.slow
def test_ensure_quantized_reuses_what_matches(quick_pipeline: Pipeline, tmp_path: Path) -> None:
    data, trained = quick_pipeline.dataset, quick_pipeline.trained
    first = quantizing.ensure_quantized(data, trained, tmp_path)
    assert not first.reused
    again = quantizing.ensure_quantized(data, trained, tmp_path)
    assert again == replace(first, reused=True)
    assert not quantizing.ensure_quantized(data, trained, tmp_path, io="float").reused
    (tmp_path / "models" / "model_int8.tflite").write_bytes(b"broken")
    mended = quantizing.ensure_quantized(data, trained, tmp_path, io="float")
    assert not mended.reused


@pytest.mark.slow
def test_failed_write_leaves_the_old_files(
    quick_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, trained = quick_pipeline.dataset, quick_pipeline.trained
    shutil.copytree(quick_pipeline.build, tmp_path, dirs_exist_ok=True)
    before = snapshot(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        quantizing.quantize(data, trained.path, tmp_path, io="float")
    assert snapshot(tmp_path) == before


def test_quantize_io_error(quick_pipeline: Pipeline, command: Command) -> None:
    before = snapshot(quick_pipeline.build)
    for own in ([], ["--model", quick_pipeline.trained.path]):
        outcome = command("quantize", "--io", "int4", *own, "--build-dir", quick_pipeline.build)
        assert_one_line_error(outcome, "--io must be int8 or float, not int4")
        assert snapshot(quick_pipeline.build) == before


@pytest.mark.slow
def test_conversion_is_silent(
    quick_pipeline: Pipeline, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    quantizing.quantize(quick_pipeline.dataset, quick_pipeline.trained.path, tmp_path)
    assert capfd.readouterr() == ("", "")


def _damage(data: bytes, kind: str) -> bytes:
    generator = np.random.default_rng(5)
    noise = generator.integers(0, 256, 1000, np.uint8).tobytes()
    match kind:
        case "empty":
            return b""
        case "text":
            return b"# not a model at all\n"
        case "noise":
            return noise
        case "identifier alone":
            return b"\x1c\0\0\0TFL3"
        case "identifier and zeros":
            return b"\x1c\0\0\0TFL3" + bytes(1000)
        case "identifier and noise":
            return data[:8] + noise
        case "truncated":
            return data[: len(data) // 2]
        case "root offset beyond the end":
            return b"\xff\xff\xff\x7f" + data[4:]
    raise AssertionError(kind)


@pytest.mark.parametrize(
    "kind",
    [
        "empty",
        "text",
        "noise",
        "identifier alone",
        "identifier and zeros",
        "identifier and noise",
        "truncated",
        "root offset beyond the end",
    ],
)
def test_tflite_that_is_none(
    kind: str, quick_pipeline: Pipeline, tmp_path: Path, command: Command
) -> None:
    path = tmp_path / "bad.tflite"
    path.write_bytes(_damage(quick_pipeline.converted.int8.data, kind))
    outcome = command("evaluate", "--tflite", path, "--build-dir", tmp_path / "build")
    assert_one_line_error(outcome, str(path), ".tflite model")
    if kind in ("empty", "text", "noise"):  # not worth a child process
        assert "does not have TFL3" in outcome.err
    assert not (tmp_path / "build").exists()


def test_damaged_models_never_crash_us(quick_pipeline: Pipeline) -> None:
    """Bytes flipped anywhere: a model, or a UserError, and this process lives."""
    generator = np.random.default_rng(11)
    good = quick_pipeline.converted.int8.data
    refused = 0
    for _ in range(12):
        raw = bytearray(good)
        for at in generator.integers(8, len(raw), 20):
            raw[at] ^= int(generator.integers(1, 256))
        try:
            inspect_tflite(bytes(raw), "damaged")
        except UserError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 0


def test_missing_tflite(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        read_tflite(tmp_path / "none.tflite")


def test_converter_refusal_is_a_user_error(
    monkeypatch: pytest.MonkeyPatch, digits: Dataset
) -> None:
    from tinycnn._tensorflow import tensorflow

    class Refuses:
        @staticmethod
        def from_keras_model(_: Any) -> Refuses:
            return Refuses()

        def convert(self) -> bytes:
            raise ValueError("no such op\nand a long story")

    monkeypatch.setattr(tensorflow().lite, "TFLiteConverter", Refuses)
    with pytest.raises(UserError, match=r"cannot be converted: no such op$"):
        converting.convert(None)
