"""How much is tried: a third in `make test` of what `make test-all` tries."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

ALL = "TINYCNN_TEST_ALL"
"""In the environment, of every process of the tests, if all is tried: --all."""


def cases(all_of_them: int) -> int:
    """How many of so many generated cases to try; known when test modules are imported."""
    return all_of_them if ALL in os.environ else all_of_them // 3


def some(names: Iterable[str | float], *nightly: str | float) -> list[Any]:
    """Parameters: all `names`, those of `nightly` in `make test-all` alone."""
    return [
        pytest.param(name, marks=pytest.mark.nightly) if name in nightly else name
        for name in names
    ]
