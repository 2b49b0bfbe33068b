"""Every op of the profile `cnn` against LiteRT's reference kernels, on random inputs.

The models are those of tests/model/make_corpus.py: converted by TensorFlow, each around
one op, float and int8. One script runs them all.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from litert import Arrays, outputs_of, prepared, random_inputs
from staging import run
from tinycnn.targets.targets import Target
from tinycnn.tflite.ops import offered

SAMPLES = 6
"""Random inputs for each model."""

# corpus.bin: for each model the sizes of its name, of itself and of one sample's inputs,
# the name, the model, the inputs of all samples. A board takes a while for each file.
SIZES = struct.Struct("<HII")

BATCH = 400_000
"""Bytes of corpus.bin at most: a board's ROMFS has 512 KiB."""

# Prints `model NAME` or `lacks NAME`, after the first for each sample the outputs' bytes;
# at the end the ops of all models, and those of the firmware.
SCRIPT = """
import gc, struct, sys
from binascii import hexlify
import tflm

samples = int(sys.argv[1])
ops = set()
with open("corpus.bin", "rb") as file:
    while head := file.read(struct.calcsize("<HII")):
        name_size, model_size, inputs_size = struct.unpack("<HII", head)
        interpreter = model = tensor = None
        gc.collect()  # what is large finds no room in a small heap that is in pieces
        name, model = file.read(name_size).decode(), file.read(model_size)
        try:
            interpreter = tflm.Interpreter(model)
        except tflm.UnsupportedOpError:
            print("lacks", name)
            file.seek(samples * inputs_size, 1)
            continue
        ops.update(op for op, version in interpreter.ops())
        print("model", name)
        for _ in range(samples):
            for tensor in interpreter.inputs:
                file.readinto(tensor)
            interpreter.invoke()
            print(" ".join(hexlify(tensor).decode() for tensor in interpreter.outputs))
print("ops", " ".join(sorted(ops)))
print("supported", " ".join(sorted(name for name, version in tflm.supported_ops())))
"""

FLOAT_LIMIT = 1e-5
"""Of the largest output: sums of the same terms, in another order at most."""

# int8 kernels of TFLM and LiteRT are copies of each other and give the same bytes, but
# for two ops.
MAY_ROUND_APART = {"FULLY_CONNECTED"}
"""One step, in two values or one of twenty: with a scale per channel, sums that come to lie
at a half are rounded to either side. All else in a model with one is exact."""

NOT_IN_LITERT = {"requantize_int8_int32"}
"""LiteRT's QUANTIZE makes no int32; TFLM's does. The values follow from the scales."""


@pytest.fixture(scope="module")
def expected(corpus: dict[str, bytes]) -> dict[str, tuple[list[Arrays], list[Arrays], list[str]]]:
    """For each model its inputs, LiteRT's outputs, and the names of its ops."""
    made = {}
    for seed, (name, data) in enumerate(corpus.items()):
        if name in NOT_IN_LITERT:
            with pytest.raises(RuntimeError, match="failed to prepare"):
                prepared(data)
            continue
        interpreter = prepared(data)
        inputs = random_inputs(interpreter, seed, SAMPLES)
        ops = [details["op_name"] for details in interpreter._get_ops_details()]
        wanted = [outputs_of(interpreter, one) for one in inputs]
        made[name] = (inputs, wanted, ops)
    return made


def problem(ops: list[str], got: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> str:
    """Why `got`, of all samples, is not what the kernels should give; "" if it is."""
    if wanted.dtype == np.float32:
        scale = max(1.0, float(np.abs(wanted).max(initial=0)))
        apart = float(np.abs(got - wanted).max(initial=0)) / scale
        return f"{apart:.2e} apart" if not apart <= FLOAT_LIMIT else ""
    steps = np.abs(got.astype(np.int64) - wanted.astype(np.int64))
    few = max(2, wanted.size // 20) if MAY_ROUND_APART & set(ops) else 0
    if np.count_nonzero(steps) > few or steps.max(initial=0) > 1:
        return f"{np.count_nonzero(steps)} of {steps.size} differ, by up to {steps.max()}"
    return ""


def packed(name: str, model: bytes, inputs: list[Arrays]) -> bytes:
    """A model and its inputs, as SCRIPT reads them."""
    values = b"".join(array.tobytes() for arrays in inputs for array in arrays)
    head = SIZES.pack(len(name), len(model), len(values) // SAMPLES)
    return head + name.encode() + model + values


def batches(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts in as few files as find room on a board."""
    batch = b""
    for part in parts:
        if batch and len(batch) + len(part) > BATCH:
            yield batch
            batch = b""
        batch += part
    yield batch


@pytest.fixture(scope="module")
def printed(
    target: Target,
    corpus: dict[str, bytes],
    expected: dict[str, tuple[list[Arrays], list[Arrays], list[str]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[str]:
    flash = tmp_path_factory.mktemp(f"ops-{target.name}")
    script = flash / "script.py"
    script.write_text(SCRIPT)
    printed = []
    for batch in batches(packed(name, corpus[name], expected[name][0]) for name in expected):
        (flash / "corpus.bin").write_bytes(batch)
        done = run(target, script, [str(SAMPLES)], flash=flash, timeout=120)
        assert (done.status, done.stderr) == (0, ""), done.stdout[-300:] + done.stderr
        printed += done.stdout.splitlines()
    return printed


def told(printed: list[str], what: str) -> set[str]:
    """The ops in the lines that begin with `what`."""
    return {op for line in printed if line.startswith(f"{what} ") for op in line.split()[1:]}


def test_every_op_agrees_with_litert(
    printed: list[str],
    expected: dict[str, tuple[list[Arrays], list[Arrays], list[str]]],
) -> None:
    problems = []
    lines = iter(printed)
    seen = 0
    lacking: list[str] = []
    for line in lines:
        what, name = line.split(" ", 1)
        if what == "lacks":
            # Of a larger profile: see below.
            lacking.append(name)
        if what != "model":
            continue
        _, wanted, ops = expected[name]
        rows = [next(lines).split() for _ in wanted]
        for index in range(len(wanted[0])):
            arrays = np.array([sample[index] for sample in wanted])
            data = bytes.fromhex("".join(row[index] for row in rows))
            got = np.frombuffer(data, arrays.dtype).reshape(arrays.shape)
            if text := problem(ops, got, arrays):
                problems.append(f"{name} output {index} {ops}: {text}")
        seen += 1
    assert not problems, "\n".join(problems)
    assert seen + len(lacking) == len(expected)
    assert seen >= 100
    supported = told(printed, "supported")
    assert all(set(expected[name][2]) - supported for name in lacking)


def test_every_op_of_the_profile_was_run(printed: list[str]) -> None:
    ops, supported = told(printed, "ops"), told(printed, "supported")
    profile = {name for name, op in offered().items() if op.profile in ("digits", "cnn")}
    assert len(profile) >= 29
    assert ops == supported == profile


def test_corpus_runs_each_op_as_int8_and_float(
    expected: dict[str, tuple[list[Arrays], list[Arrays], list[str]]],
) -> None:
    kinds: dict[str, set[str]] = defaultdict(set)
    for inputs, _, ops in expected.values():
        for op in ops:
            kinds[op].add(str(inputs[0][0].dtype))
    for op, dtypes in kinds.items():
        assert op in ("QUANTIZE", "DEQUANTIZE") or {"int8", "float32"} <= dtypes, op
