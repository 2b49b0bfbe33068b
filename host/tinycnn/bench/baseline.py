"""What was counted last, committed with the sources: a change of it is part of a change.

    python -m tinycnn.bench.baseline [TARGET ...]

counts all rows on `unix` and `qemu-rv32` and our kernels by themselves (`kernels`), or on those
targets, and writes what it finds to baseline.json beside this file. What is recorded by other
compilers stays.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

from tinycnn.bench import Bench, Row, measure
from tinycnn.bench.alone import count_alone
from tinycnn.bench.kernels import OURS
from tinycnn.command import compiler
from tinycnn.files import write_json

RECORD = Path(__file__).with_name("baseline.json")

TARGETS = ("unix", "qemu-rv32")
KERNELS = "kernels"
"""On this machine, with no target: for it `tinycnn.bench.alone` counts."""

TOLERANCE = 0.02
"""How much a count may differ: by more, in either direction, the baseline has to change."""

_SAME = 0.001
"""What a clock that tells thousands of instructions may be off."""

_ALONE = "instructions"

_FIGURES = ("load", "invoke", "predict", "raw")

Counts = dict[str, int | None]
Recorded = dict[str, dict[str, dict[str, dict[str, Counts]]]]
"""Counts by target, compiler, kernels and model: another compiler makes another number of
instructions of the same source, so it has rows of its own."""


def recorded() -> Recorded:
    """All that is recorded."""
    found: Recorded = json.loads(RECORD.read_bytes())
    return found


def changes(bench: Bench) -> list[str]:
    """A line for each count of `bench` that the baseline has not, within TOLERANCE."""
    known = recorded().get(bench.target, {})
    return [
        line
        for part in bench.parts
        for row in part.rows
        for line in _changes(
            f"{row.model} on {bench.target} with {part.kernels}",
            known.get(part.compiler, {}).get(part.kernels, {}).get(row.model, {}),
            _counts(row),
        )
    ]


def changes_alone(compiler: str, found: dict[str, int]) -> list[str]:
    """The same for our kernels by themselves."""
    known = recorded().get(KERNELS, {}).get(compiler, {}).get(OURS, {})
    return [
        line
        for name in {**known, **found}
        for line in _changes(name, known.get(name, {}), {_ALONE: found.get(name)})
    ]


def _changes(what: str, before: Counts, now: Counts) -> list[str]:
    lines = []
    for figure, count in now.items():
        was = before.get(figure)
        if _near(was, count, TOLERANCE):
            continue
        change = f" ({(count - was) / was:+.1%})" if was and count else ""
        lines.append(f"{what}: {figure} {_told(count)}, recorded {_told(was)}{change}")
    return lines


def _near(was: int | None, now: int | None, tolerance: float) -> bool:
    return was == now or bool(was and now and abs(now - was) <= tolerance * was)


def _told(count: int | None) -> str:
    return "nothing" if count is None else f"{count:,}"


def update(bench: Bench) -> None:
    """Record what `bench` counted, where it is not the same as what was there."""
    found = recorded() if RECORD.exists() else {}
    for part in bench.parts:
        kernels = found.setdefault(bench.target, {}).setdefault(part.compiler, {})
        rows = kernels.setdefault(part.kernels, {})
        for row in part.rows:
            before, now = rows.get(row.model, {}), _counts(row)
            same = {f: was for f, was in before.items() if f in now and _near(was, now[f], _SAME)}
            rows[row.model] = now | same
    write_json(RECORD, found)


def update_alone(compiler: str, counts: dict[str, int]) -> None:
    """Record what our kernels by themselves take."""
    found = recorded()
    rows: dict[str, Counts] = {name: {_ALONE: count} for name, count in counts.items()}
    found.setdefault(KERNELS, {})[compiler] = {OURS: rows}
    write_json(RECORD, found)


def _counts(row: Row) -> Counts:
    return {"macs": row.macs} | {figure: getattr(row.count, figure) for figure in _FIGURES}


def main(targets: list[str]) -> None:
    say = cache(lambda what: print(what, flush=True))  # each once, however many steps it has
    for target in targets or (KERNELS, *TARGETS):
        if target == KERNELS:
            say(KERNELS)
            by, counts = compiler("gcc"), count_alone()
            print(*changes_alone(by, counts), sep="\n")
            update_alone(by, counts)
            continue
        bench = measure(target, progress=lambda what, done, total: say(what))
        for line in changes(bench) if RECORD.exists() else ():
            print(line)
        update(bench)


if __name__ == "__main__":
    main(sys.argv[1:])
