"""Models that kill LiteRT, never end, or are none: one line, and this process lives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_helpers import Command, Pipeline, assert_one_line_error
from tflite_models import INT8, INT32, OP, SIGN, UINT8, Tensor, edited, one_op, packed, schema
from tinycnn.child import ask, machine_memory
from tinycnn.errors import UserError
from tinycnn.tflite import read, run
from tinycnn.tflite.read import Tensor as Seen
from tinycnn.tflite.read import TFLite, inspect_tflite


def _endless() -> bytes:
    """A WHILE whose condition compares a value with itself."""
    model = schema.ModelT()
    model.version, model.buffers, model.subgraphs = 3, [schema.BufferT()], []
    model.operatorCodes = []
    for code in (OP.WHILE, OP.EQUAL, OP.ADD):
        entry = schema.OperatorCodeT()
        entry.builtinCode = entry.deprecatedBuiltinCode = code
        entry.version = 1
        model.operatorCodes.append(entry)
    loop = schema.WhileOptionsT()
    loop.condSubgraphIndex, loop.bodySubgraphIndex = 1, 2
    options = (loop, schema.EqualOptionsT(), schema.AddOptionsT())
    gives = (INT32, schema.TensorType.BOOL, INT32)
    for at in range(3):
        graph = schema.SubGraphT()
        graph.tensors = [Tensor([1], INT32).pack(model), Tensor([1], gives[at]).pack(model)]
        graph.inputs, graph.outputs = [0], [1]
        node = schema.OperatorT()
        node.opcodeIndex, node.outputs = at, [1]
        node.inputs = [0] if at == 0 else [0, 0]
        name = type(options[at]).__name__.removesuffix("T")
        node.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        node.builtinOptions = options[at]
        graph.operators = [node]
        model.subgraphs.append(graph)
    return packed(model)


def test_a_model_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "PROBE_SECONDS", 8)
    with pytest.raises(UserError, match="gave no answer for 8 s"):
        inspect_tflite(_endless(), "endless")


def _nan_scale(model: Any) -> None:
    for tensor in model.subgraphs[0].tensors:
        if tensor.quantization is not None and tensor.quantization.scale is not None:
            tensor.quantization.scale = np.full_like(tensor.quantization.scale, np.nan)


def _no_ops(model: Any) -> None:
    model.subgraphs[0].operators = []


def _to_nowhere(model: Any) -> None:
    model.subgraphs[0].operators[0].inputs = np.array([2000, 2000, 2000], np.int32)


@pytest.mark.parametrize("change", [_nan_scale, _no_ops, _to_nowhere])
def test_a_model_with_no_sense(
    change: Any, quick_pipeline: Pipeline, tmp_path: Path, command: Command
) -> None:
    path = tmp_path / "own.tflite"
    path.write_bytes(edited(quick_pipeline.converted.int8.data, change))
    outcome = command("evaluate", "--tflite", path, "--build-dir", tmp_path / "build")
    if outcome.status == 2:
        assert_one_line_error(outcome)
    assert "TFLM  " not in outcome.out  # the module refuses each of them


def test_an_op_that_is_missing_is_named_and_the_file_not_blamed() -> None:
    repeats = Tensor([2], INT32, [1, 2])
    model = one_op(
        OP.TILE,
        [Tensor([1, 4], INT8, scale=1.0), repeats],
        Tensor([1, 8], INT8, scale=1.0),
        version=99,
    )
    with pytest.raises(
        UserError, match="needs TILE version 99, an op that LiteRT lacks"
    ) as caught:
        inspect_tflite(model, "tiled")
    assert "sound" not in str(caught.value)


def _custom(name: bytes) -> bytes:
    def change(model: Any) -> None:
        code = model.operatorCodes[0]
        code.builtinCode = code.deprecatedBuiltinCode = OP.CUSTOM
        code.customCode = name

    return edited(SIGN, change)


def test_names_in_a_model_do_nothing_to_the_terminal(tmp_path: Path, command: Command) -> None:
    path = tmp_path / "a\x1b[2J\a\u202eb.tflite"
    path.write_bytes(_custom(b"\x1b[31m[red]\xff\nop"))
    for verb in (["check"], ["evaluate", "--tflite"], ["romfs"]):
        outcome = command(*verb, path)
        said = outcome.out + outcome.err
        assert outcome.status in (1, 2)
        assert said.replace("\n", "").isprintable()
        assert "[red]" in said


def test_what_the_module_refuses_has_no_accuracy() -> None:
    found = inspect_tflite(SIGN, "sign")
    assert "SIGN" in found.unfit
    assert found.unfit == found.tflm_error


def test_what_only_firmware_runs_is_fit(corpus: dict[str, bytes]) -> None:
    found = inspect_tflite(corpus["exp_q"], "exp")
    assert found.unfit == ""
    assert found.tflm_error.startswith(
        "only a firmware's kernels run it, not those of TFLM on this"
    )


def test_uint8_is_an_input_like_any() -> None:
    target = Tensor([1, 4], INT8, scale=0.5, zero_point=-128)
    data = one_op(OP.QUANTIZE, [Tensor([1, 4], UINT8, scale=0.5)], target)
    model = inspect_tflite(data, "bytes")
    assert model.tflm_error == ""
    found = run.run_tflm(model, np.array([[0, 1, 2, 200]], np.float32))
    assert found.outputs.tolist() == [[-128, -126, -124, 127]]


def test_a_run_that_dies_is_one_line() -> None:
    """What passed the look may still die of other values: here, bytes that are no model."""
    tensor = Seen("", (1, 4), "float32", 0.0, 0)
    model = TFLite(
        "broken", b"\x1c\0\0\0TFL3" + bytes(99), (tensor,), (tensor,), (), 999, None, "", ""
    )
    with pytest.raises(UserError, match="broken does not run on this machine: ") as caught:
        run.run_litert(model, np.zeros((1, 4), np.float32))
    assert "\n" not in str(caught.value)


CHILD = """
import os, sys, time
import numpy as np
from tinycnn.child import answering
with answering(0.5) as reply:
    if sys.argv[1] == "crash":
        os.abort()
    if sys.argv[1] == "sleep":
        time.sleep(60)
    if sys.argv[1] == "eat":
        kept = []
        try:
            while True:  # reserved and not touched, which a machine allows without end
                kept.append(np.zeros(1 << 27))
        finally:
            reply.tell(gigabytes=len(kept))
    if sys.argv[1] == "chatter":
        os.write(1, b"not for the parent\\n")
        for at in range(3000):
            reply.progress("a", at, 3000)
    reply.tell(fine=True)
    reply.give(twice=reply.arrays["x"] * 2)
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "child_of_a_test.py").write_text(CHILD)
    monkeypatch.setenv("PYTHONPATH", f"{Path(read.__file__).parents[2]}:{tmp_path}")
    return "child_of_a_test"


