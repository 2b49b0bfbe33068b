"""The native engine against TFLM in its wheel: the same bytes, in no more memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro import runtime

from native_engine import Engine
from random_graphs import random_graph
from tflite_models import INT8, INT32, OP, Tensor, one_op, schema
from tinycnn.errors import UserError
from tinycnn.files import ROOT
from tinycnn.tflite.arena import predict_arena
from tinycnn.tflite.graph import read_graph
from tinycnn.tflite.native import native_need
from tinycnn.tflite.ops import offered

GRAPHS, NIGHTLY_GRAPHS = 200, 2000
"""How many random graphs are drawn, and in `make test-all`."""

OPS = {op.name for op in offered().values() if op.native != "none"}


def drawn(engine: Engine, seed: int) -> list[bytes]:
    """Bytes for each input: any, but numbers where they are floats."""
    rng = np.random.default_rng(seed)
    values = []
    for _, tensor in engine.inputs:
        if tensor.type == "FLOAT32":
            reals = rng.standard_normal(tensor.shape) * 10.0 ** rng.integers(-3, 4)
            values.append(reals.astype(np.float32).tobytes())
        else:
            values.append(rng.bytes(tensor.bytes))
    return values


def by_tflm(model: bytes, engine: Engine, values: Sequence[bytes]) -> list[bytes]:
    net = runtime.Interpreter.from_bytes(model, arena_size=1 << 22)
    for i, value in enumerate(values):
        details = net.get_input_details(i)
        net.set_input(np.frombuffer(value, details["dtype"]).reshape(details["shape"]), i)
    net.invoke()
    return [net.get_output(i).tobytes() for i in range(len(engine.outputs))]


def test_models_of_the_corpus(corpus: dict[str, bytes]) -> None:
    ran: Counter[str] = Counter()
    for name, model in corpus.items():
        try:
            engine = Engine(model)
        except UserError:
            continue
        for seed in range(3):
            values = drawn(engine, seed)
            assert engine.run(values) == by_tflm(model, engine, values), name
        assert engine.need.arena <= predict_arena(model).arena, name
        ran.update({node.op for node in read_graph(model).nodes})
    assert set(ran) == OPS


def test_refuses_the_rest(corpus: dict[str, bytes]) -> None:
    """By the name of an op that it lacks, or the type of its data."""
    refused = 0
    for name, model in corpus.items():
        try:
            native_need(model)
        except UserError as error:
            told = re.match(
                r"op \d+ (\w+): (version \d+|type \w+) is not in the firmware$", str(error)
            )
            assert told is not None, (name, str(error))
            assert (told[1] in OPS) == told[2].startswith("type"), (name, str(error))
            refused += 1
    assert refused > 300


def test_random_graphs(pytestconfig: pytest.Config) -> None:
    count = NIGHTLY_GRAPHS if pytestconfig.getoption("--all") else GRAPHS
    seen, ops = set[bytes](), set[str]()

    @settings(max_examples=count, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def same(seed: int) -> None:
        model = random_graph(seed)
        engine = Engine(model)
        values = drawn(engine, seed)
        assert engine.run(values) == by_tflm(model, engine, values)
        assert engine.need.arena <= predict_arena(model).arena
        seen.add(model)
        ops.update(node.op for node in read_graph(model).nodes)

    same()
    assert len(seen) > 0.9 * count
    assert OPS - ops <= {"EXPAND_DIMS", "SQUEEZE"}  # which are RESHAPE by other names


def test_all_digits() -> None:
    """device/digits.tflite on the whole data set."""
    from tinycnn.pipeline.dataset import load_digits

    model = (ROOT / "device" / "digits.tflite").read_bytes()
    engine = Engine(model)
    tensor = read_graph(model).tensors[engine.inputs[0][0]]
    net = runtime.Interpreter.from_bytes(model, arena_size=1 << 16)
    images = load_digits().x
    raw = np.round(images.reshape(len(images), -1) * 255 - 128).clip(-128, 127).astype(np.int8)
    assert raw.shape == (1797, tensor.elements)
    for image in raw:
        net.set_input(image.reshape(tensor.shape), 0)
        net.invoke()
        assert engine.run([image.tobytes()]) == [net.get_output(0).tobytes()]


def test_what_python_looks_at_lies_elsewhere() -> None:
    """Inputs and outputs may move for good, one after the other, between runs."""
    model = (ROOT / "device" / "digits.tflite").read_bytes()
    engine = Engine(model)
    values = drawn(engine, 1)
    want = engine.run(values)
    output = engine.move(engine.outputs[0][0])
    assert engine.run(values) == want == [output.raw]
    given_ = engine.move(engine.inputs[0][0])
    assert engine.run(values) == want
    assert given_.raw == values[0]


@pytest.mark.parametrize(
    "value, message",
    [
        (Tensor([], INT8, 3, scale=0.25), "op 0 PADV2: what it pads with is quantized otherwise"),
        (
            Tensor([], INT8, 3, scale=0.5, zero_point=1),
            "op 0 PADV2: what it pads with is quantized otherwise",
        ),
    ],
)
def test_padding_of_another_scale(value: Tensor, message: str) -> None:
    x = Tensor([2, 3], INT8, scale=0.5)
    pads = Tensor([2, 2], INT32, [[0, 0], [1, 1]])
    model = one_op(
        OP.PADV2, [x, pads, value], Tensor([2, 5], INT8, scale=0.5), schema.PadV2OptionsT()
    )
    with pytest.raises(UserError, match=message):
        native_need(model)


def dense(bias_scale: float) -> bytes:
    x, y = (Tensor([1, n], INT8, scale=0.5) for n in (4, 2))
    weights = Tensor([2, 4], INT8, [[1] * 4] * 2, scale=0.25)
    bias = Tensor([2], INT32, [5, 6], scale=bias_scale)
    return one_op(OP.FULLY_CONNECTED, [x, weights, bias], y, schema.FullyConnectedOptionsT())


def test_bias_of_another_scale() -> None:
    """Refused where TFLM refuses it: a fiftieth of the output's scale away."""
    for scale in (0.125, 0.13499, 0.11501):
        native_need(dense(scale))
        runtime.Interpreter.from_bytes(dense(scale))
    for scale in (0.13501, 0.11499, 0.2):
        with pytest.raises(UserError, match="op 0 FULLY_CONNECTED: scale of bias is not that of"):
            native_need(dense(scale))
        with pytest.raises(RuntimeError):
            runtime.Interpreter.from_bytes(dense(scale))
