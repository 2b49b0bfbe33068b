"""Models that keep a state, by both engines with the profile `all`, against LiteRT's kernels.

A state of the wrong size, place or age shows after a few runs: each model runs RUNS times on
inputs of its own, and then again from `reset()` on.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tflite_micro import runtime

from litert import Arrays, Micro, is_custom, outputs_of, prepared, random_inputs
from skips import TARGET, or_skip
from state_models import SMALL_STATE
from tflite_models import edited
from tinycnn.firmware.libtflm import Kernels
from tinycnn.firmware.port import Program
from tinycnn.firmware.unix import Engine, build_unix
from tinycnn.targets import unix
from tinycnn.tflite.arena import predict_arena
from tinycnn.tflite.graph import read_graph
from tinycnn.tflite.ops import profile_set

RUNS = 8

STATEFUL = {
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "SVDF",
    "READ_VARIABLE",
    "CIRCULAR_BUFFER",
    "SignalFilterBankSpectralSubtraction",
}

SCRIPT = """
import os
from binascii import hexlify
import tflm

for name in sorted(os.listdir()):
    if name.endswith(".tflite"):
        net = tflm.Interpreter(name)
        for again in range(2):
            with open(name[:-6] + "inputs", "rb") as file:
                for _ in range(int(file.readline())):
                    for tensor in net.inputs:
                        file.readinto(tensor)
                    done = net.invoke()
                    assert done is True or done is False
                    print(name[:-7], " ".join(hexlify(t).decode() for t in net.outputs if done))
            net.invoke()  # so that reset() comes in the middle of a cycle
            net.reset()
"""

FLOAT_LIMIT = 1e-5

STEPS = {"UNIDIRECTIONAL_SEQUENCE_LSTM": 1}
"""How far int8 outputs may be apart: TFLM and LiteRT differ in the sigmoid of an LSTM."""

NOT_IN_LITERT = {"small_state": SMALL_STATE}
"""What they give is asked of TFLM, in its wheel."""

BUILDS: dict[str, tuple[Engine, Kernels]] = {
    "hosted": ("hosted", "own"),
    "tflm": ("tflm", "own"),
    "reference": ("tflm", "tflm"),
}


@pytest.fixture(scope="module", params=BUILDS)
def program(request: pytest.FixtureRequest) -> Path:
    engine, kernels = BUILDS[request.param]
    with or_skip():
        return build_unix(engine, kernels=kernels, ops=profile_set("all")).path


@dataclass(frozen=True)
class Case:
    """A model, what each run gets, and what it should give."""

    model: bytes
    ops: set[str]
    inputs: list[Arrays]
    outputs: list[Arrays]


def own(program: Path) -> bool:
    """Does it not run TFLM's own kernels? Of these CALL_ONCE, once reset, calls no more."""
    return not program.parent.name.startswith("tflm-tflm")


def by_tflm(model: bytes, inputs: list[Arrays]) -> list[Arrays]:
    net = runtime.Interpreter.from_bytes(model, arena_size=1 << 18)
    found = []
    for (values,) in inputs:
        net.set_input(values, 0)
        net.invoke()
        found.append([np.array(net.get_output(0))])
    return found


@pytest.fixture(scope="module")
def cases(corpus: dict[str, bytes]) -> dict[str, Case]:
    found = {}
    for seed, (name, model) in enumerate((corpus | NOT_IN_LITERT).items()):
        ops = {node.op for node in read_graph(model).nodes}
        if not ops & STATEFUL:
            continue
        by = Micro if is_custom(model) else prepared
        inputs = random_inputs(by(model), seed, RUNS)
        if name in NOT_IN_LITERT:
            outputs = by_tflm(model, inputs)
        else:
            interpreter = by(model)
            outputs = [outputs_of(interpreter, values) for values in inputs]
        found[name] = Case(model, ops, inputs, outputs)
    return found


def test_states_are_exercised(cases: dict[str, Case]) -> None:
    """A kernel that kept nothing would be seen: each model's runs depend on those before."""
    assert len(cases) >= 17
    assert {op for case in cases.values() for op in case.ops} >= STATEFUL
    for name in cases.keys() - NOT_IN_LITERT.keys():
        case = cases[name]
        by = Micro if is_custom(case.model) else prepared
        alone = outputs_of(by(case.model), case.inputs[-1])
        assert problem(case, alone, case.outputs[-1]), name


def problem(case: Case, got: Arrays, wanted: Arrays) -> str:
    """Why one run's outputs are not what they should be; "" if they are."""
    if len(got) != len(wanted):
        return "it ends early, or does not"
    for mine, theirs in zip(got, wanted, strict=True):
        apart = np.abs(mine.astype(np.float64) - theirs.astype(np.float64)).max()
        if theirs.dtype == np.float32:
            most = FLOAT_LIMIT * max(1.0, float(np.abs(theirs).max()))
        else:
            most = max(STEPS.get(op, 0) for op in case.ops)
        if not apart <= most:
            return f"{apart} apart"
    return ""


def read(row: str, like: Arrays) -> Arrays:
    """The outputs of one line that SCRIPT printed."""
    return [
        np.frombuffer(bytes.fromhex(text), array.dtype).reshape(array.shape)
        for text, array in zip(row.split(), like, strict=False)
    ]


PROFILE = """
import tflm
nets = [tflm.Interpreter("stream_f.tflite") for _ in range(2)]
for _ in range(2):
    for net in nets:
        net.inputs[0].quantize([0.5] * 6)
    nets[0].invoke()
    print([name for name, ticks in nets[1].profile()] == [name for name, _ in nets[1].ops()])
    print(nets[0].outputs[0].dequantize() == nets[1].outputs[0].dequantize())
    nets[0].reset()
    nets[1].reset()
"""


