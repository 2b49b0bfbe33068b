"""Run make: what it compiles is counted while it works, and what it says goes to a log."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tinycnn.command import Finished, make_environment, run
from tinycnn.files import write_atomic
from tinycnn.progress import Progress


def make(
    words: Sequence[str],
    what: str,
    expected: int,
    log: Path,
    progress: Progress,
    named: Mapping[str, str] | None = None,
) -> Finished:
    """Run make with `words`, on all cores, with the variables `named` in its environment.

    `progress` is told `what`, and how many of `expected` files are compiled; 0 if unknown.
    """
    compiled = 0

    def see(line: str) -> None:
        nonlocal compiled
        if line.startswith(("CC ", "CXX ")):
            compiled += 1
            progress(what, compiled, expected)

    progress(what, 0, expected)
    argv = ["make", f"--jobs={os.cpu_count() or 1}", *words]
    made = run(argv, env=make_environment() | dict(named or {}), on_line=see)
    write_atomic(log, made.output + "\n")
    return made
