"""How much is tried: a third in `make test` of what `make test-all` tries."""

from __future__ import annotations

import os

ALL = "TINYCNN_TEST_ALL"
"""In the environment, of every process of the tests, if all is tried: --all."""


def cases(all_of_them: int) -> int:
    """How many of so many generated cases to try; known when test modules are imported."""
    return all_of_them if ALL in os.environ else all_of_them // 3
