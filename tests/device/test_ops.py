"""Every op against LiteRT's reference kernels, on random inputs: on each target those of the
profile `cnn`, and all in the simulator.

The models are those of tests/model/make_corpus.py: converted by TensorFlow, each around
one op, float and int8. One script runs them all.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from litert import Arrays, outputs_of, prepared, random_inputs, referred
from skips import or_skip
from staging import LACKS, run
from tflite_models import BY_OURS, FLOAT32, INT8, INT32, OP, Tensor, one_op, schema
from tinycnn.errors import MissingToolError
from tinycnn.firmware.port import Program
from tinycnn.targets import unix
from tinycnn.targets.targets import Choice, Target, build_target
from tinycnn.tflite.ops import native_set, offered, profile_set

SAMPLES = 6
"""Random inputs for each model."""

# corpus.bin: for each model the sizes of its name, of itself and of one sample's inputs,
# the name, the model, the inputs of all samples. A board takes a while for each file.
SIZES = struct.Struct("<HII")

BATCH = 400_000
"""Bytes of corpus.bin at most: a board's ROMFS has 512 KiB."""

# Prints `model NAME`, `lacks NAME` or `refuses NAME`, after the first for each sample the
# outputs' bytes; at the end the ops of all models, and those of the firmware.
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
        except ValueError:
            print("refuses", name)
            file.seek(samples * inputs_size, 1)
            continue
        ops.update(op for op, version in interpreter.ops())
        print("model", name)
        for _ in range(samples):
            for tensor in interpreter.inputs:
                file.readinto(tensor)
            done = interpreter.invoke()
            print(*(hexlify(tensor).decode() for tensor in interpreter.outputs if done))
print("ops", " ".join(sorted(ops)))
print("supported", " ".join(sorted(name for name, version in tflm.supported_ops())))
"""

FLOAT_LIMIT = 1e-5
"""Of the largest output: sums of the same terms, in another order at most."""

# int8 kernels of TFLM and LiteRT are copies of each other and give the same bytes, but
# for two ops.
MAY_ROUND_APART = {"FULLY_CONNECTED"}
"""One step, in two values or one of twenty: with a scale per channel, sums that come to lie
at a half are rounded to either side. All else in a model with one is exact. Of int16 TFLM takes
factors with 15 bits, which LiteRT has as floats: one step anywhere; and of other ops TFLM divides
some scales as floats, which shows in one of a thousand values."""

ROUNDS_OTHERWISE = {"DIV", "SQRT", "SUM", "UNIDIRECTIONAL_SEQUENCE_LSTM"}
"""One step anywhere. LiteRT's reference kernel of SUM is wrong, and its other one rounds
otherwise; its LSTM has other tables of tanh, its DIV takes a reciprocal, its SQRT rounds down."""

NOT_IN_LITERT = {"requantize_int8_int32", "add_n_op", "slice_at_f", "slice_at_q"}
"""LiteRT's QUANTIZE makes no int32; TFLM's does. The values follow from the scales. Its ADD_N
takes no int8; ours is held to real numbers in tests/kernels. Of slices, most begin outside."""


Expected = dict[str, tuple[list[Arrays], list[Arrays], list[str]]]
"""For each model its inputs, LiteRT's outputs, and the names of its ops."""


