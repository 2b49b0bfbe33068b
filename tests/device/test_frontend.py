"""The audio front end in MicroPython, against TFLM's own of micro_speech, value for value.

That one, its recordings too, is in the pinned tree; its kernels are run by TFLM's wheel. And
against the library that microWakeWord takes, by what that gave once.
"""

from __future__ import annotations

import re
import wave
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tflite_micro import runtime

from skips import or_skip
from tflite_models import INT8, INT16, INT32, OP, UINT32, Tensor, one_op, schema
from tinycnn.files import ROOT
from tinycnn.firmware.fetch import fetch
from tinycnn.firmware.unix import Engine, build_unix
from tinycnn.targets import unix
from tinycnn.tflite.check import check_model
from tinycnn.tflite.frontend import RATE, frontend
from tinycnn.tflite.ops import profile_set

Sound = npt.NDArray[np.int16]

WINDOW = 480
STRIDES = (10, 20, 30)

SCRIPT = """
import os, sys
from array import array
from binascii import hexlify
import tflm

net = tflm.Interpreter(sys.argv[1])
bytes_of_stride = 2 * int(sys.argv[2])
for name in sorted(os.listdir()):
    if name.endswith(".pcm"):
        net.reset()
        with open(name, "rb") as file:
            window = bytearray(960)
            while file.readinto(window) == len(window):
                file.seek(bytes_of_stride - len(window), 1)
                memoryview(net.inputs[0])[:] = memoryview(array("h", window))
                net.invoke()
                print(name[:-4], hexlify(net.outputs[0]).decode())
"""


@pytest.fixture(scope="module")
def example() -> Path:
    with or_skip():
        return fetch("esp-tflite-micro").path / "examples" / "micro_speech"


@pytest.fixture(scope="module")
def preprocessor(example: Path) -> bytes:
    """TFLM's own, from the array that it is in."""
    text = (example / "main" / "audio_preprocessor_int8_model_data.h").read_text()
    return bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})\b", text))


@pytest.fixture(scope="module")
def sounds(example: Path) -> dict[str, Sound]:
    """Its recordings; and noise, tones, silence and the loudest there is."""
    found = {}
    for path in sorted((example / "test_data").glob("*_1000ms.wav")):
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (RATE, 2, 1)
            found[path.stem] = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    assert len(found) >= 4
    random = np.random.default_rng(1)
    time = np.arange(RATE) / RATE
    made = {
        "white": random.integers(-32768, 32768, RATE),
        "soft": random.normal(0, 20, RATE),
        "sweep": 20000 * np.sin(2 * np.pi * (100 * time + 3500 * time**2)),
        "square": np.where(np.arange(RATE) % 32 < 16, 32767, -32768),
        "least": np.full(RATE, -32768),
        "nothing": np.zeros(RATE),
        "bursts": random.normal(0, 6000, RATE) * (time % 0.2 < 0.05),
    }
    return found | {name: np.array(values).astype(np.int16) for name, values in made.items()}


def by_tflm(model: bytes, sound: Sound, stride: int) -> list[str]:
    net = runtime.Interpreter.from_bytes(model, arena_size=1 << 17)
    found = []
    for start in range(0, len(sound) - WINDOW + 1, stride):
        net.set_input(sound[start : start + WINDOW].reshape(1, WINDOW), 0)
        net.invoke()
        found.append(net.get_output(0).tobytes().hex())
    return found


@pytest.fixture(scope="module", params=["hosted", "tflm"])
def program(request: pytest.FixtureRequest) -> Path:
    engine: Engine = request.param
    with or_skip():
        return build_unix(engine, ops=profile_set("all")).path


