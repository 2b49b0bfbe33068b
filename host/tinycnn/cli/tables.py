"""Results as tables on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from tinycnn.pipeline.dataset import PARTS
from tinycnn.pipeline.evaluate import (
    ARTICLE_ACCURACY,
    ARTICLE_BYTES,
    Evaluation,
    Result,
)
from tinycnn.pipeline.score import Score


def print_table(shown: Console, table: Table) -> None:
    """Print `table`; where it is too narrow for it, each row as lines of heading and cell."""
    roomy = shown.options.update(width=1000)
    if shown.measure(table, options=roomy).maximum <= shown.width:
        shown.print(table)
        return
    shown.print(table.title)
    for row in zip(*(column.cells for column in table.columns), strict=True):
        shown.print()
        for column, cell in zip(table.columns, row, strict=True):
            if cell:
                shown.print(f"{column.header}: {cell}", soft_wrap=True)


def print_evaluation(shown: Console, evaluation: Evaluation) -> None:
    """Print one table of the evaluation, and the lines that go under it."""
    sizes = {model.name: model.bytes for model in evaluation.models}
    reference = evaluation.of_digits
    what = ": mean absolute error" if evaluation.regression else ""
    table = Table(title=f"Evaluation on {evaluation.data}{what}", title_justify="left")
    table.add_column("model")
    table.add_column("runtime")
    for heading in ("bytes", "train", "test", "validation", "µs"):
        table.add_column(heading, justify="right")
    for result in evaluation.results:
        table.add_row(*_row(result, sizes.get(result.model)))
    if reference:
        table.add_section()
        for name, size in ARTICLE_BYTES.items():
            table.add_row(name, "article", str(size), "", f"{ARTICLE_ACCURACY[name]:.2%}", "", "")
    print_table(shown, table)
    for note in _notes(evaluation):
        shown.print(note)


def _row(result: Result, size: int | None) -> list[str]:
    if result.errors:
        parts = [f"{result.errors[name]:.3g}" for name in PARTS]
    else:
        parts = [f"{result.parts[name].accuracy:.2%}" for name in PARTS]
    return [
        result.model,
        result.runtime,
        "" if size is None else str(size),
        *parts,
        f"{result.microseconds:.1f}",
    ]


def _notes(evaluation: Evaluation) -> list[str]:
    last = evaluation.results[-1]
    notes = []
    if last.parts:
        notes.append(
            f"{last.model} in {last.runtime}, with 95 % Wilson intervals: "
            + ", ".join(f"{name} {_score(score)}" for name, score in last.parts.items())
        )
    crossed = evaluation.cross_validation
    if crossed is not None:
        folds = ", ".join(f"{score.accuracy:.1%}" for score in crossed.folds)
        notes.append(
            f"cross-validation in {len(crossed.folds)} contiguous blocks: "
            f"{_score(crossed.pooled)}; blocks {folds}"
        )
    notes += [str(difference) for difference in evaluation.differences]
    for model in evaluation.models:
        if model.tflm_error:
            notes.append(f"{model.name} does not run in TFLM: {model.tflm_error}")
    counts = {r.runtime: r.runs for r in evaluation.results}
    runs = ", ".join(f"{runtime} {count}" for runtime, count in counts.items())
    notes.append(
        f"µs: median wall time of one inference, called from Python on this machine (runs: {runs})"
    )
    return notes


def _score(score: Score) -> str:
    return f"{score.correct}/{score.total} = {score}"