@pytest.fixture(scope="module")
def expected(corpus: dict[str, bytes]) -> Expected:
    made = {}
    for name, data in corpus.items():
        seed = zlib.crc32(name.encode())  # which stays when others come and go
        if name in NOT_IN_LITERT:
            with pytest.raises(RuntimeError, match=r"failed to (prepare|invoke)"):
                outputs_of(interpreter := prepared(data), random_inputs(interpreter, seed, 1)[0])
            continue
        interpreter = referred(data)
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
    few = max(2, wanted.size // 500) if wanted.dtype == np.int16 else few
    otherwise = ROUNDS_OTHERWISE | (MAY_ROUND_APART if wanted.dtype == np.int16 else set())
    few = wanted.size if otherwise & set(ops) else few
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
    expected: Expected,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[str]:
    return run_all(target, corpus, expected, tmp_path_factory.mktemp(f"ops-{target.name}"))


@pytest.fixture(scope="module")
def with_all() -> Target:
    """A simulator with every op that there is."""
    with or_skip(MissingToolError):
        return build_target("unix", Choice(ops=profile_set("all")))


@pytest.fixture(scope="module")
def printed_by_all(
    with_all: Target,
    corpus: dict[str, bytes],
    expected: Expected,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[str]:
    return run_all(with_all, corpus, expected, tmp_path_factory.mktemp("ops-all"))


def run_all(
    target: Target, corpus: dict[str, bytes], expected: Expected, flash: Path
) -> list[str]:
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


def compare(printed: list[str], expected: Expected, *, float32: bool = True) -> list[str]:
    """Hold what was printed against LiteRT; which models lack an op."""
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
        if [len(row) for row in rows] != [len(sample) for sample in wanted]:
            problems.append(f"{name} {ops}: other runs end early")
            continue
        rows, wanted = list(filter(None, rows)), list(filter(None, wanted))
        for index in range(len(wanted[0])):
            arrays = np.array([sample[index] for sample in wanted])
            data = bytes.fromhex("".join(row[index] for row in rows))
            got = np.frombuffer(data, arrays.dtype).reshape(arrays.shape)
            if text := problem(ops, got, arrays):
                problems.append(f"{name} output {index} {ops}: {text}")
        seen += 1
    assert not problems, "\n".join(problems)
    refused = told(printed, "refuses")
    assert refused in (set(), BY_OURS)
    assert seen + len(lacking) + len(refused) == len(expected)
    assert seen >= (100 if float32 else 90)
    supported = told(printed, "supported")
    for name in lacking:
        # Or they are of int16, see make_corpus.py.
        inputs, _, ops = expected[name]
        others = not float32 and any(array.dtype != np.int8 for array in inputs[0])
        assert set(ops) - supported or name.endswith("_w") or others, name
    return lacking


def test_every_op_agrees_with_litert(
    printed: list[str], expected: Expected, target: Target
) -> None:
    compare(printed, expected, float32="float32" not in LACKS[target.name])
    ours = target.name not in ("unix-hosted", "unix-esp-nn")
    assert told(printed, "refuses") == (set() if ours else BY_OURS)


def test_every_op_of_all_agrees_with_litert(printed_by_all: list[str], expected: Expected) -> None:
    assert compare(printed_by_all, expected) == []
    assert told(printed_by_all, "refuses") == set()
    assert told(printed_by_all, "ops") == told(printed_by_all, "supported") == set(offered())


def test_every_op_of_the_profile_was_run(printed: list[str], target: Target) -> None:
    ops, supported = told(printed, "ops"), told(printed, "supported")
    profile = {name for name, op in offered().items() if op.profile in ("digits", "cnn")}
    if target.name.endswith("-stock"):
        assert ops == supported == native_set().names
        return
    assert len(profile) >= 29
    assert ops == supported == profile


FLOAT_ALONE = {"CUMSUM", "L2_POOL_2D", "ZEROS_LIKE"}
CUSTOM = {name for name, op in offered().items() if op.kernel == "custom"}
OF_BOOL = {"LOGICAL_AND", "LOGICAL_OR", "LOGICAL_NOT"}


def test_corpus_runs_each_op_as_int8_and_float(expected: Expected) -> None:
    kinds: dict[str, set[str]] = defaultdict(set)
    for inputs, _, ops in expected.values():
        for op in ops:
            kinds[op].add(str(inputs[0][0].dtype))
    for op, dtypes in kinds.items():
        if op not in {"QUANTIZE", "DEQUANTIZE"} | FLOAT_ALONE | OF_BOOL | CUSTOM:
            assert {"int8", "float32"} <= dtypes, op


INDICES = """
import tflm
for name in ("gather", "lookup", "gather_nd", "slice"):
    interpreter = tflm.Interpreter(name + ".tflite")
    indices = memoryview(interpreter.inputs[0])
    for index in (3, 4, -1, -(2**31), 2**31 - 1, 0):
        for i in range(len(indices)):
            indices[i] = index
        try:
            interpreter.invoke()
            print(name, index, "runs")
        except RuntimeError as error:
            print(name, index, error)
"""


def test_indices_of_a_run_are_bounded(with_all: Target, tmp_path: Path) -> None:
    """Of what has 4 parts, and is constant, since inputs are told apart by their order."""
    data = Tensor([4, 3], FLOAT32, np.arange(12).reshape(4, 3))
    two, rows = Tensor([2], INT32), Tensor([2, 3])
    models = {
        "gather": one_op(OP.GATHER, [data, two], rows, schema.GatherOptionsT()),
        "lookup": one_op(OP.EMBEDDING_LOOKUP, [two, data], rows),
        "gather_nd": one_op(OP.GATHER_ND, [data, Tensor([2, 1], INT32)], rows),
        "slice": one_op(
            OP.SLICE,
            [Tensor([4, 4], FLOAT32, np.arange(16)), two, Tensor([2], INT32, [1, 1])],
            Tensor([1, 1]),
        ),
    }
    for name, model in models.items():
        (tmp_path / f"{name}.tflite").write_bytes(model)
    script = tmp_path / "script.py"
    script.write_text(INDICES)
    done = run(with_all, script, flash=tmp_path, timeout=60)
    assert (done.status, done.stderr) == (0, "")
    lines = iter(done.stdout.splitlines())
    for name in models:
        for index in (3, 4, -1, -(2**31), 2**31 - 1, 0):
            what = "slice" if name == "slice" else "index"
            said = "runs" if 0 <= index < 4 else f"{what} out of range"
            assert next(lines).startswith(f"{name} {index} {said}")


RELU6 = """
import sys, tflm
try:
    interpreter = tflm.Interpreter("relu6.tflite")
    memoryview(interpreter.inputs[0])[:] = bytes(range(256))
    interpreter.invoke()
    print(bytes(interpreter.outputs[0]).hex())
except ValueError as error:
    print(error)
"""


def test_relu6_of_two_scales(with_all: Target, simulator: Program, tmp_path: Path) -> None:
    """TFLM clamps without rescaling. Our kernel rescales; where it is TFLM's, nothing runs."""
    x = Tensor([256], INT8, scale=0.05, zero_point=-100)
    model = one_op(OP.RELU6, [x], Tensor([256], INT8, scale=0.025, zero_point=-128), version=2)
    (tmp_path / "relu6.tflite").write_bytes(model)
    script = tmp_path / "script.py"
    script.write_text(RELU6)
    done = run(with_all, script, flash=tmp_path, timeout=60)
    real = (np.arange(256).astype(np.uint8).view(np.int8).astype(int) + 100) * 0.05
    wanted = np.clip(np.round(np.clip(real, 0, 6) / 0.025) - 128, -128, 127)
    got = np.frombuffer(bytes.fromhex(done.stdout), np.int8)
    assert np.abs(got - wanted).max() <= 1
    hosted = unix.run(script, program=simulator.path, flash=tmp_path, capture=True, timeout=60)
    assert hosted.stdout == "op 0 RELU6: scales of input and output differ\n"


FUNCTIONS = {
    "exp": (OP.EXP, np.exp),
    "log": (OP.LOG, np.log),
    "sqrt": (OP.SQRT, np.sqrt),
    "gelu": (OP.GELU, lambda x: x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2),
}

TABLES = """
import tflm
for name in ("exp", "log", "sqrt", "gelu"):
    interpreter = tflm.Interpreter(name + ".tflite")
    memoryview(interpreter.inputs[0])[:] = bytes(range(256))
    interpreter.invoke()
    print(bytes(interpreter.outputs[0]).hex())
"""


@pytest.mark.parametrize(("scale", "zero", "to", "at"), [(0.03, 5, 0.02, -20), (1, -128, 9, 127)])
def test_int8_functions_of_all_values(
    with_all: Target, tmp_path: Path, scale: float, zero: int, to: float, at: int
) -> None:
    """Rounded to the nearest; the least where there is no number, or less than that."""
    x = Tensor([256], INT8, scale=scale, zero_point=zero)
    for name, (op, _) in FUNCTIONS.items():
        model = one_op(op, [x], Tensor([256], INT8, scale=to, zero_point=at), version=2)
        (tmp_path / f"{name}.tflite").write_bytes(model)
    script = tmp_path / "script.py"
    script.write_text(TABLES)
    done = run(with_all, script, flash=tmp_path, timeout=60)
    real = (np.arange(256).astype(np.uint8).view(np.int8).astype(float) - zero) * np.float32(scale)
    for (name, (_, function)), line in zip(FUNCTIONS.items(), done.stdout.split(), strict=True):
        with np.errstate(all="ignore"):
            value = np.nan_to_num(function(real), nan=-np.inf) / np.float32(to) + at
        got = np.frombuffer(bytes.fromhex(line), np.int8)
        assert np.abs(got - np.clip(value, -128, 127)).max() < 0.51, name
