"""The verb `frontend`: what it writes and says."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from host_helpers import Command
from tinycnn.tflite.check import check_model
from tinycnn.tflite.frontend import STRIDE, frontend
from tinycnn.tflite.graph import unpacked


def stride_of(data: bytes) -> int:
    """What the metadata tells, in samples."""
    model = unpacked(data)
    (entry,) = [entry for entry in model.metadata if entry.name == STRIDE.encode()]
    return int(struct.unpack("<I", bytes(model.buffers[entry.buffer].data))[0])


def test_verb_writes_a_model_and_says_what_it_takes(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "frontend.tflite"
    said = command("frontend", path)
    assert f"{path}: {path.stat().st_size} bytes, from 30 ms of sound to 40 features\n" in said.out
    assert "480 samples of 16 kHz, the next 320 later\n" in said.out
    assert f"needs a firmware built with --ops all or --ops-from {path}\n" in said.out
    assert path.read_bytes() == frontend()
    found = check_model(path.read_bytes())
    assert [str(end) for end in (*found.inputs, *found.outputs)] == [
        "INT16 1x480",
        "INT8 1x40, scale 2.60156, zero point -128",
    ]


@pytest.mark.parametrize(
    ("words", "stride"),
    [
        ([], 320),
        (["--stride-ms", "1"], 16),
        (["--like", "microwakeword"], 160),
        (["--like", "microwakeword", "--stride-ms", "30"], 480),
    ],
)
def test_model_tells_the_stride(
    command: Command, tmp_path: Path, words: list[str], stride: int
) -> None:
    path = tmp_path / "frontend.tflite"
    assert f"the next {stride} later\n" in command("frontend", path, *words).out
    assert stride_of(path.read_bytes()) == stride


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--stride-ms", "0"], "a stride of 0 ms: take 1 to 30, the window"),
        (["--stride-ms", "31"], "a stride of 31 ms: take 1 to 30, the window"),
        (["--like", "x"], "no features like x: there are micro_speech, microwakeword"),
    ],
)
def test_what_there_is_none_of_is_refused(
    command: Command, tmp_path: Path, words: list[str], why: str
) -> None:
    path = tmp_path / "frontend.tflite"
    done = command("frontend", path, *words)
    assert done.status == 2
    assert why in done.err
    assert not path.exists()
