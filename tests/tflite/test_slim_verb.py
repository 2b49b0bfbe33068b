"""`tinycnn slim`: what people's converters leave, made fit for a board and proved the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_helpers import Command
from litert import OTHERS, outputs_of, prepared
from skips import or_skip
from state_models import lstm_options
from tflite_models import (
    BOOL,
    FLOAT32,
    INT32,
    INT64,
    OP,
    RELU,
    SIGN,
    Op,
    Tensor,
    build,
    edited,
    one_op,
    schema,
)
from tinycnn._tensorflow import captured, keras, tensorflow
from tinycnn.errors import UserError
from tinycnn.files import stage
from tinycnn.firmware.unix import build_unix
from tinycnn.targets import unix
from tinycnn.tflite._slim import _off
from tinycnn.tflite.check import check_model
from tinycnn.tflite.fold import fold
from tinycnn.tflite.graph import read_graph, unpacked
from tinycnn.tflite.proof import slim_proved


def convert(shape: tuple[int | None, ...], kind: str) -> bytes:
    """A small classifier as TensorFlow converts it in three plain lines: its batch is free."""
    layers = keras().layers
    with captured():
        keras().utils.set_random_seed(1)
        network = keras().Sequential(
            [
                keras().Input(shape),
                layers.Conv2D(4, 3, activation="relu"),
                layers.GlobalMaxPooling2D() if None in shape else layers.Flatten(),
                layers.Dense(3),
            ]
        )
        converter: Any = tensorflow().lite.TFLiteConverter.from_keras_model(network)
        converter.optimizations = [tensorflow().lite.Optimize.DEFAULT]
        if kind == "float16":
            converter.target_spec.supported_types = [tensorflow().float16]
        else:
            images = np.random.default_rng(1).random((8, 1, *(size or 8 for size in shape)), "f")
            converter.representative_dataset = lambda: ([image] for image in images)
            if kind == "int8":
                converter.inference_input_type = tensorflow().int8
                converter.inference_output_type = tensorflow().int8
        return bytes(converter.convert())


@pytest.fixture(scope="module")
def free_batch() -> bytes:
    return convert((8, 8, 1), "int8")


def ops_of(model: bytes) -> list[str]:
    return [node.op for node in read_graph(model).nodes]


@pytest.mark.slow
def test_batch_is_fixed(free_batch: bytes, command: Command, tmp_path: Path) -> None:
    assert "SHAPE" in ops_of(free_batch)
    source, target = tmp_path / "free.tflite", tmp_path / "slim.tflite"
    source.write_bytes(free_batch)
    said = command("check", source)  # which boards run as it is
    assert said.status == 0
    assert "slim" not in said.out

    said = command("slim", source, target)
    assert said.status == 0
    assert "  without SHAPE, STRIDED_SLICE, PACK\n" in said.out
    assert "gives the same values in LiteRT for 16 drawn inputs, and in TFLM\n" in said.out
    assert said.out.endswith("valid; a firmware with --ops cnn runs it\n")
    made = target.read_bytes()
    assert not {"SHAPE", "STRIDED_SLICE", "PACK"} & set(ops_of(made))
    assert len(made) < len(free_batch)
    assert slim_proved(made, "again").data == made
    assert command("check", target).status == 0


@pytest.fixture(scope="module")
def float16() -> bytes:
    return convert((8, 8, 1), "float16")


@pytest.mark.slow
def test_float16_is_widened(float16: bytes, command: Command, tmp_path: Path) -> None:
    model, source = float16, tmp_path / "half.tflite"
    source.write_bytes(model)
    said = command("check", source)
    assert said.status == 1
    proposal = f"`tinycnn slim {source} OUT.tflite` makes one that a firmware with --ops cnn runs"
    assert said.out.splitlines()[-1] == proposal
    assert check_model(model).profile == ""
    made = slim_proved(model, "half")
    assert set(made.gone) == {"DEQUANTIZE", "SHAPE", "STRIDED_SLICE", "PACK"}
    assert (made.checked.profile, made.tflm is not None and made.tflm < 1e-5) == ("cnn", True)


@pytest.mark.slow
def test_sizes_of_a_series_are_folded() -> None:
    """A Dense on each step, turned around, made longer: all by shapes that go by the batch."""
    layers = keras().layers
    stack = [
        layers.Dense(4), layers.Permute((2, 1)), layers.Dense(3),
        layers.Conv1DTranspose(2, 4, strides=2, padding="same"),
    ]  # fmt: skip
    with captured():
        network = keras().Sequential([keras().Input((6, 3)), *stack])
        converter: Any = tensorflow().lite.TFLiteConverter.from_keras_model(network)
        data = bytes(converter.convert())
    assert check_model(data).profile == ""
    found = slim_proved(data, "series")
    assert found.checked.profile == "cnn"
    assert {"SHAPE", "GATHER", "REDUCE_PROD", "CONCATENATION", "PACK"} <= set(found.gone)


def test_other_free_sizes_are_refused(command: Command, tmp_path: Path) -> None:
    source, target = tmp_path / "free.tflite", tmp_path / "slim.tflite"
    source.write_bytes(convert((None, 8, 1), "float input"))
    said = command("slim", source, target)
    assert said.status == 2
    assert said.err == (
        f"tinycnn: {source} cannot be made slim: input 0 has no size along dimension 1: only the "
        "batch can be fixed to 1; convert the model with all other sizes given\n"
    )
    assert not target.exists()


def test_what_is_no_model_is_refused(command: Command, tmp_path: Path) -> None:
    source, target = tmp_path / "noise.tflite", tmp_path / "slim.tflite"
    for data in (b"", b"x" * 200, b"\x1c\0\0\0TFL3" + bytes(range(200)), RELU[:100]):
        source.write_bytes(data)
        said = command("slim", source, target)
        assert said.status == 2
        assert len(said.err.splitlines()) == 1
    assert not target.exists()


def test_no_help_is_no_proposal(command: Command, tmp_path: Path) -> None:
    """Of an op that nobody has, and of one that is in a larger profile anyway."""
    for data, ops in ((SIGN, "cnn"), (RELU, "digits")):
        path = tmp_path / "model.tflite"
        path.write_bytes(data)
        assert "slim" not in command("check", path, "--ops", ops).out


@pytest.mark.parametrize(
    ("one", "other", "off"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, 4.0], [1.0, 5.0], 0.25),
        ([1.0, float("nan")], [9.0, float("nan")], 8.0),
        ([1.0, float("nan")], [1.0, float("nan")], 0.0),
        ([1.0], [float("nan")], float("inf")),
        ([float("inf")], [float("inf")], 0.0),
        ([float("inf")], [-float("inf")], float("inf")),
        ([1.0], [1.0, 1.0], float("inf")),
    ],
)
def test_difference_of_values(one: list[float], other: list[float], off: float) -> None:
    """A NaN in one place must not hide what is in another."""
    assert _off([np.array(one)], [np.array(other)]) == off


@pytest.mark.slow
def test_sizes_in_the_middle_are_those_of_a_run() -> None:
    """The file has 1 for the product of the batch and the steps, which comes to 6."""
    with captured():
        keras().utils.set_random_seed(1)
        inputs = keras().Input((6, 4))
        rows = keras().ops.reshape(inputs, (-1, 4))
        steps = keras().ops.reshape(keras().layers.Dense(3)(rows), (-1, 6, 3))
        network = keras().Model(inputs, keras().layers.Flatten()(steps))
        model = bytes(tensorflow().lite.TFLiteConverter.from_keras_model(network).convert())
    made = slim_proved(model, "steps")
    assert made.checked.outputs[0].shape == (1, 18)
    assert made.tflm is not None and made.tflm < 1e-5


def test_other_values_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    from tinycnn.tflite import proof

    asked = proof._asked

    def other(*words: Any) -> Any:
        answer = asked(*words)
        answer.facts[0]["off"] = 1.0
        return answer

    monkeypatch.setattr(proof, "_asked", other)
    with pytest.raises(UserError, match="m gives other values when it is slim: keep it as it is"):
        slim_proved(RELU, "m")


@pytest.mark.slow
def test_a_board_proposes_it(float16: bytes, tmp_path: Path) -> None:
    with or_skip():
        built = build_unix("hosted")
    model, script = tmp_path / "free.tflite", tmp_path / "load.py"
    model.write_bytes(float16)
    script.write_text("import tflm\ntflm.Interpreter('free.tflite')\n")
    stage(tmp_path / "flash", {"free.tflite": model})
    flash, program = tmp_path / "flash", built.path
    done = unix.run(script, flash=flash, capture=True, timeout=60, program=program)
    assert done.last_line.endswith("input type FLOAT16 is not supported: try `tinycnn slim`")


def test_indices_are_drawn_where_they_fit() -> None:
    """Words by their numbers: of 2**32 of them LiteRT refuses all but 20."""
    rows = Tensor([20, 3], FLOAT32, np.arange(60).reshape(20, 3))
    words = one_op(OP.GATHER, [rows, Tensor([7], INT32)], Tensor([7, 3]), schema.GatherOptionsT())
    found = slim_proved(words, "words")
    assert found.checked.valid
    assert found.gone == ()


@pytest.mark.parametrize("activation", [0, 1])
def test_what_an_activation_clamps_is_not_folded(activation: int) -> None:
    options = schema.AddOptionsT()
    options.fusedActivationFunction = activation
    sizes = [Tensor([2], INT32, [-30, 5]), Tensor([2], INT32, [1, 1])]
    model = unpacked(one_op(OP.ADD, sizes, Tensor([2], INT32), options))
    model.subgraphs[0].outputs = []
    assert fold(model, {}) == ([] if activation else ["ADD"])


def test_a_masked_begin_is_the_first() -> None:
    options = schema.StridedSliceOptionsT()
    options.beginMask = options.shrinkAxisMask = 1
    cuts = [Tensor([1], INT32, [n]) for n in (2, 3, 1)]
    data = Tensor([3], INT32, [7, 8, 9])
    model = unpacked(one_op(OP.STRIDED_SLICE, [data, *cuts], Tensor([], INT32), options))
    graph = model.subgraphs[0]
    number, graph.outputs = graph.outputs[0], []
    assert fold(model, {}) == ["STRIDED_SLICE"]
    assert bytes(model.buffers[graph.tensors[number].buffer].data) == b"\7\0\0\0"


def test_sizes_that_a_run_finds_are_not_folded() -> None:
    """No drawn input is above 100, so that none of them would tell."""
    x, above = Tensor([1, 8]), Tensor([1, 8], BOOL)
    found, shape, given = Tensor([1, 2], INT64), Tensor([2], INT32), Tensor([2])
    options = schema.ShapeOptionsT()
    options.outType = INT32
    hundred = Tensor([], FLOAT32, 100.0)
    model = build(
        [x],
        [given],
        [
            Op(OP.GREATER, [x, hundred], [above]),
            Op(OP.WHERE, [above], [found], schema.WhereOptionsT()),
            Op(OP.SHAPE, [found], [shape], options),
            Op(OP.CAST, [shape], [given], schema.CastOptionsT()),
        ],
    )

    def free(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            if tensor.type == INT64:
                tensor.shapeSignature = np.array([-1, 2], np.int32)

    made = slim_proved(edited(model, free), "model")
    assert made.gone == ()
    values = 30 * np.arange(8, dtype=np.float32)[None]
    (told,) = outputs_of(prepared(made.data, OTHERS), [values])
    assert list(told) == [4, 2]


def test_a_state_does_not_outlive_indices_that_do_not_fit() -> None:
    """Of 975 words and 1,000 that are drawn from, the LSTM runs on some before one is none."""
    rng = np.random.default_rng(3)

    def weights(*shape: int) -> Tensor:
        return Tensor(shape, FLOAT32, rng.normal(0, 0.6, shape))

    words, vectors, heard = Tensor([1, 4], INT32), Tensor([1, 4, 3]), Tensor([1, 4, 5])
    axis = schema.GatherOptionsT()
    axis.axis = 0
    given: list[Tensor | None] = [
        *(weights(5, 3) for _ in range(4)),
        *(weights(5, 5) for _ in range(4)),
    ]
    given += [None] * 3 + [weights(5) for _ in range(4)] + [None] * 2
    given += [Tensor([1, 5], variable=True) for _ in range(2)] + [None] * 4
    lstm = Op(OP.UNIDIRECTIONAL_SEQUENCE_LSTM, [vectors, *given], [heard], lstm_options())
    gather = Op(OP.GATHER, [weights(975, 3), words], [vectors], axis)
    assert slim_proved(build([words], [heard], [gather, lstm]), "model").tflm is not None