def test_a_child_answers(child: str) -> None:
    x = np.arange(1_000_000)
    answer = ask(child, "chatter", arrays={"x": x}, seconds=60)
    assert (answer.facts, answer.died) == (({"fine": True},), "")
    assert np.array_equal(answer.arrays["twice"], 2 * x)
    assert "not for the parent" in answer.said


@pytest.mark.parametrize(
    ("how", "seconds", "died"),
    [("crash", 60, "crashed (SIGABRT)"), ("sleep", 3, "gave no answer for 3 s")],
)
def test_a_child_that_dies(child: str, how: str, seconds: float, died: str) -> None:
    answer = ask(child, how, arrays={"x": np.zeros(1 << 22)}, seconds=seconds)
    assert (answer.died, answer.facts, dict(answer.arrays)) == (died, (), {})


def test_a_child_that_eats_all_memory(child: str) -> None:
    answer = ask(child, "eat", arrays={"x": np.zeros(1)}, seconds=60)
    assert "Unable to allocate" in answer.facts[-1]["error"]
    assert answer.facts[0]["gigabytes"] << 30 < 0.5 * machine_memory()


def test_a_model_that_gives_no_numbers_is_not_counted(tmp_path: Path, command: Command) -> None:
    weights = Tensor([10, 64], data=np.full((10, 64), np.nan))
    image, scores = Tensor([1, 8, 8, 1]), Tensor([1, 10])
    path = tmp_path / "nan.tflite"
    options = schema.FullyConnectedOptionsT()
    path.write_bytes(one_op(OP.FULLY_CONNECTED, [image, weights], scores, options))
    outcome = command("evaluate", "--tflite", path, "--build-dir", tmp_path / "build")
    assert_one_line_error(outcome, "gives NaN or infinity")
    assert not (tmp_path / "build").exists()
