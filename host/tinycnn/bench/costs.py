"""Instructions of a model without running it: what work its ops have, times what that costs.

    python -m tinycnn.bench.costs

counts models of one layer each on `qemu-rv32`, with our kernels, and writes to costs.json beside
this file what a unit of each work costs: the least squares of relative errors, no cost below 0. It
estimates the networks of `tinycnn.bench.models` too, which are none of those layers and were
counted by themselves (baseline.json, and on emulated chips chips.json): how far off that is, is
how good an estimate is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import exp, fsum, log
from pathlib import Path
from typing import Any

from tinycnn.bench import measure
from tinycnn.bench.baseline import recorded
from tinycnn.bench.kernels import OURS
from tinycnn.bench.layers import chain, layers
from tinycnn.bench.models import NAMES, model_named
from tinycnn.files import write_json
from tinycnn.tflite.work import Work, works

RECORD = Path(__file__).with_name("costs.json")
CHIPS = Path(__file__).with_name("chips.json")

COUNTED_ON = "qemu-rv32"
RISCV, XTENSA = "qemu-esp32c3", "qemu-esp32"
"""Emulated chips of both kinds."""

_CHAIN = (1, 9)


@dataclass(frozen=True)
class Estimate:
    """Of one inference.

    instructions  of `invoke()`, with our kernels, without the kinds of work that are `unknown`
    unknown       what was never counted, in the model's order
    """

    instructions: int
    unknown: tuple[str, ...]


def estimate(model: bytes, *, xtensa: bool = False) -> Estimate:
    """The instructions of `model`, a .tflite that check_model() found valid.

    Of RISC-V without extensions for signal processing; or with `xtensa` of an ESP32.
    """
    found, costs = works(model), record()
    unknown = dict.fromkeys(work.kind for work in found if work.kind not in costs["kinds"])
    total = costs["call"] + sum(_cost(work, costs["kinds"]) for work in found)
    return Estimate(round(total * (ratio() if xtensa else 1)), tuple(unknown))


def ratio() -> float:
    """How many instructions an ESP32 takes for one of an ESP32-C3: the mean of the networks."""
    both = counts(RISCV), counts(XTENSA)
    ratios = [log(both[1][name] / both[0][name]) for name in both[1]]
    return exp(fsum(ratios) / len(ratios))


def counts(target: str) -> dict[str, int]:
    """Instructions of `invoke()` that were counted on `target`, by network, with our kernels."""
    if target != COUNTED_ON:
        chips: dict[str, dict[str, dict[str, int]]] = json.loads(CHIPS.read_bytes())
        return {name: of["invoke"] for name, of in chips[target].items()}
    rows = recorded()[COUNTED_ON][record()["compiler"]][OURS]
    return {name: int(of["invoke"] or 0) for name, of in rows.items()}


def errors(target: str) -> dict[str, float]:
    """How far the estimate of each network is from its count on `target`: 0.1 is 10 % above."""
    times = ratio() if target == XTENSA else 1
    return {name: estimated()[name] * times / count - 1 for name, count in counts(target).items()}


def estimated() -> dict[str, int]:
    """What was estimated of each network when the costs were written, on RISC-V."""
    found: dict[str, int] = record()["estimated"]
    return found


def _cost(work: Work, kinds: dict[str, list[float]]) -> float:
    costs = kinds.get(work.kind)
    return sum(map(float.__mul__, costs, map(float, (1, *work.amounts)))) if costs else 0.0


@cache
def record() -> dict[str, Any]:
    """What main() wrote: `compiler`, of which the counts are; `call`, what a run takes besides its
    ops; `kinds`, for each what an op costs and then a unit of each amount; `estimated`."""
    found: dict[str, Any] = json.loads(RECORD.read_bytes())
    return found


def fitted(rows: Iterable[tuple[tuple[int, ...], int]]) -> list[float]:
    """What one op and a unit of each amount cost, from amounts and instructions of some ops."""
    import numpy as np
    from scipy.optimize import nnls

    amounts, took = zip(*rows, strict=True)
    work = np.array([(1, *each) for each in amounts], float) / np.array(took, float)[:, None]
    found, _ = nnls(work, np.ones(len(took)))
    return [round(float(cost), 3) for cost in found]


def main() -> None:
    models = [*map(chain, _CHAIN), *layers()]
    (part,) = measure(COUNTED_ON, models, kernels=[OURS]).parts
    assert not part.refused, part.refused
    few, many, *invoked = (row.count.invoke for row in part.rows)
    call = few - (many - few) // (_CHAIN[1] - _CHAIN[0]) * _CHAIN[0]
    by_kind: dict[str, list[tuple[tuple[int, ...], int]]] = {}
    for model, took in zip(models[len(_CHAIN) :], invoked, strict=True):
        (work,) = works(model.data)
        by_kind.setdefault(work.kind, []).append((work.amounts, took - call))
    kinds = {kind: fitted(rows) for kind, rows in by_kind.items()}
    networks = {
        name: call + sum(_cost(work, kinds) for work in works(model_named(name).data))
        for name in NAMES
    }
    write_json(
        RECORD,
        {
            "compiler": part.compiler,
            "call": call,
            "kinds": kinds,
            "estimated": {name: round(found) for name, found in networks.items()},
        },
    )


if __name__ == "__main__":
    main()
