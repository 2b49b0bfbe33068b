"""`tinycnn check`: the firmware's own check, asked on the host."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from host_helpers import Command, Pipeline
from tflite_models import INT8, OP, RELU, SIGN, Tensor, edited, one_op
from tinycnn.tflite.check import check_model
from tinycnn.tflite.native import native_need


def test_the_digits_model_is_valid(quick_pipeline: Pipeline) -> None:
    model = quick_pipeline.converted.int8
    found = check_model(model.data)
    assert found.valid
    assert found.reason == ""
    assert [op.name for op in found.ops] == list(model.ops)
    assert found.profile == "digits"
    assert found.lacking("digits") == ()


def test_an_op_of_a_larger_profile_is_told() -> None:
    found = check_model(RELU)
    assert found.valid
    assert found.profile == "cnn"
    assert found.lacking("digits") == ("RELU",)
    assert found.lacking("cnn") == ()


def test_a_type_of_a_larger_profile_is_told(command: Command, quick_pipeline: Pipeline) -> None:
    converted = quick_pipeline.converted
    assert check_model(converted.int8.data).int8
    found = check_model(converted.float32.data)
    assert (found.valid, found.int8, found.profile) == (True, False, "cnn")
    assert (found.lacking("digits"), found.lacking("cnn")) == (("float32",), ())
    done = command("check", converted.path(converted.float32), "--ops", "digits")
    assert done.status == 1
    assert done.out.splitlines()[-1].endswith("; that with --ops digits is of int8 alone")


def test_int16_is_told_to_take_all_ops(
    command: Command, corpus: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "wide.tflite"
    path.write_bytes(corpus["digits_w"])
    found = check_model(corpus["digits_w"])
    assert (found.reason, found.int8, found.int16, found.profile) == ("", True, True, "all")
    assert [found.lacking(ops) for ops in ("digits", "cnn", "all")] == [("int16",)] * 2 + [()]
    assert not check_model(corpus["digits_q"]).int16
    done = command("check", path)
    assert (done.status, done.out.splitlines()[-1]) == (
        1,
        f"needs a firmware built with --ops all or --ops-from {path}; "
        "that with --ops cnn has no activations of int16",
    )
    assert command("check", path, "--ops", "all").status == 0


def test_an_op_that_no_firmware_offers_is_told() -> None:
    found = check_model(SIGN)
    assert found.valid
    assert "SIGN" in found.reason
    assert found.profile == ""
    assert found.lacking("all") == ("SIGN",)


def test_a_truncated_model_is_not_valid(quick_pipeline: Pipeline) -> None:
    data = quick_pipeline.converted.int8.data
    found = check_model(data[: len(data) // 2])
    assert not found.valid
    assert found.reason
    assert found.ops == ()


def test_verb_says_what_runs_it(command: Command, quick_pipeline: Pipeline) -> None:
    path = quick_pipeline.converted.path(quick_pipeline.converted.int8)
    done = command("check", path, "--ops", "digits")
    assert done.status == 0
    assert f"{path}: {path.stat().st_size} bytes" in done.out
    assert re.search(r"CONV_2D version \d+\n", done.out)


def test_verb_says_what_would_add_an_op(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "relu.tflite"
    path.write_bytes(RELU)
    done = command("check", path, "--ops", "digits")
    assert done.status == 1
    assert "RELU version 1  not in digits" in done.out
    assert f"--ops cnn or --ops-from {path}" in done.out
    assert command("check", path).status == 0


def test_verb_says_what_the_native_module_takes_or_why_not(
    command: Command, quick_pipeline: Pipeline, tmp_path: Path
) -> None:
    """Exactly: the stock targets of test_arena.py take just that."""
    model = quick_pipeline.converted.int8
    need = native_need(model.data)
    assert 0 < need.kept != need.arena > 0
    done = command("check", quick_pipeline.converted.path(model))
    assert f"  arena of {need.arena} bytes in tflm.mpy, and {need.kept} beside it\n" in done.out
    path = tmp_path / "relu.tflite"
    path.write_bytes(RELU)
    done = command("check", path)
    why = "op 0 RELU: type FLOAT32 is not in the firmware"
    assert (done.status, f"  does not run in tflm.mpy: {why}\n" in done.out) == (0, True)


def test_verb_refuses_what_is_no_model(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "noise.tflite"
    path.write_bytes(bytes(range(200)))
    done = command("check", path)
    assert done.status == 1
    assert done.out.splitlines()[1] == "not valid: not a TFLite model"


def test_bad_words_are_one_line(command: Command, tmp_path: Path) -> None:
    for words in ((tmp_path / "none",), (__file__, "--ops", "huge")):
        done = command("check", *words)
        assert done.status == 2
        assert len(done.err.splitlines()) == 1


def test_verb_lists_inputs_and_outputs(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "quantize.tflite"
    target = Tensor([1, 8], INT8, scale=0.5, zero_point=-3)
    path.write_bytes(one_op(OP.QUANTIZE, [Tensor([1, 8])], target))
    done = command("check", path)
    assert "  input 0: FLOAT32 1x8, named t\n" in done.out
    assert "  output 0: INT8 1x8, scale 0.5, zero point -3, named t\n" in done.out


def test_ops_of_the_setup_are_told(corpus: dict[str, bytes]) -> None:
    """Else a firmware built with --ops-from would lack them."""

    def assign_elsewhere(model: Any) -> None:
        main = model.subgraphs[0]
        kept = [op for op in main.operators if len(op.outputs) or not len(op.inputs)]
        main.operators = kept

    data = edited(corpus["stream_f"], assign_elsewhere)
    assert [op.name for op in check_model(data).ops].count("ASSIGN_VARIABLE") == 2
    assert check_model(data).reason == ""
