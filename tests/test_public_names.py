"""The package's public names: those in `__init__.pyi`, and on the page."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinycnn
from tinycnn.files import ROOT

STUB = Path(tinycnn.__file__).with_suffix(".pyi")
PAGE = ROOT / "docs" / "python.md"

LISTED = [
    alias.name
    for statement in ast.parse(STUB.read_text()).body
    if isinstance(statement, ast.ImportFrom)
    for alias in statement.names
]


def test_what_the_stub_lists_is_what_the_package_offers() -> None:
    assert sorted(tinycnn.__all__) == sorted(LISTED)
    assert set(LISTED) <= set(dir(tinycnn))


@pytest.mark.parametrize("name", LISTED)
def test_name_is_there_and_says_what_it_is(name: str) -> None:
    thing = getattr(tinycnn, name)
    assert (thing.__doc__ or "").strip()
    assert name == "RECIPES" or thing.__name__ == name


def test_the_page_names_each_once() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    told = [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(told) == sorted(LISTED)


def test_importing_the_package_imports_no_library() -> None:
    heavy = "{'numpy', 'tensorflow', 'sklearn', 'matplotlib', 'typer'} & set(sys.modules)"
    program = f"import sys, tinycnn; print({heavy} or 'none')"
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("none\n", "")


def test_a_name_that_is_none() -> None:
    with pytest.raises(AttributeError, match="trian"):
        _ = tinycnn.trian  # type: ignore[attr-defined]
