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
from tinycnn.firmware.port import Program
from tinycnn.targets import unix
from tinycnn.targets.targets import Target
from tinycnn.tflite.arena import ILP32, LP64, Abi, Kernels, UnpredictableError, predict_arena
from tinycnn.tflite.arena import kernels as kernel_table
from tinycnn.tflite.arena.planner import Buffer, plan
from tinycnn.tflite.check import check_model
from tinycnn.tflite.ops import offered

NEAR = 64
"""Bytes that a prediction may be off."""

SEEDS = (*range(30), 115)
"""115: planning it took TFLM's memory planner outside the arena."""

MEASURED = """
add_bias_f 1808, add_bias_q 688, add_f 2624, add_q 944, add_relu_f 2624, add_relu_q 944,
average_pool_1d_f 832, average_pool_1d_q 800, average_pool_f 1216, average_pool_q 528,
average_pool_same_f 1040, average_pool_same_q 496, concat_bool 480, concat_channels_f 3360,
concat_channels_q 1104, concat_rows_f 2976, concat_rows_q 1008, conv1d_causal_dilated_f 1184,
conv1d_causal_dilated_q 1184, conv1d_causal_f 1168, conv1d_causal_q 1184,
conv1d_same_dilated_f 1024, conv1d_same_dilated_q 1056, conv1d_same_f 1024, conv1d_same_q 1056,
conv1d_valid_stride_f 944, conv1d_valid_stride_q 1056, conv_1x1_no_bias_f 2928,
conv_1x1_no_bias_q 1040, conv_batchnorm_f 2128, conv_batchnorm_q 832, conv_dilated_f 1360,
conv_dilated_q 832, conv_full_f 3776, conv_full_q 1312, conv_same_f 2128, conv_same_q 832,
conv_stride_f 1376, conv_stride_q 880, conv_valid_relu_f 1680, conv_valid_relu_q 832,
crop_f 1408, crop_q 640, dense_f 496, dense_no_bias_f 464, dense_no_bias_q 624, dense_q 720,
dense_relu_softmax_f 928, dense_relu_softmax_q 1024, dense_series_f 752, dense_series_q 656,
depthwise_dilated_f 1296, depthwise_dilated_q 816, depthwise_multiplier_f 2464,
depthwise_multiplier_q 960, depthwise_one_channel_f 1616, depthwise_one_channel_q 832,
depthwise_same_f 1872, depthwise_same_q 816, depthwise_stride_f 1296, depthwise_stride_q 816,
dequantize 400, dequantize_uint8 400, digits_f 3264, digits_io 1600, digits_q 1472,
expand_dims_f 608, expand_dims_last_f 400, expand_dims_last_q 400, expand_dims_op_f 400,
expand_dims_op_q 400, expand_dims_q 432, flatten_f 1760, flatten_q 640, global_average_1d_f 624,
global_average_1d_q 704, global_average_f 1072, global_average_keep_f 1072,
global_average_keep_q 704, global_average_q 704, global_max_f 1072, global_max_q 624,
hard_swish_f 1744, hard_swish_q 624, leaky_relu_f 1760, leaky_relu_q 640, max_pool_1d_f 832,
max_pool_1d_q 800, max_pool_f 1216, max_pool_q 528, max_pool_same_f 1040, max_pool_same_q 496,
maximum_f 2544, maximum_q 864, mean_last_f 624, mean_last_q 704, minimum_scalar_f 1728,
minimum_scalar_q 608, mul_channels_f 1840,
mul_channels_q 736, mul_f 2592, mul_q 912, pad_1d_f 688, pad_1d_q 448, pad_f 2480, pad_q 848,
padv2_f 2480, padv2_q 864, permute_f 1728, permute_q 608, prelu_f 1760, prelu_q 640,
quantize 400, random_0 3536, random_1 9760, random_10 7888, random_11 5936, random_115 7984,
random_12 10832,
random_13 12112, random_14 13408, random_15 7488, random_16 7408, random_17 4304,
random_18 8448, random_19 7264, random_2 2304, random_20 4864, random_21 8576, random_22 1584,
random_23 7840, random_24 5936, random_25 3168, random_26 8560, random_27 4000, random_28 5392,
random_29 12400, random_3 6896, random_4 3056, random_5 10336, random_6 5472, random_7 9136,
random_8 10128, random_9 3392, reduce_max_f 1072, reduce_max_q 624, reduce_min_f 1072,
reduce_min_q 624, relu6_f 1728, relu6_q 608, relu_f 1760, relu_q 640, requantize_int16_int8 400,
requantize_int32_int8 400, requantize_int8_int16 400, requantize_int8_int32 400,
requantize_int8_int8 400, requantize_int8_uint8 400, requantize_uint8_int8 400,
rescaling_f 1904, rescaling_q 784, reshape_f 1760, reshape_q 640, residual_f 4256,
residual_q 2240, resize_bilinear_corners_f 1744, resize_bilinear_corners_q 624,
resize_nearest_f 1744, resize_nearest_q 624, separable_f 2320, separable_q 1024, sigmoid_f 1744,
sigmoid_q 624, slice_reversed_f 576, slice_reversed_q 608, softmax_f 432, softmax_q 432,
softmax_series_f 640, softmax_series_q 432, squeeze_all_f 400, squeeze_all_q 400, squeeze_f 432,
squeeze_op_f 400, squeeze_op_q 400, squeeze_q 432, sub_f 2608, sub_q 928, sub_scalar_f 640,
sub_scalar_q 480, sum_f 624, sum_q 704, tanh_f 1744, tanh_q 624, transposed_same_f 5216,
transposed_same_q 5696, transposed_valid_f 5744, transposed_valid_q 6368, two_outputs_f 864,
two_outputs_q 928, upsample_bilinear_f 4032, upsample_bilinear_q 1184
"""
"""Bytes of arena that engine_tflm.cpp plans on a 32-bit target, by the model's name.

Names are those of tests/model/make_corpus.py and of random_network(). Measured on x86 with
gcc 12.2 and -m32 -malign-double, so that int64 and double are aligned as on Xtensa and
RV32: TFLM (esp-tflite-micro at the commit in sources.toml) built as tflm/libtflm.mk does, linked
with engine_tflm.cpp and a main() that asks tflm_engine_plan() for the size as
tflm_memory.c does. clang for riscv32 (ilp32) has the same sizeof() of every struct.
"""


