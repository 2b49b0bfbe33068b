"""The rows of the bench are the networks that they are called after."""

from __future__ import annotations

import pytest

from thorough import some
from tinycnn.bench import costs, models
from tinycnn.bench.models import NAMES, model_named
from tinycnn.tflite.arena import predict_arena
from tinycnn.tflite.check import check_model
from tinycnn.tflite.graph import read_graph

MACS = {
    "article": 3_312,
    "digits": 62_192,
    "ds-cnn": 2_656_768,
    "mobilenet": 7_157_888,
    "micro-speech": 336_000,
    "motion": 164_864,
    "cifar": 3_092_224,
    "mnist": 21_700,
}
"""By hand, from the layers."""

MEMORY = {
    "article": 1_104,
    "digits": 2_336,
    "ds-cnn": 22_672,
    "mobilenet": 82_064,
    "micro-speech": 6_624,
    "motion": 4_976,
    "cifar": 22_144,
    "mnist": 2_560,
}
"""Bytes of the arena and beside it that TFLM's own kernels took on qemu-rv32."""


@pytest.mark.slow
@pytest.mark.parametrize("name", some(NAMES, "mobilenet", "ds-cnn", "cifar", "mnist"))
def test_row(name: str, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "FOLDER", pytestconfig.cache.mkdir("bench"))
    model = model_named(name)
    assert model.macs == MACS[name]
    found = check_model(model.data)
    assert found.profile in ("digits", "cnn")
    assert [tensor.type for tensor in (*found.inputs, *found.outputs)] == ["INT8", "INT8"]
    graph = read_graph(model.data)
    ops = [node.op for node in graph.nodes]
    if name == "micro-speech":
        assert ops == ["DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SOFTMAX"]
        assert graph.tensors[graph.nodes[0].inputs[1]].shape == (1, 10, 8, 8)
    assert ops.count("DEPTHWISE_CONV_2D") == {"ds-cnn": 4, "mobilenet": 13, "micro-speech": 1}.get(
        name, 0
    )
    assert model_named(name) == model
    assert costs.estimate(model.data) == costs.Estimate(costs.estimated()[name], ())
    need = predict_arena(model.data)
    assert need.arena + need.kept <= 1.3 * MEMORY[name]  # our kernels, and their scratch memory
