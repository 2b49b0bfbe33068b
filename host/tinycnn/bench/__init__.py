"""Instructions of models on targets, with whose kernels: counted, never timed.

models     the rows: what is counted
kernels    whose kernels there are on a target, and how it is built with them
count      the script that is counted, and a clock that counts
callgrind  the same by valgrind, in a process of this machine
baseline   what was counted last, which no commit may exceed unnoticed
layers     models of one layer each
costs      what the work of an op costs, by the counts of layers; estimates of models by that
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tinycnn.bench.count import Count, count_instructions
from tinycnn.bench.kernels import machines
from tinycnn.bench.models import NAMES, Model, model_named
from tinycnn.errors import TargetError
from tinycnn.files import BUILD, write_json
from tinycnn.progress import Progress, silent
from tinycnn.targets.targets import Choice

RESULT = BUILD / "bench.json"


@dataclass(frozen=True)
class Row:
    """A model, its bytes, its multiply-accumulates, and what was counted."""

    model: str
    bytes: int
    macs: int
    count: Count

    @property
    def per_mac(self) -> float | None:
        """Instructions of `invoke()` for each multiply-accumulate; None if there is none."""
        return self.count.invoke / self.macs if self.macs else None


@dataclass(frozen=True)
class Part:
    """All models with the same kernels.

    compiler  of all that was counted, but for a C library; "" if nobody told
    flash     bytes that `tflm` adds to a firmware, by part; empty where they are not known
    refused   a line for each model that does not run there
    """

    kernels: str
    compiler: str
    flash: Mapping[str, int]
    rows: tuple[Row, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True)
class Bench:
    """All that was counted on a target."""

    target: str
    parts: tuple[Part, ...]


def measure(
    target: str,
    models: Sequence[Model] = (),
    choice: Choice | None = None,
    *,
    kernels: Sequence[str] | None = None,
    progress: Progress = silent,
) -> Bench:
    """Count `models`, or all of ours, on `target`, with each of its `kernels`, or with all.

    There are those of `kernels.BUILDS`.

    Raises UserError for a `choice` that the target does not have, MissingToolError,
    SourceError and BuildError if it cannot be built or counted on, and TargetError if no
    model runs there.
    """
    parts = []
    for machine in machines(target, kernels, choice or Choice(), progress):
        rows, refused = [], []
        models = models or [model_named(name, progress) for name in NAMES]
        for done, model in enumerate(models):
            progress(f"counting {model.name} with {machine.kernels}", done, len(models))
            try:
                found = count_instructions(model, machine.counter)
            except TargetError as error:
                refused.append(f"{target} cannot count {model.name}: {error}")
                continue
            rows.append(Row(model.name, len(model.data), model.macs, found))
        if not rows:
            raise TargetError(refused[0])
        parts.append(
            Part(machine.kernels, machine.compiler, machine.flash, tuple(rows), tuple(refused))
        )
    return Bench(target, tuple(parts))


def write(bench: Bench) -> Path:
    """Write all of it as JSON; returns where to."""
    write_json(RESULT, asdict(bench))
    return RESULT
