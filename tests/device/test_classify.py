"""device/classify.py, as a user runs it."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from host_helpers import Pipeline
from staging import LACKS, need, run, started
from tinycnn.files import ROOT
from tinycnn.pipeline import samples
from tinycnn.targets.targets import Target
from tinycnn.tflite.read import TFLite, read_tflite
from tinycnn.tflite.run import dequantize, run_tflm

SCRIPT = ROOT / "device" / "classify.py"
SHIPPED = ROOT / "device" / "digits.tflite"
BLOCK = re.compile(
    r"^Image (\d+)\n((?:.{16}\n){8})([-\d., ]+)\n"
    r"Predicted class: (\d)(?: \(not sure\))?   True class: (\d)$",
    re.MULTILINE,
)


@pytest.fixture
def board(flash: Path, tmp_path: Path) -> Path:
    """A flash of the test's own, with what classify.py needs."""
    folder = tmp_path / "board"
    folder.mkdir()
    for name in ("samples.py", "model_int8.tflite", "model_float32.tflite"):
        shutil.copy(flash / name, folder)
    shutil.copy(SHIPPED, folder)
    return folder


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """classify.py with a constant edited."""
    text = SCRIPT.read_text()
    assert text.count(old) == 1
    script = tmp_path / "classify.py"
    script.write_text(text.replace(old, new))
    return script


def test_samples_are_what_the_host_makes() -> None:
    assert (ROOT / "device" / "samples.py").read_text() == samples.module_text()


def check_run(text: str, model: TFLite, pipeline: Pipeline) -> None:
    """Eight real digits, drawn and scored as the host scores them."""
    digits = load_digits()
    blocks = BLOCK.findall(text)
    assert len(blocks) == 8
    assert blocks[0][0] == "1078"
    indices = [int(block[0]) for block in blocks]
    raw = run_tflm(model, pipeline.dataset.x[indices]).outputs
    out = model.outputs[0]
    wanted = raw if out.dtype == "float32" else dequantize(raw, out.scale, out.zero_point)
    right = 0
    for (index, art, line, predicted, true), expected in zip(blocks, wanted, strict=True):
        scores = [float(score) for score in line.split(", ")]
        assert len(scores) == 10
        assert line == ", ".join(f"{score:.2f}" for score in scores)
        assert max(abs(a - b) for a, b in zip(scores, expected, strict=True)) < 0.0051
        assert int(predicted) == int(expected.argmax())
        assert int(true) == digits.target[int(index)]
        right += predicted == true
        for row, pixels in zip(art.splitlines(), digits.images[int(index)], strict=True):
            assert [ink == " " for ink in row[::2]] == [pixel < 2 for pixel in pixels]
            assert row[::2] == row[1::2]
    assert f"\n{right} of 8 right\n" in text
    arena, used = map(int, re.findall(r"^Arena: (\d+) bytes, (\d+) beside it$", text, re.M)[0])
    assert arena > 0 and used > 0
    assert re.search(r"^Time per inference: \d+ us, mean of 8$", text, re.M)


@pytest.mark.parametrize("name", ["model_int8", "model_float32"])
def test_classifies_the_samples(
    target: Target, board: Path, article_pipeline: Pipeline, tmp_path: Path, name: str
) -> None:
    if name == "model_float32":
        need(target, "float32")
    script = changed(tmp_path, 'MODEL = "digits.tflite"', f'MODEL = "{name}.tflite"')
    done = run(target, script, flash=board)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{name}.tflite <Interpreter of ")
    model = next(m for m in article_pipeline.converted.models if m.name == name)
    check_run(done.stdout, model, article_pipeline)


def test_classifies_with_the_model_that_ships(
    target: Target, board: Path, article_pipeline: Pipeline
) -> None:
    done = run(target, SCRIPT, flash=board)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.startswith("digits.tflite <Interpreter of ")
    check_run(done.stdout, read_tflite(SHIPPED), article_pipeline)
    assert "\n8 of 8 right\n" in done.stdout


