"""Op profiles, and the list of just what a model needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from host_helpers import Pipeline
from skips import or_skip
from tflite_models import INT8, OP, Tensor, one_op
from tinycnn.cli.targets import _op_set
from tinycnn.errors import UserError
from tinycnn.files import stage
from tinycnn.firmware.unix import build_unix
from tinycnn.targets import unix
from tinycnn.tflite.ops import PROFILES, model_set, offered, profile_set

LIST = """\
import tflm
print(*sorted(name for name, version in tflm.supported_ops()))
tflm.Interpreter("model_int8.tflite").invoke()
try:
    tflm.Interpreter("model_float32.tflite")
except tflm.UnsupportedOpError as error:
    print(error)
"""


def test_profiles_are_nested_and_in_order() -> None:
    ranks = [PROFILES.index(op.profile) for op in offered().values()]
    assert ranks == sorted(ranks)
    assert set(ranks) == set(range(len(PROFILES)))


def test_unknown_profile_is_told() -> None:
    with pytest.raises(UserError, match="no op profile huge: there are digits, cnn, all"):
        profile_set("huge")


def test_an_op_that_is_not_offered_is_told() -> None:
    with pytest.raises(UserError, match=r"m\.tflite needs SIGN, which no firmware offers"):
        model_set(["CONV_2D", "SIGN"], "m.tflite")


def test_a_set_of_the_same_ops_is_the_same() -> None:
    assert model_set(["RESHAPE", "CONV_2D"], "a") == model_set(["CONV_2D", "RESHAPE"], "b")


@pytest.mark.slow
def test_simulator_has_just_the_ops_of_a_model(quick_pipeline: Pipeline, tmp_path: Path) -> None:
    """And no kernel of float32, if it needs none."""
    model, floats = quick_pipeline.converted.int8, quick_pipeline.converted.float32
    with or_skip():
        built = build_unix("tflm", ops=model_set(model.ops, model.name, float32=False))
    script = tmp_path / "list.py"
    script.write_text(LIST)
    paths = [quick_pipeline.converted.path(each) for each in (model, floats)]
    stage(tmp_path / "flash", {path.name: path for path in paths})
    done = unix.run(script, flash=tmp_path / "flash", capture=True, timeout=60, program=built.path)
    assert (done.status, done.stderr) == (0, "")
    ops, refused = done.stdout.splitlines()
    assert ops.split() == sorted(set(model.ops))
    assert refused == (
        "op 0 CONV_2D: type FLOAT32 is not in the firmware; "
        "build it with --ops all or --ops-from MODEL"
    )


def test_ops_of_several_models_are_joined(tmp_path: Path) -> None:
    """Without float32 only if none of them needs that."""
    x, y = (Tensor([1, 8], INT8, scale=scale) for scale in (0.5, 0.25))
    int8, floats = tmp_path / "int8.tflite", tmp_path / "floats.tflite"
    int8.write_bytes(one_op(OP.RELU, [x], y, version=2))
    floats.write_bytes(one_op(OP.RELU6, [Tensor([1, 8])], Tensor([1, 8])))
    both = _op_set(None, [int8, floats])
    assert both.names == {"RELU", "RELU6"}
    assert both == model_set(["RELU6", "RELU"], "both")
    assert _op_set(None, [int8, int8]) == model_set(["RELU"], "one", float32=False)
    with pytest.raises(UserError, match="give one of them"):
        _op_set("all", [int8])


RUN = """\
import tflm
for name in ("wide", "narrow"):
    try:
        net = tflm.Interpreter(name + ".tflite")
        net.invoke()
        print(name, "runs")
    except tflm.UnsupportedOpError as error:
        print(error)
"""


@pytest.mark.slow
def test_int16_is_where_it_is_asked_for(corpus: dict[str, bytes], tmp_path: Path) -> None:
    """In the profile all, and in a firmware built from such a model; not in cnn."""
    for name, data in {"wide": corpus["digits_w"], "narrow": corpus["digits_q"]}.items():
        (tmp_path / f"{name}.tflite").write_bytes(data)
    script = tmp_path / "run.py"
    script.write_text(RUN)
    chosen = _op_set(None, [tmp_path / "wide.tflite"])
    assert (chosen.int16, chosen.float32) == (True, False)
    assert (profile_set("all").int16, profile_set("cnn").int16) == (True, False)
    said = {}
    for name, ops in {"from": chosen, "cnn": profile_set("cnn")}.items():
        with or_skip():
            built = build_unix("tflm", ops=ops)
        done = unix.run(script, flash=tmp_path, capture=True, timeout=60, program=built.path)
        assert done.status == 0, done.stderr
        said[name] = done.stdout.splitlines()
    assert said["from"] == ["wide runs", "narrow runs"]
    assert said["cnn"] == [
        "op 0 CONV_2D: type INT16 is not in the firmware; "
        "build it with --ops all or --ops-from MODEL",
        "narrow runs",
    ]
