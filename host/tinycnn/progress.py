"""How long work tells its caller where it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as `progress(message, done, total)`: a short line, and steps done of all."""


def silent(message: str, done: int, total: int) -> None:
    """A `Progress` that says nothing."""
