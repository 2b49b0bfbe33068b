"""A slimmed digits model gives what the converter's gives, wherever it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from host_helpers import Pipeline
from tinycnn.firmware.port import Program
from tinycnn.pipeline import convert as converting
from tinycnn.pipeline import quantize as quantizing
from tinycnn.targets import unix
from tinycnn.tflite.read import TFLite, inspect_tflite
from tinycnn.tflite.run import run_litert, run_tflm, to_raw

RUN = """
import sys
from binascii import hexlify
import tflm
for name in sys.argv[1:]:
    interpreter = tflm.Interpreter(name)
    with open("images.bin", "rb") as file:
        while file.readinto(interpreter.inputs[0]):
            interpreter.invoke()
            print(hexlify(interpreter.outputs[0]).decode())
"""


@pytest.fixture(scope="module")
def whole(article_pipeline: Pipeline) -> dict[str, TFLite]:
    """Both models as the converter gives them, by name."""
    model = article_pipeline.trained.load()
    wrapped = converting.fixed_batch(model, [article_pipeline.dataset.image_shape])
    images = article_pipeline.dataset.part("train").x
    made = {"model_float32": None, "model_int8": [images]}
    return {
        name: inspect_tflite(converting.convert(wrapped, images), name)
        for name, images in made.items()
    }


def test_host_runtimes_give_the_same(article_pipeline: Pipeline, whole: dict[str, TFLite]) -> None:
    x = article_pipeline.dataset.x
    for small in article_pipeline.converted.models:
        large = whole[small.name]
        assert small.size < large.size
        for run in (run_litert, run_tflm):
            assert np.array_equal(run(small, x).outputs, run(large, x).outputs)
        reference = [run_litert(m, x, reference=True).outputs for m in (small, large)]
        assert np.array_equal(*reference)


@pytest.mark.parametrize("engine", ["simulator", "simulator_tflm"])
def test_module_gives_the_same(
    article_pipeline: Pipeline,
    whole: dict[str, TFLite],
    engine: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    simulator: Program = request.getfixturevalue(engine)
    small, large = article_pipeline.converted.int8, whole["model_int8"]
    (tmp_path / "small.tflite").write_bytes(small.data)
    (tmp_path / "large.tflite").write_bytes(large.data)
    x = article_pipeline.dataset.x[::6]
    (tmp_path / "images.bin").write_bytes(to_raw(x, small.inputs[0]).tobytes())
    (tmp_path / "run.py").write_text(RUN)
    done = unix.run(
        tmp_path / "run.py",
        ["small.tflite", "large.tflite"],
        flash=tmp_path,
        capture=True,
        program=simulator.path,
    )
    assert (done.status, done.stderr) == (0, "")
    lines = done.stdout.split()
    assert len(lines) == 2 * len(x)
    assert lines[: len(x)] == lines[len(x) :]
    assert len(set(lines)) > 200


def test_a_change_of_values_is_not_let_pass(
    quick_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = quick_pipeline.converted.float32.data
    monkeypatch.setattr(quantizing, "slim", lambda data, metadata: other)
    with pytest.raises(RuntimeError, match="slimming changed what model_int8 computes"):
        quantizing.quantize(quick_pipeline.dataset, quick_pipeline.trained.path, tmp_path)
