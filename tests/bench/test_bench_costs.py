"""Costs of work, and how far off what is estimated by them is."""

from __future__ import annotations

import pytest

from skips import TOOLS, or_skip
from tflite_models import INT8, OP, Tensor, one_op
from tinycnn.bench import costs, measure
from tinycnn.bench.kernels import OURS
from tinycnn.bench.layers import chain, layers
from tinycnn.bench.models import NAMES
from tinycnn.errors import MissingToolError
from tinycnn.files import ROOT
from tinycnn.tflite.check import check_model
from tinycnn.tflite.ops import offered
from tinycnn.tflite.work import works

DIGITS = (ROOT / "device" / "digits.tflite").read_bytes()


def test_costs_are_found_again() -> None:
    rows = [((taps, out), 500 + 3 * taps + 20 * out) for taps, out in ((9, 1), (90, 7), (400, 3))]
    assert costs.fitted(rows) == pytest.approx([500, 3, 20])
    assert costs.fitted([((size,), 10 * size) for size in (5, 50, 500)]) == [0, 10]


def test_estimate_is_the_work_times_its_costs() -> None:
    (work,) = works(chain(1).data)
    assert (work.kind, work.amounts) == ("RELU", (100,))
    one, nine = (costs.estimate(chain(count).data).instructions for count in (1, 9))
    assert (nine - one) / 8 == pytest.approx(350 + 100 * 20, rel=0.02)
    xtensa = costs.estimate(DIGITS, xtensa=True).instructions
    riscv = costs.estimate(DIGITS).instructions
    assert riscv == costs.estimated()["digits"]
    assert xtensa / riscv == pytest.approx(costs.ratio(), rel=1e-4)


def test_what_was_never_counted_is_told() -> None:
    real = one_op(OP.RELU, [Tensor([1, 8])], Tensor([1, 8]))
    assert costs.estimate(real).unknown == ("RELU of FLOAT32",)
    whole = Tensor([1, 8], INT8, scale=0.5)
    assert costs.estimate(one_op(OP.ABS, [whole], whole)).unknown == ("ABS",)
    assert costs.estimate(DIGITS).unknown == ()


def test_layers_run_with_the_ops_that_are_counted_on() -> None:
    for layer in (*layers(), chain(9)):
        found = check_model(layer.data)
        assert found.profile in ("digits", "cnn"), (layer.name, found.reason)


def test_every_op_of_the_digits_profile_has_costs() -> None:
    """But for ops that move values about, and those of float32."""
    ops = {op.name for op in offered().values() if op.profile == "digits"}
    have = {kind.partition(" ")[0] for kind in costs.record()["kinds"]}
    assert ops - have <= {"DEQUANTIZE", "EXPAND_DIMS", "SQUEEZE"}


@pytest.mark.parametrize("on", [costs.COUNTED_ON, costs.RISCV, costs.XTENSA])
def test_estimates_of_networks_that_were_counted(on: str) -> None:
    off = costs.errors(on)
    assert set(off) | {"mobilenet"} == set(NAMES)  # which has no room on an ESP32
    assert max(map(abs, off.values())) < 0.15


@pytest.mark.slow
@pytest.mark.nightly
def test_costs_are_those_of_the_kernels() -> None:
    """A layer of each kind anew: kernels that became faster or slower have other costs."""
    kinds = {works(layer.data)[0].kind: layer for layer in layers()}
    with or_skip(MissingToolError):
        (part,) = measure(costs.COUNTED_ON, list(kinds.values()), kernels=[OURS]).parts
    if part.compiler != costs.record()["compiler"]:
        pytest.skip(f"{TOOLS}no costs by {part.compiler}: `python -m tinycnn.bench.costs`")
    for layer, row in zip(kinds.values(), part.rows, strict=True):
        estimated = costs.estimate(layer.data).instructions
        assert row.count.invoke == pytest.approx(estimated, rel=0.35), layer.name
