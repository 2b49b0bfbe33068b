"""Counts are those of the committed baseline: no commit changes one unnoticed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from skips import TOOLS, or_skip
from tinycnn.bench import Bench, Part, Row, baseline, measure, models
from tinycnn.bench.alone import count_alone
from tinycnn.bench.count import Count
from tinycnn.bench.kernels import BUILDS, ESP_NN, OURS, TFLM
from tinycnn.bench.models import Model, model_named
from tinycnn.command import compiler
from tinycnn.errors import MissingToolError

SMALL = ("article", "digits")
"""The others take a minute and more."""

ROW = Row("m", 5, 10, Count(100_000, 50_000, 60_000, 55_000, 1, 1, 1, "1", "a"))


@pytest.fixture(scope="module")
def small(pytestconfig: pytest.Config) -> list[Model]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "FOLDER", pytestconfig.cache.mkdir("bench"))
        return [model_named(name) for name in SMALL]


def counted(target: str, kernels: str, small: list[Model]) -> Bench:
    with or_skip(MissingToolError):
        return measure(target, small, kernels=[kernels])


@pytest.mark.slow
@pytest.mark.parametrize(
    "kernels", [OURS, *(pytest.param(name, marks=pytest.mark.nightly) for name in (TFLM, ESP_NN))]
)
@pytest.mark.parametrize("name", baseline.TARGETS)
def test_counts_are_those_of_the_baseline(name: str, kernels: str, small: list[Model]) -> None:
    found = counted(name, kernels, small)
    (part,) = found.parts
    if part.compiler not in (known := baseline.recorded().get(name, {})):
        pytest.skip(
            f"{TOOLS}no counts of {part.compiler} on {name} in the baseline, which has those of "
            f"{' and '.join(known)}: `python -m tinycnn.bench.baseline {name}` adds them"
        )
    assert (part.refused, len(part.rows)) == ((), len(SMALL))
    remedy = f"if that is meant, commit what `python -m tinycnn.bench.baseline {name}` records"
    told = baseline.changes(found)
    assert not told, "\n".join([*told, remedy])


def test_our_kernels_by_themselves() -> None:
    with or_skip(MissingToolError):
        found = count_alone()
    if (by := compiler("gcc")) not in (known := baseline.recorded()[baseline.KERNELS]):
        pytest.skip(
            f"{TOOLS}no counts of our kernels by {by} in the baseline, which has those of "
            f"{' and '.join(known)}: `python -m tinycnn.bench.baseline kernels` adds them"
        )
    told = baseline.changes_alone(by, found)
    remedy = "if that is meant, commit what `python -m tinycnn.bench.baseline kernels` records"
    assert not told, "\n".join([*told, remedy])


@pytest.mark.slow
def test_a_count_is_the_same_each_time(small: list[Model]) -> None:
    first, second = (counted("unix", OURS, small[:1]) for _ in range(2))
    assert first == second


def test_the_baseline_has_all_rows() -> None:
    for target in baseline.TARGETS:
        assert baseline.recorded()[target]
        for by_kernels in baseline.recorded()[target].values():
            assert set(by_kernels) == set(BUILDS[target][1])
            assert {name: set(rows) for name, rows in by_kernels.items()} == {
                name: set(models.NAMES) for name in by_kernels
            }


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A baseline of its own that has ROW."""
    path = tmp_path / "baseline.json"
    monkeypatch.setattr(baseline, "RECORD", path)
    baseline.update(bench(ROW))
    return path


def bench(row: Row, compiler: str = "gcc 1") -> Bench:
    return Bench("unix", (Part(TFLM, compiler, {}, (row,), ()),))


def changed(**figures: int | None) -> list[str]:
    return baseline.changes(bench(replace(ROW, count=replace(ROW.count, **figures))))


def test_what_grows_or_shrinks_is_told(record: Path) -> None:
    assert changed() == changed(invoke=50_999, load=98_001) == []
    assert changed(arena=9, heap=9) == []
    assert changed(invoke=51_001) == [
        "m on unix with TFLM: invoke 51,001, recorded 50,000 (+2.0%)"
    ]
    assert changed(predict=48_000, raw=56_200) == [
        "m on unix with TFLM: predict 48,000, recorded 60,000 (-20.0%)",
        "m on unix with TFLM: raw 56,200, recorded 55,000 (+2.2%)",
    ]
    assert len(changed(predict=None)) == 1


def test_changes_of_our_kernels_are_told(record: Path) -> None:
    baseline.update_alone("gcc 1", {"add": 1000, "mul": 500})
    assert baseline.changes_alone("gcc 1", {"add": 1019, "mul": 491}) == []
    assert baseline.changes_alone("gcc 1", {"add": 1021, "pad": 7}) == [
        "add: instructions 1,021, recorded 1,000 (+2.1%)",
        "mul: instructions nothing, recorded 500",
        "pad: instructions 7, recorded nothing",
    ]
    assert baseline.recorded()["unix"]["gcc 1"]


def test_rows_that_are_not_recorded_are_told(record: Path) -> None:
    assert len(baseline.changes(bench(replace(ROW, model="new")))) == 5
    assert len(baseline.changes(bench(ROW, "gcc 2"))) == 5


def test_what_is_the_same_stays_recorded(record: Path) -> None:
    """Or each update on a clock would change every figure by its last digits."""
    count = replace(ROW.count, load=100_050, invoke=50_100, predict=None)
    baseline.update(bench(replace(ROW, count=count)))
    found = json.loads(record.read_bytes())["unix"]["gcc 1"][TFLM]["m"]
    assert found == {"macs": 10, "load": 100_000, "invoke": 50_100, "predict": None, "raw": 55_000}


def test_other_compilers_and_models_stay(record: Path) -> None:
    baseline.update(bench(replace(ROW, model="new")))
    baseline.update(bench(ROW, "gcc 2"))
    found = json.loads(record.read_bytes())["unix"]
    assert {compiler: list(kernels[TFLM]) for compiler, kernels in found.items()} == {
        "gcc 1": ["m", "new"],
        "gcc 2": ["m"],
    }