def test_says_of_what_it_is_not_sure(target: Target, board: Path, tmp_path: Path) -> None:
    """By the softmax of the scores that it prints; at a temperature that makes it doubt."""
    text = re.sub(r"^TEMPERATURE = [\d.]+", "TEMPERATURE = 2.0", SCRIPT.read_text(), flags=re.M)
    text, found = re.subn(r"^SURE = [\d.]+", "SURE = 0.76", text, flags=re.M)
    assert found == 1
    script = tmp_path / "classify.py"
    script.write_text(text)
    said = run(target, script, flash=board).stdout
    blocks = re.findall(r"^([-\d., ]+)\nPredicted class: \d(.*)   True", said, re.M)
    assert len(blocks) == 8
    for line, doubt in blocks:
        scores = np.array([float(score) for score in line.split(", ")])
        probability = 1 / np.exp((scores - scores.max()) / 2).sum()
        assert abs(probability - 0.76) > 0.005  # scores are printed with two places
        assert doubt == ("" if probability > 0.76 else " (not sure)")
    assert {doubt for _, doubt in blocks} == {"", " (not sure)"}


def test_loops_until_interrupted(target: Target, board: Path, tmp_path: Path) -> None:
    script = changed(tmp_path, "LOOP = False", "LOOP = True")
    script.write_text(script.read_text().replace("const(2000)", "const(40)"))
    with started(target, script, board) as script_run:
        seen, began = [], time.monotonic()
        while len(seen) < 20:
            if (line := script_run.line()).startswith("Image "):
                seen.append(int(line.removeprefix("Image ")))
        assert seen[0] == seen[8] == seen[16] == 1078
        assert len(set(seen)) == 8
        assert time.monotonic() - began > 0.5  # it waits between them
        script_run.interrupt()
        assert script_run.failed()


def one_line(target: Target, board: Path, script: Path) -> str:
    """The only line of a run that fails."""
    done = run(target, script, flash=board)
    assert done.status == (0 if "exit_status" in LACKS[target.name] else 1)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done.stdout
    return lines[0]


@pytest.fixture
def script(board: Path) -> Path:
    """classify.py apart from device/, where it would find samples.py beside it."""
    return Path(shutil.copy(SCRIPT, board))


PLAIN = """\
import builtins

import_any = builtins.__import__


def import_all_but(name, *rest):
    if name in {names}:
        raise ImportError("no module named " + name)
    return import_any(name, *rest)


builtins.__import__ = import_all_but
"""


def on_plain_firmware(script: Path, *names: str) -> Path:
    """Make `script` find no modules `names`, whether the firmware has them or not."""
    script.write_text(PLAIN.format(names=names) + SCRIPT.read_text())
    return script


def test_missing_files_are_one_line(target: Target, board: Path, script: Path) -> None:
    (board / "digits.tflite").unlink()
    assert one_line(target, board, on_plain_firmware(script, "frozen_models")) == (
        "classify: no digits.tflite here; copy it: mpremote cp device/digits.tflite :"
    )
    text = script.read_text()
    script.write_text(text.replace('MODEL = "digits.tflite"', 'MODEL = "mine.tflite"'))
    assert one_line(target, board, script) == (
        "classify: no mine.tflite here; copy it: mpremote cp build/models/mine.tflite :"
    )
    (board / "samples.py").unlink()
    text = "classify: no samples.py here; copy it: mpremote cp device/samples.py :"
    assert one_line(target, board, on_plain_firmware(script, "samples")) == text


def test_corrupt_model_is_one_line(target: Target, board: Path, script: Path) -> None:
    model = board / "digits.tflite"
    data = model.read_bytes()
    for bad in (b"", data[:1000], b"\n" + data, bytes(len(data))):
        model.write_bytes(bad)
        assert one_line(target, board, script).startswith("classify: digits.tflite: ")
    model.write_bytes(data)
    assert run(target, script, flash=board).status == 0


def test_firmware_without_tflm_is_one_line(target: Target, board: Path, script: Path) -> None:
    on_plain_firmware(script, "tflm")
    text = "classify: this firmware has no tflm module; README.md tells how to get one"
    assert one_line(target, board, script) == text


def test_picture_in_place_of_a_camera(target: Target, board: Path) -> None:
    """device/picture.py sees the same digits in 160x120 pixels as classify.py in 8x8."""
    done = run(target, ROOT / "device" / "picture.py", flash=board)
    assert done.status == 0, done
    seen = re.findall(r"^Predicted class: (\d)   True class: (\d)", done.stdout, re.MULTILINE)
    assert len(seen) == 8
    assert all(predicted == true for predicted, true in seen)
