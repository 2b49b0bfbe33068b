"""The arena that the host predicts, against what TFLM takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_helpers import Command, Pipeline
from random_networks import random_network
from tflite_models import COS, RELU
from tinycnn.errors import UserError
from tinycnn.files import ROOT
from tinycnn.firmware.port import Program
from tinycnn.targets import unix
from tinycnn.targets.targets import Target
from tinycnn.tflite.arena import predict_arena
from tinycnn.tflite.arena.planner import Buffer, plan, up
from tinycnn.tflite.check import check_model

SEEDS = (*range(30), 115)
"""115: planning it took TFLM's memory planner outside the arena."""

MEASURED = {
    "conv_full_f": 3776,
    "dense_f": 496,
    "dense_q": 720,
    "dequantize": 400,
    "digits_f": 3264,
    "digits_q": 1472,
    "expand_dims_last_q": 400,
    "global_average_q": 704,
    "padv2_q": 864,
    "random_1": 9760,
    "random_25": 3168,
    "random_29": 12400,
    "residual_q": 2240,
    "slice_reversed_q": 608,
    "softmax_f": 432,
    "transposed_valid_q": 6368,
}
"""Bytes of arena that qemu-rv32 took: of the corpus and of random_network(), by name."""

ASKING = {"TRANSPOSE_CONV", "MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"}
"""Ops whose kernels take scratch memory, which no memory_map() shows."""


@pytest.fixture(scope="module")
def models(corpus: dict[str, bytes], quick_pipeline: Pipeline) -> dict[str, bytes]:
    """The corpus, the digits models and random networks, by name."""
    found = corpus | {"shipped": (ROOT / "device" / "digits.tflite").read_bytes()}
    for model in (quick_pipeline.converted.int8, quick_pipeline.converted.float32):
        found[quick_pipeline.converted.path(model).stem] = model.data
    return found | {f"random_{seed}": random_network(seed) for seed in SEEDS}


def wrong(taken: Mapping[str, int], models: Mapping[str, bytes]) -> dict[str, tuple[int, int]]:
    """What was taken and its bound, where that is too low, or more than 15 % and 256 B above."""
    both = {name: (size, predict_arena(models[name]).bound) for name, size in taken.items()}
    return {
        name: (size, bound)
        for name, (size, bound) in both.items()
        if not size <= bound <= size + max(256, 0.15 * size)
    }


def test_no_more_is_taken_than_predicted(models: dict[str, bytes]) -> None:
    assert wrong(MEASURED, models) == {}


ASK = """
import os, tflm
for name in sorted(os.listdir()):
    if name.endswith(".tflite"):
        net = tflm.Interpreter(name)
        print(name[:-7], net.arena_size, max(at + size for _, at, size in net.memory_map()))
"""


def test_targets_take_no_more_than_predicted(
    models: dict[str, bytes], compiled_target: Target, tmp_path: Path
) -> None:
    """Their tensors lie where they were planned, with either size of pointers."""
    able = {name: data for name, data in models.items() if not check_model(data).lacking("cnn")}
    assert len(able) > 150
    for name, data in able.items():
        (tmp_path / f"{name}.tflite").write_bytes(data)
    script = tmp_path / "ask.py"
    script.write_text(ASK)
    done = compiled_target.run(script, flash=tmp_path, capture=True, timeout=200)
    assert done.status == 0, done.stderr
    found = {name: (int(a), int(b)) for name, a, b in map(str.split, done.stdout.splitlines())}
    assert set(found) == set(able)
    for name, (_, end) in found.items():
        tensors = predict_arena(able[name]).tensors
        if ASKING.isdisjoint(op.name for op in check_model(able[name]).ops):
            assert up(end) == tensors, name
        assert end <= tensors, name
    if not compiled_target.name.startswith("unix"):  # that has 64 bits
        assert wrong({name: size for name, (size, _) in found.items()}, able) == {}


SWEEP = """
import tflm
arena = bytearray(tflm.Interpreter("residual_q.tflite").arena_size)
for size in range(0, len(arena), 8):
    try:
        tflm.Interpreter("residual_q.tflite", arena=memoryview(arena)[:size])
    except tflm.ArenaError:
        pass
print("survived")
"""


def test_no_size_of_arena_ends_the_planner_outside_it(
    models: dict[str, bytes], simulator_tflm: Program, tmp_path: Path
) -> None:
    """At 2,536 bytes TFLM took a negative number of bytes left for a huge one."""
    (tmp_path / "residual_q.tflite").write_bytes(models["residual_q"])
    script = tmp_path / "sweep.py"
    script.write_text(SWEEP)
    done = unix.run(script, flash=tmp_path, capture=True, program=simulator_tflm.path)
    assert (done.status, done.stdout) == (0, "survived\n")


buffers = st.builds(
    lambda size, first, steps: Buffer(16 * size, first, first + steps),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 4),
)


@given(st.lists(buffers, max_size=12))
def test_a_plan_holds_all_that_is_in_use_at_once(wanted: list[Buffer]) -> None:
    at_once = [sum(b.size for b in wanted if b.first <= step <= b.last) for step in range(14)]
    assert max(at_once) <= plan(wanted) <= sum(b.size for b in wanted)


def test_a_plan_is_as_greedy_as_tflm() -> None:
    """96 bytes would do, if the largest were not placed first."""
    assert plan([Buffer(32, 3, 3), Buffer(32, 3, 4), Buffer(48, 2, 2), Buffer(32, 2, 4)]) == 112


def test_what_no_firmware_offers_is_not_guessed() -> None:
    with pytest.raises(UserError, match="what COS needs of an arena is not known"):
        predict_arena(COS)


def test_verb_says_the_arena(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "relu.tflite"
    path.write_bytes(RELU)
    assert "  arena of at most 416 bytes on a 32-bit board, 64 of them for tensors\n" in (
        command("check", path).out
    )


def test_verb_says_no_arena_of_what_cannot_run(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "cos.tflite"
    path.write_bytes(COS)
    said = command("check", path).out
    assert "no firmware runs it" in said
    assert "  arena" not in said
