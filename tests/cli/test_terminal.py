"""What is seen of tables and progress, on terminals of any width and without one."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from rich.table import Table

from tinycnn.cli import bars
from tinycnn.cli.say import console
from tinycnn.cli.tables import print_table


def shown(width: int, table: Table) -> str:
    out = io.StringIO()
    terminal = console(file=out)
    terminal.width = width
    print_table(terminal, table)
    return out.getvalue()


@pytest.fixture
def table() -> Table:
    made = Table(title="Evaluation on digits", title_justify="left")
    for heading in ("model", "runtime", "bytes", "test", "validation"):
        made.add_column(heading)
    made.add_row("model_float32", "LiteRT", "123456", "95.82%", "88.89%")
    made.add_row("model_int8", "article", "", "[red]", "")
    return made


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 200])
def test_a_table_loses_nothing(table: Table, width: int) -> None:
    text = shown(width, table)
    assert "…" not in text
    for column in table.columns:
        for cell in column.cells:
            assert str(cell) in text


def test_a_table_that_fits_is_a_table(table: Table) -> None:
    assert "│ model_float32 │ LiteRT " in shown(80, table)
    assert "runtime: LiteRT\n" in shown(40, table)


def test_progress_in_a_log_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with bars.progress_bar("build") as progress:
        for second in range(150):
            now[0] = second
            progress("main.c\x1b[2J", second, 100)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        r"build: main.c\x1b[2J (60 of 100)",
        r"build: main.c\x1b[2J (120 of 120)",
    ]


def test_what_is_short_says_nothing_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    work: Callable[..., Any]
    with bars.progress_bar("build") as work:
        for done in range(5):
            work("main.c", done, 5)
    assert capsys.readouterr() == ("", "")