def printed(program: Path, script: str, flash: Path, *args: str) -> list[str]:
    path = flash / "script.py"
    path.write_text(script)
    done = unix.run(path, args, program=program, flash=flash, capture=True, timeout=120)
    assert (done.status, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("stride_ms", STRIDES)
def test_features_are_those_of_tflm(
    program: Path,
    preprocessor: bytes,
    sounds: dict[str, Sound],
    tmp_path: Path,
    stride_ms: int,
) -> None:
    """Of our front end, and of TFLM's, which has other ops around the same."""
    stride = RATE * stride_ms // 1000
    wanted = {name: by_tflm(preprocessor, sound, stride) for name, sound in sounds.items()}
    assert all(len(set(rows)) > 1 for name, rows in wanted.items() if name != "nothing")
    for name, sound in sounds.items():
        (tmp_path / f"{name}.pcm").write_bytes(sound.astype("<i2").tobytes())
    for model in (frontend("micro_speech", stride_ms), preprocessor):
        (tmp_path / "model.tflite").write_bytes(model)
        found: dict[str, list[str]] = {name: [] for name in sounds}
        for line in printed(program, SCRIPT, tmp_path, "model.tflite", str(stride)):
            name, row = line.split()
            found[name].append(row)
        assert found == wanted


MADE = np.arange(RATE)
MADE = ((MADE * MADE // 40 % 2001 - 1000) * (MADE % 53) // 4).astype(np.int16)

OF_MICROFRONTEND = "e60f77adb3edcd488864717d524efc7066d9878740330821737c780e09494b23"
"""SHA-256 of the features of MADE as pymicro-features 2.0.2 gives them, which is that library, in
int8 as microWakeWord makes it of them: (256 v + 333) / 666 - 128. Nine other sounds were compared
with it once, 52,000 features without a difference."""


def test_features_are_those_of_microfrontend(program: Path, tmp_path: Path) -> None:
    (tmp_path / "made.pcm").write_bytes(MADE.astype("<i2").tobytes())

    def digest(like: str) -> str:
        (tmp_path / "model.tflite").write_bytes(frontend(like, 10))
        lines = printed(program, SCRIPT, tmp_path, "model.tflite", "160")
        assert len(lines) == 98
        return sha256(bytes.fromhex("".join(line.split()[1] for line in lines))).hexdigest()

    assert digest("microwakeword") == OF_MICROFRONTEND
    assert digest("micro_speech") != OF_MICROFRONTEND


def test_tflms_own_passes_the_check(preprocessor: bytes) -> None:
    assert check_model(preprocessor).profile == "all"


HEAR = """
with open("sweep.pcm", "rb") as file:
    for scores in hear(file):
        print(int(scores[0]))
"""


def test_example_of_the_page(
    program: Path, preprocessor: bytes, sounds: dict[str, Sound], tmp_path: Path
) -> None:
    """With a model of two windows' features that says which is largest."""
    page = (ROOT / "docs" / "models.md").read_text()
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    axes = Tensor([2], INT32, [0, 1])
    options = schema.ReducerOptionsT()
    options.keepDims = False
    word = one_op(
        OP.REDUCE_MAX,
        [Tensor([1, 80], INT8, scale=1.0, zero_point=0), axes],
        Tensor([], INT8, scale=1.0, zero_point=0),
        options,
    )
    (tmp_path / "frontend.tflite").write_bytes(frontend(stride_ms=10))
    (tmp_path / "wake_word.tflite").write_bytes(word)
    (tmp_path / "sweep.pcm").write_bytes(sounds["sweep"].astype("<i2").tobytes())
    rows = [
        np.frombuffer(bytes.fromhex(row), np.int8)
        for row in by_tflm(preprocessor, sounds["sweep"], RATE // 100)
    ]
    before = [np.full(40, -128, np.int8), *rows]
    wanted = [max(a.max(), b.max()) for a, b in zip(before, rows, strict=False)]
    found = printed(program, example + HEAR, tmp_path)
    assert list(map(int, found)) == wanted


EXTREMES = """
import tflm
from array import array
net = tflm.Interpreter("energy.tflite")
for value in (-32768, 3):
    memoryview(net.inputs[0])[:] = memoryview(array("h", [value] * 34))
    net.invoke()
    print(list(memoryview(net.outputs[0])))
net = tflm.Interpreter("root.tflite")
memoryview(net.inputs[0])[:] = memoryview(array("Q", [0, 1 << 40, (1 << 64) - 1]))
for shift in (0, 31, 32, -1, 1 << 30):
    memoryview(net.inputs[1])[0] = shift
    try:
        net.invoke()
        print(shift, list(memoryview(net.outputs[0])))
    except RuntimeError as error:
        print(shift, error)
"""


def test_extremes(tmp_path: Path) -> None:
    """Of energies the largest, which TFLM's overflows at, and zeros where there are none; of roots
    the shift, a number of the run."""
    with or_skip():
        program = build_unix("tflm", ops=profile_set("all")).path
    energy = one_op(
        "SignalEnergy",
        [Tensor([34], INT16)],
        Tensor([17], UINT32),
        {"end_index": 15, "start_index": 2},
    )
    root = one_op(
        "SignalFilterBankSquareRoot",
        [Tensor([3], schema.TensorType.UINT64), Tensor([], INT32)],
        Tensor([3], UINT32),
    )
    (tmp_path / "energy.tflite").write_bytes(energy)
    (tmp_path / "root.tflite").write_bytes(root)
    lines = printed(program, EXTREMES, tmp_path)
    assert lines[:2] == [str([0, 0, *[each] * 13, 0, 0]) for each in (1 << 31, 18)]
    assert lines[2:4] == ["0 [0, 1048576, 4294967295]", "31 [0, 0, 1]"]
    assert [line.split(" ", 1)[1][:19] for line in lines[4:]] == ["shift out of range "] * 3
