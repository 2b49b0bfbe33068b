"""Values: the digits against TFLM's own wheel, `quantize` against TFLite's QUANTIZE."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_models import FLOAT32, INT8, OP, Tensor, echo, one_op
from host_helpers import Pipeline
from litert import outputs_of, prepared
from staging import need, run
from tinycnn.firmware.port import Program
from tinycnn.targets import unix
from tinycnn.targets.targets import Target
from tinycnn.tflite.read import TFLite
from tinycnn.tflite.run import Inferences, quantize, run_tflm

# Prints a line of hexadecimal output bytes for each image.
DIGITS = """
import sys
from array import array
from binascii import hexlify, unhexlify
import tflm

model, table = sys.argv[1:]
table = unhexlify(table)  # what each pixel value becomes, or nothing: floats
interpreter = tflm.Interpreter(model)
source, target = memoryview(interpreter.inputs[0]), interpreter.outputs[0]
image = array("f", [0] * 64)
with open("digits.bin", "rb") as file:
    while len(pixels := file.read(64)) == 64:
        if table:
            source[:] = bytes([table[pixel] for pixel in pixels])
        else:
            for i in range(64):
                image[i] = pixels[i] / 16
            interpreter.inputs[0].quantize(image)
        interpreter.invoke()
        print(hexlify(target).decode())
"""


@pytest.fixture(scope="module")
def reference(article_pipeline: Pipeline) -> dict[str, Inferences]:
    """What the wheel gives for all images, by model."""
    x = article_pipeline.dataset.x
    return {model.name: run_tflm(model, x) for model in article_pipeline.converted.models}


def outputs(
    target: Target, flash: Path, script: Path, model: TFLite, table: bytes = b""
) -> npt.NDArray[Any]:
    """(images, 10) raw outputs of `model` on the target."""
    script.write_text(DIGITS)
    done = run(target, script, [f"{model.name}.tflite", table.hex()], flash=flash, timeout=60)
    assert (done.status, done.stderr) == (0, ""), done.stderr
    rows = [
        np.frombuffer(bytes.fromhex(line), model.outputs[0].dtype) for line in done.stdout.split()
    ]
    return np.array(rows)


@pytest.mark.parametrize("feed", ["floats", "raw bytes"])
def test_int8_outputs_are_the_wheels(
    target: Target,
    flash: Path,
    article_pipeline: Pipeline,
    reference: dict[str, Inferences],
    tmp_path: Path,
    feed: str,
) -> None:
    model = article_pipeline.converted.int8
    tensor = model.inputs[0]
    table = quantize(np.arange(17) / 16, tensor.scale, tensor.zero_point).tobytes()
    got = outputs(target, flash, tmp_path / "s.py", model, table if feed == "raw bytes" else b"")
    wanted = reference[model.name].outputs
    assert got.shape == wanted.shape == (1797, 10)
    different = np.argwhere(got != wanted)
    assert len(different) == 0, f"{len(different)} values differ, the first at {different[:5]}"


def test_float_outputs_are_near_the_wheels(
    target: Target,
    flash: Path,
    article_pipeline: Pipeline,
    reference: dict[str, Inferences],
    tmp_path: Path,
) -> None:
    need(target, "float32")
    model = article_pipeline.converted.float32
    got = outputs(target, flash, tmp_path / "script.py", model)
    wanted = reference[model.name].outputs
    assert got.shape == wanted.shape == (1797, 10)
    largest = float(np.abs(got - wanted).max())
    # Sums of the same products in another order: relative to the size of the scores.
    limit = 1e-5 * max(1.0, float(np.abs(wanted).max()))
    assert largest <= limit, f"up to {largest:.3g} apart, {limit:.3g} allowed"


# quantize ----------------------------------------------------------------------

WIDTH = 16
MARK = struct.pack("<f", 0.123456789), struct.pack("<q", 77)

# cases.bin: the model's size, where its scale and zero point are, the model; then a
# scale, a zero point and WIDTH floats for each case.
QUANTIZE = f"""
import struct, sys
from array import array
from binascii import hexlify
import tflm

arena = tflm.Arena(16384)
values = array("f", [0] * {WIDTH})
with open(sys.argv[1], "rb") as file:
    size, scales, zero_points = struct.unpack("<III", file.read(12))
    model = bytearray(file.read(size))
    while len(case := file.read(12)) == 12:
        model[scales : scales + 4] = case[:4]
        model[zero_points : zero_points + 8] = case[4:]
        file.readinto(values)
        tensor = tflm.Interpreter(model, arena=arena).inputs[0]
        tensor.quantize(values)
        line = hexlify(tensor)
        tensor.quantize(list(values))
        print(line.decode(), hexlify(tensor) == line)