@pytest.fixture(scope="module")
def models(corpus: dict[str, bytes], quick_pipeline: Pipeline) -> dict[str, bytes]:
    """The corpus, the digits models and random networks, by name."""
    found = dict(corpus)
    for model in (quick_pipeline.converted.int8, quick_pipeline.converted.float32):
        found[quick_pipeline.converted.path(model).stem] = model.data
    return found | {f"random_{seed}": random_network(seed) for seed in SEEDS}


def measured() -> dict[str, int]:
    rows = (item.split() for item in MEASURED.split(","))
    return {name: int(size) for name, size in rows}


def far(truth: Mapping[str, int], models: Mapping[str, bytes]) -> dict[str, tuple[int, int]]:
    """What was measured and what is predicted where these are more than NEAR apart."""
    both = {name: (size, predict_arena(models[name]).size) for name, size in truth.items()}
    return {name: pair for name, pair in both.items() if abs(pair[0] - pair[1]) > NEAR}


def test_32_bit_targets_take_what_was_predicted(models: dict[str, bytes]) -> None:
    assert far(measured(), models) == {}


def test_a_wrong_record_is_noticed(models: dict[str, bytes]) -> None:
    truth = measured()
    truth["digits_q"] += NEAR + 16
    assert list(far(truth, models)) == ["digits_q"]


def test_every_op_is_predicted_and_was_measured(models: dict[str, bytes]) -> None:
    assert set(offered()) == kernel_table.PREDICTED
    ops = {op.name for name in measured() for op in check_model(models[name]).ops}
    assert ops >= kernel_table.PREDICTED


ASK = """
import os, tflm
for name in sorted(os.listdir()):
    if name.endswith(".tflite"):
        print(name[:-7], tflm.Interpreter(name).arena_size)
"""


def test_targets_take_what_was_predicted(
    models: dict[str, bytes], compiled_target: Target, tmp_path: Path
) -> None:
    """Exactly: if not, the pinned TFLM allocates otherwise than tinycnn.tflite.arena says."""
    abi = LP64 if compiled_target.name.startswith("unix") else ILP32
    kernels: Kernels = "esp-nn" if "esp" in compiled_target.name else "reference"
    able = {name: data for name, data in models.items() if not check_model(data).lacking("cnn")}
    assert len(able) > 150
    for name, data in able.items():
        (tmp_path / f"{name}.tflite").write_bytes(data)
    script = tmp_path / "ask.py"
    script.write_text(ASK)
    done = compiled_target.run(script, flash=tmp_path, capture=True, timeout=200)
    assert done.status == 0, done.stderr
    taken = dict(line.split() for line in done.stdout.splitlines())
    wanted = {name: str(predict_arena(data, abi, kernels).size) for name, data in able.items()}
    assert taken == wanted


SWEEP = """
import sys, tflm
arena = bytearray(int(sys.argv[1]))
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
    needed = str(predict_arena(models["residual_q"], LP64).size)
    done = unix.run(script, [needed], flash=tmp_path, capture=True, program=simulator_tflm.path)
    assert (done.status, done.stdout) == (0, "survived\n")


def test_pointers_make_the_difference(models: dict[str, bytes]) -> None:
    small, large = (predict_arena(models["digits_q"], abi) for abi in (Abi(4), Abi(8)))
    assert small.tensors == large.tensors
    assert small.kept < large.kept
    assert small.size >= small.tensors + small.kept


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


def test_an_unknown_op_is_not_guessed() -> None:
    with pytest.raises(UnpredictableError, match="what COS needs is not known"):
        predict_arena(COS)


def test_verb_says_the_arena(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "relu.tflite"
    path.write_bytes(RELU)
    need = predict_arena(RELU)
    said = command("check", path).out
    assert f"  arena of {need.size} bytes on a 32-bit board: " in said
    assert f"tensors {need.tensors}, kept {need.kept}\n" in said


def test_verb_says_that_it_cannot_tell(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "relu.tflite"
    path.write_bytes(RELU)
    monkeypatch.setattr(kernel_table, "_KERNELS", {})
    done = command("check", path)
    assert done.status == 0
    assert "  arena not predicted: what RELU needs is not known\n" in done.out


def test_verb_says_no_arena_of_what_cannot_run(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "cos.tflite"
    path.write_bytes(COS)
    said = command("check", path).out
    assert "no firmware runs it" in said
    assert "  arena" not in said
