"""Slimming: every model of the corpus still passes, and computes what it did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from check_program import CheckMain
from litert import Arrays, OpResolverType, outputs_of, prepared, referred
from tflite_models import OP, edited, unpacked
from tinycnn.tflite import slim as slimming
from tinycnn.tflite.slim import BUFFER_ALIGNMENT, slim


def outputs(model: bytes, kind: OpResolverType) -> Arrays:
    """What the model gives for three inputs, which depend on its shapes and types alone."""
    lite = referred(model) if kind == OpResolverType.BUILTIN_REF else prepared(model, kind)
    generator = np.random.default_rng(3)
    found = []
    for _ in range(3):
        inputs = []
        for each in lite.get_input_details():
            raw = generator.integers(-100, 100, each["shape"])
            values = raw / 50 if each["dtype"] is np.float32 else raw
            inputs.append(np.asarray(values).astype(each["dtype"]))
        found += outputs_of(lite, inputs)
    return found


def test_corpus_slimmed_still_passes(
    check_main: CheckMain, corpus: dict[str, bytes], tmp_path: Path
) -> None:
    slimmed = {name: slim(data) for name, data in corpus.items()}
    whole = {name for name, data in corpus.items() if len(unpacked(data).subgraphs) > 1}
    ours = {"frontend", "transposed_same_w", "transposed_valid_w"}  # which are slim
    assert all(len(slimmed[name]) < len(corpus[name]) for name in corpus.keys() - whole - ours)
    assert all(slimmed[name] == corpus[name] for name in whole)
    assert len(whole) == 3
    paths = []
    for name, data in slimmed.items():
        paths.append(tmp_path / f"{name}.tflite")
        paths[-1].write_bytes(data)
        assert slim(data) == data, name
    verdicts = check_main.check(paths)
    assert {name: verdict for name, verdict in verdicts.items() if verdict != ("ok", "")} == {}


@pytest.mark.parametrize("kind", [OpResolverType.BUILTIN_REF, OpResolverType.AUTO])
def test_corpus_slimmed_gives_the_same_values(
    corpus: dict[str, bytes], kind: OpResolverType
) -> None:
    different = []
    refused = []
    for name, data in corpus.items():
        try:
            before = outputs(data, kind)
        except RuntimeError:  # made for TFLM by hand
            refused.append(name)
            continue
        pairs = zip(before, outputs(slim(data), kind), strict=True)
        if not all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs):
            different.append(name)
    assert different == []
    assert len(corpus) - len(refused) > 150, refused


def test_nothing_needless_is_left(corpus: dict[str, bytes]) -> None:
    model = unpacked(slim(corpus["digits_q"]))
    (graph,) = model.subgraphs
    assert not (model.description or model.metadata or model.signatureDefs or graph.name)
    assert not any(tensor.name for tensor in graph.tensors)
    data = [bytes(buffer.data) for buffer in model.buffers[1:]]
    assert model.buffers[0].data is None
    assert all(data)
    assert len(set(data)) == len(data)
    used = {tensor.buffer for tensor in graph.tensors} | {0}
    assert used == set(range(len(model.buffers)))


def test_metadata_of_ours_stays_and_no_other(corpus: dict[str, bytes]) -> None:
    def entries(data: bytes) -> dict[bytes, bytes]:
        model = unpacked(data)
        return {e.name: bytes(model.buffers[e.buffer].data) for e in model.metadata or ()}

    whole = corpus["digits_q"]
    assert entries(whole)  # the converter's
    first = slim(whole, {"tinycnn.input": b"1234", "tinycnn.more": b"x"})
    assert entries(first) == {b"tinycnn.input": b"1234", b"tinycnn.more": b"x"}
    assert slim(first) == first
    again = slim(first, {"tinycnn.input": b"4321"})
    assert entries(again) == {b"tinycnn.input": b"4321", b"tinycnn.more": b"x"}
    assert entries(slim(again, {"tinycnn.input": b""})) == {b"tinycnn.more": b"x"}
    # What XNNPACK and the others see is what it was.
    assert np.array_equal(*(outputs(data, OpResolverType.AUTO)[0] for data in (whole, again)))


def test_data_lies_aligned_as_the_schema_asks(corpus: dict[str, bytes]) -> None:
    for name, data in corpus.items():
        small = slim(data)
        if small == data:  # of several subgraphs
            continue
        for buffer in unpacked(small).buffers:
            raw = b"" if buffer.data is None else bytes(buffer.data)
            if len(raw) >= 32 and small.count(raw) == 1:
                assert small.index(raw) % BUFFER_ALIGNMENT == 0, name


def keep_dims(model: Any) -> None:
    for op in model.subgraphs[0].operators:
        if type(op.builtinOptions).__name__ == "FullyConnectedOptionsT":
            op.builtinOptions.keepNumDims = True


def give_the_flat_one(model: Any) -> None:
    (graph,) = model.subgraphs
    (reshape,) = [op for op in graph.operators if code(model, op) == OP.RESHAPE]
    graph.outputs = np.array([*graph.outputs, reshape.outputs[0]], np.int32)


def code(model: Any, op: Any) -> int:
    found = model.operatorCodes[op.opcodeIndex]
    return max(found.builtinCode, found.deprecatedBuiltinCode)


def ops(data: bytes) -> list[int]:
    model = unpacked(data)
    return [code(model, op) for op in model.subgraphs[0].operators]


def test_flatten_goes_where_nothing_needs_it(corpus: dict[str, bytes]) -> None:
    assert OP.RESHAPE in ops(corpus["digits_q"])
    assert ops(slim(corpus["digits_q"])) == [OP.CONV_2D, OP.MAX_POOL_2D, OP.FULLY_CONNECTED]


@pytest.mark.parametrize("change", [keep_dims, give_the_flat_one])
def test_flatten_stays_where_it_is_needed(
    corpus: dict[str, bytes], change: Callable[[Any], None]
) -> None:
    assert OP.RESHAPE in ops(slim(edited(corpus["digits_q"], change)))


def test_several_subgraphs_are_left_alone(corpus: dict[str, bytes]) -> None:
    two = edited(corpus["digits_q"], lambda model: model.subgraphs.append(model.subgraphs[0]))
    assert slim(two) == two


def test_equal_vectors_are_written_once() -> None:
    builder = slimming._Builder(64)
    first = builder.CreateNumpyVector(np.zeros(8, np.int64))
    assert builder.CreateNumpyVector(np.zeros(8, np.int64)) == first
    assert builder.CreateNumpyVector(np.zeros(9, np.int64)) != first
    assert builder.CreateNumpyVector(np.zeros(8, np.float64)) != first