def test_profile_of_a_run_that_sets_up(
    program: Path, corpus: dict[str, bytes], tmp_path: Path
) -> None:
    """As many times as there are ops, and the values of a run."""
    if not own(program) or "hosted" in str(program):
        pytest.skip(f"{TARGET}it cannot profile, or not what CALL_ONCE calls")
    (tmp_path / "stream_f.tflite").write_bytes(corpus["stream_f"])
    script = tmp_path / "script.py"
    script.write_text(PROFILE)
    done = unix.run(script, program=program, flash=tmp_path, capture=True, timeout=60)
    assert (done.status, done.stdout) == (0, "True\n" * 4), done.stderr


ASK = """
import os, tflm
for name in sorted(os.listdir()):
    if name.endswith(".tflite"):
        net = tflm.Interpreter(name)
        print(name[:-7], net.arena_size, net.kept_size)
"""


def test_arena_is_as_predicted(program: Path, cases: dict[str, Case], tmp_path: Path) -> None:
    if "hosted" in str(program):
        pytest.skip(f"{TARGET}the hosted engine keeps it elsewhere")
    for name, case in cases.items():
        (tmp_path / f"{name}.tflite").write_bytes(case.model)
    script = tmp_path / "script.py"
    script.write_text(ASK)
    done = unix.run(script, program=program, flash=tmp_path, capture=True, timeout=60)
    assert (done.status, done.stderr) == (0, "")
    taken = {name: (int(a), int(b)) for name, a, b in map(str.split, done.stdout.splitlines())}
    found = {name: predict_arena(case.model, own=own(program)) for name, case in cases.items()}
    assert {name: need.arena for name, need in found.items()} == {
        name: arena for name, (arena, _) in taken.items()
    }
    # The bound is for pointers of 32 bits, and these have 64.
    assert all(taken[name][1] <= 2 * need.kept for name, need in found.items())


def test_states_last_and_reset(program: Path, cases: dict[str, Case], tmp_path: Path) -> None:
    for name, case in cases.items():
        (tmp_path / f"{name}.tflite").write_bytes(case.model)
        values = b"".join(array.tobytes() for run in case.inputs for array in run)
        (tmp_path / f"{name}.inputs").write_bytes(b"%d\n%b" % (RUNS, values))
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = unix.run(script, program=program, flash=tmp_path, capture=True, timeout=120)
    assert (done.status, done.stderr) == (0, ""), done.stdout[-300:] + done.stderr
    rows: dict[str, list[str]] = defaultdict(list)
    for line in done.stdout.splitlines():
        name, row = line.split(" ", 1)
        rows[name].append(row)
    assert rows.keys() == cases.keys()
    problems = []
    for name, case in cases.items():
        first, second = rows[name][:RUNS], rows[name][RUNS:]
        if first != second and (own(program) or "CALL_ONCE" not in case.ops):
            problems.append(f"{name}: another result after reset()")
        for at, (row, wanted) in enumerate(zip(first, case.outputs, strict=True)):
            if text := problem(case, read(row, wanted), wanted):
                problems.append(f"{name} run {at}: {text}")
    assert not problems, "\n".join(problems)


EARLY = """
import tflm
net = tflm.Interpreter("early.tflite")
print([net.invoke() for _ in range(9)])
net.reset()
print([net.invoke() for _ in range(3)])
print(len(net.predict([0] * 6)))
for ask in (net.predict, net.classify):
    try:
        ask([0] * 6)
    except RuntimeError as error:
        print(error)
try:
    ticks = net.profile()
    print([name for name, _ in ticks], ticks[1][1])
except NotImplementedError:
    print(net.invoke())
print(net.invoke(), [name for name, _ in tflm.supported_ops() if name == "CIRCULAR_BUFFER"])
"""


def test_runs_that_end_early(program: Path, corpus: dict[str, bytes], tmp_path: Path) -> None:
    """invoke() says so, and what wants outputs raises; each input counts, even so."""
    (tmp_path / "early.tflite").write_bytes(corpus["circular_early_q"])
    script = tmp_path / "script.py"
    script.write_text(EARLY)
    done = unix.run(script, program=program, flash=tmp_path, capture=True, timeout=60)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "[False, False, False, True, False, False, False, True, False]",
        "[False, False, False]",
        "6",
        *["the run ended early, without outputs: use invoke(), which tells"] * 2,
        "False" if "hosted" in str(program) else "['CIRCULAR_BUFFER', 'AVERAGE_POOL_2D'] 0",
        "True ['CIRCULAR_BUFFER']",
    ]


LACKS = """
import tflm
try:
    tflm.Interpreter("early.tflite")
except tflm.UnsupportedOpError as error:
    print(error)
"""


def test_custom_ops_that_a_firmware_lacks(
    simulator: Program, corpus: dict[str, bytes], tmp_path: Path
) -> None:
    """They go by their names, of which there may be any."""
    script = tmp_path / "script.py"
    script.write_text(LACKS)
    advices = {
        "CIRCULAR_BUFFER": "build it with --ops all or --ops-from MODEL",
        "MINE": "no firmware has it",
    }
    for name, advice in advices.items():
        model = edited(
            corpus["circular_early_q"],
            lambda m, name=name: setattr(m.operatorCodes[0], "customCode", name.encode()),
        )
        (tmp_path / "early.tflite").write_bytes(model)
        done = unix.run(script, program=simulator.path, flash=tmp_path, capture=True, timeout=60)
        assert done.stdout == f"op 0 {name}: version 1 is not in the firmware; {advice}\n"
