"""The arena that the host predicts, against what TFLM takes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_helpers import Command, Pipeline
from random_networks import random_network
from tflite_models import BY_OURS, RELU, SIGN
from tinycnn.errors import UserError
from tinycnn.files import ROOT
from tinycnn.targets.targets import Target
from tinycnn.tflite.arena import predict_arena
from tinycnn.tflite.arena.planner import Buffer, plan
from tinycnn.tflite.check import check_model
from tinycnn.tflite.native import NativeNeed, native_need

SEEDS = (*range(30), 115)
"""115: planning it took TFLM's memory planner outside the arena."""

MEASURED = {
    "conv1d_causal_w": 428,
    "circular_twice_q": 292,
    "conv_full_f": 308,
    "depthwise_multiplier_w": 196,
    "dense_f": 140,
    "dense_q": 196,
    "dequantize": 108,
    "digits_f": 588,
    "digits_q": 564,
    "add_w": 140,
    "digits_w": 540,
    "matmul_w": 236,
    "residual_w": 2884,
    "sum_w": 212,
    "transposed_valid_w": 252,
    "dense_relu_softmax_w": 2460,
    "expand_dims_last_q": 100,
    "frontend": 3932,
    "global_average_q": 116,
    "lstm_batch_f": 1060,
    "lstm_q": 1068,
    "padv2_q": 116,
    "random_1": 3712,
    "random_25": 992,
    "random_29": 3708,
    "residual_q": 860,
    "signal_rfft_long": 5492,
    "signal_subtraction": 168,
    "slice_reversed_q": 236,
    "softmax_f": 92,
    "stream_f": 1428,
    "stream_int8_q": 892,
    "svdf_batch_q": 548,
    "svdf_f": 396,
    "transposed_valid_q": 252,
}
"""Bytes beside the arena that qemu-rv32 kept: of the corpus and of random_network(), by name."""


@pytest.fixture(scope="module")
def models(corpus: dict[str, bytes], quick_pipeline: Pipeline) -> dict[str, bytes]:
    """The corpus, the digits models and random networks, by name."""
    found = corpus | {"shipped": (ROOT / "device" / "digits.tflite").read_bytes()}
    for model in (quick_pipeline.converted.int8, quick_pipeline.converted.float32):
        found[quick_pipeline.converted.path(model).stem] = model.data
    return found | {f"random_{seed}": random_network(seed) for seed in SEEDS}


def wrong(taken: Mapping[str, int], models: Mapping[str, bytes]) -> dict[str, tuple[int, int]]:
    """What was taken and its bound, where that is too low, or more than 15 % and 256 B above."""
    both = {name: (size, predict_arena(models[name]).kept) for name, size in taken.items()}
    return {
        name: (size, bound)
        for name, (size, bound) in both.items()
        if not size <= bound <= size + max(256, 0.15 * size)
    }


def test_no_more_is_kept_than_predicted(models: dict[str, bytes]) -> None:
    assert wrong(MEASURED, models) == {}


ASK = """
import os, tflm
for name in sorted(os.listdir()):
    if name.endswith(".tflite"):
        net = tflm.Interpreter(name)
        print(name[:-7], net.arena_size, net.kept_size)
"""


def taken(target: Target, able: dict[str, bytes], folder: Path) -> dict[str, tuple[int, int]]:
    """Bytes of arena and beside it, of each of these models."""
    for name, data in able.items():
        (folder / f"{name}.tflite").write_bytes(data)
    script = folder / "ask.py"
    script.write_text(ASK)
    done = target.run(script, flash=folder, capture=True, timeout=200)
    assert done.status == 0, (done.stdout, done.stderr)
    found = {name: (int(a), int(b)) for name, a, b in map(str.split, done.stdout.splitlines())}
    assert set(found) == set(able)
    return found


def test_targets_take_no_more_than_predicted(
    compiled_target: Target, models: dict[str, bytes], tmp_path: Path
) -> None:
    """The arena is what was planned, with either size of pointers.

    The target comes first: where there is none, nobody waits for the corpus.
    """
    if compiled_target.name.endswith("-stock"):
        needs = natively(models)
        assert len(needs) > 90
        found = taken(compiled_target, {name: models[name] for name in needs}, tmp_path)
        assert found == {name: (need.arena, need.kept) for name, need in needs.items()}
        return
    own = compiled_target.name != "unix-esp-nn"
    able = {
        name: data
        for name, data in models.items()
        if not check_model(data).lacking("cnn") and (own or name not in BY_OURS)
    }
    assert len(able) > 150
    found = taken(compiled_target, able, tmp_path)
    arenas = {name: size for name, (size, _) in found.items()}
    assert arenas == {name: predict_arena(able[name], own=own).arena for name in arenas}
    if not compiled_target.name.startswith("unix"):  # that has 64 bits
        assert wrong({name: kept for name, (_, kept) in found.items()}, able) == {}


def natively(models: dict[str, bytes]) -> dict[str, NativeNeed]:
    """What those take in the native module that it runs."""
    needs = {}
    for name, data in models.items():
        with suppress(UserError):
            needs[name] = native_need(data)
    return needs


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
    with pytest.raises(UserError, match="what SIGN needs of an arena is not known"):
        predict_arena(SIGN)


def test_verb_says_the_arena(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "relu.tflite"
    path.write_bytes(RELU)
    assert "  arena of 64 bytes, and on a 32-bit board at most 112 beside it\n" in (
        command("check", path).out
    )


def test_verb_says_no_arena_of_what_cannot_run(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "cos.tflite"
    path.write_bytes(SIGN)
    said = command("check", path).out
    assert "no firmware runs it" in said
    assert "  arena" not in said
