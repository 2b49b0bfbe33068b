"""What raw values are divided by: kept with the model, read from it."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest

from host_helpers import Command, Pipeline
from tinycnn.tflite import divisor
from tinycnn.tflite.check import check_model
from tinycnn.tflite.slim import slim


@pytest.mark.parametrize("value", [1.0, 16.0, 255.0, 1e-30, 3e38])
def test_what_is_packed_is_read(corpus: dict[str, bytes], value: float) -> None:
    model = slim(corpus["digits_q"], {divisor.NAME: divisor.packed(value)})
    assert check_model(model).divisor == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize(
    "entry",
    [b"", b"16", b"\0" * 5, *(struct.pack("<f", v) for v in (0, -1, math.nan, math.inf))],
)
def test_what_is_no_divisor_is_none(corpus: dict[str, bytes], entry: bytes) -> None:
    assert check_model(slim(corpus["digits_q"], {divisor.NAME: entry})).divisor is None


def test_a_model_of_another_maker_does_not_tell(corpus: dict[str, bytes]) -> None:
    assert check_model(corpus["digits_q"]).divisor is None


@pytest.mark.slow
def test_quantize_tells_and_check_reads(
    quick_pipeline: Pipeline, command: Command, tmp_path: Path
) -> None:
    """The same images in other units train the same model, which tells of these units."""
    images = quick_pipeline.dataset
    np.savez(tmp_path / "camera.npz", x=images.x * 255, y=images.y)
    where = ("--data", tmp_path / "camera.npz", "--build-dir", tmp_path / "build")
    assert command("train", *where, "--epochs", 1).status == 0
    said = command("quantize", *where)
    assert "divided by 255: give it raw / 255" in said.out
    for name in ("model_float32", "model_int8"):
        path = tmp_path / "build" / "models" / f"{name}.tflite"
        assert "divided by 255: give it raw / 255" in command("check", path).out