"""


def patched(model: bytes, scale: float, zero_point: int) -> bytes:
    """The model with these in place of MARK."""
    changed = model.replace(MARK[0], struct.pack("<f", scale))
    return changed.replace(MARK[1], struct.pack("<q", zero_point))


def marked_models() -> tuple[bytes, bytes]:
    """A device's model, whose input is int8, and TFLite's QUANTIZE from float to int8."""
    (scale,), (zero_point,) = struct.unpack("<f", MARK[0]), struct.unpack("<q", MARK[1])
    target = Tensor([1, WIDTH], INT8, scale=scale, zero_point=zero_point)
    # The device's output has other parameters, so that each mark is there once.
    device = one_op(OP.RESHAPE, [target], Tensor([WIDTH], INT8, scale=1.0))
    lite = one_op(OP.QUANTIZE, [Tensor([1, WIDTH])], target)
    for model in (device, lite):
        assert model.count(MARK[0]) == model.count(MARK[1]) == 1
    return device, lite


def quantized_by_tflite(model: bytes, values: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
    return outputs_of(prepared(model), [values.reshape(1, WIDTH)])[0][0]


def near_halves(scale: float) -> st.SearchStrategy[float]:
    """Multiples of half a step, and their neighbours among the float32s."""

    def nudge(half_steps: int, by: int) -> float:
        value = np.float32(half_steps * 0.5) * np.float32(scale)
        toward = np.float32(np.inf if by > 0 else -np.inf)
        return float(np.nextafter(value, toward) if by else value)

    return st.builds(nudge, st.integers(-600, 600), st.sampled_from([-1, 0, 1]))


@st.composite
def cases(draw: st.DrawFn) -> tuple[float, int, list[float]]:
    """Scale, zero point and values, which TFLite can cast to an int32: below 2^30 steps."""
    scale = draw(st.floats(2.0**-40, 2.0**20, width=32))
    far = float(np.float32(scale) * np.float32(2**30))
    ordinary = st.floats(-300 * scale, 300 * scale)
    values = draw(
        st.lists(
            st.one_of(near_halves(scale), ordinary, st.floats(-far, far)),
            min_size=WIDTH,
            max_size=WIDTH,
        )
    )
    return scale, draw(st.integers(-128, 127)), values


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(batch=st.lists(cases(), min_size=20, max_size=30))
def test_quantize_is_tflites_op(
    target: Target, flash: Path, batch: list[tuple[float, int, list[float]]]
) -> None:
    device, lite = marked_models()
    data = struct.pack("<III", len(device), device.index(MARK[0]), device.index(MARK[1])) + device
    wanted = []
    for scale, zero_point, values in batch:
        singles = np.array(values, np.float32)
        data += struct.pack("<fq", scale, zero_point) + singles.tobytes()
        wanted.append(quantized_by_tflite(patched(lite, scale, zero_point), singles))
    (flash / "cases.bin").write_bytes(data)
    script = flash / "quantize_cases.py"
    script.write_text(QUANTIZE)
    done = run(target, script, ["cases.bin"], flash=flash)
    assert (done.status, done.stderr) == (0, ""), done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [same for _, same in lines] == ["True"] * len(batch)
    for (line, _), expected, case in zip(lines, wanted, batch, strict=True):
        got = np.frombuffer(bytes.fromhex(line), np.int8)
        assert got.tolist() == expected.tolist(), case


def test_the_marked_model_is_an_echo() -> None:
    """What is patched is read as the input's parameters."""
    device, lite = marked_models()
    assert len(device) > len(echo(INT8)) - 200
    halves = np.arange(WIDTH, dtype=np.float32) / 2 - 4
    assert quantized_by_tflite(patched(lite, 0.5, 3), halves).tolist() == list(range(-5, 11))


def test_topk_of_all_is_no_matter_of_squares(simulator: Program, tmp_path: Path) -> None:
    """Of 20,000 elements: not 20,000 times as long as the one that is largest."""
    size = 20_000
    (tmp_path / "large.tflite").write_bytes(echo(FLOAT32, size=size))
    script = tmp_path / "script.py"
    script.write_text(f"""
import gc, time, tflm
source = tflm.Interpreter("large.tflite").inputs[0]
view = memoryview(source)
for i in range({size}):
    view[i] = i * 7919 % {size}
start = time.ticks_us()
for _ in range(50):
    source.topk(1)
one = time.ticks_diff(time.ticks_us(), start) / 50
gc.collect()
start = time.ticks_us()
order = source.topk({size})
print(time.ticks_diff(time.ticks_us(), start) < 2000 * one)
print(all(order[i][1] == {size} - 1 - i for i in range({size})))
""")
    done = unix.run(script, program=simulator.path, flash=tmp_path, capture=True, timeout=60)
    assert done.stdout.split() == ["True", "True"], done
