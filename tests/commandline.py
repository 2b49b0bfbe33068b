"""The command line, as a process of its own."""

from __future__ import annotations

import subprocess
import sys

MAIN = "from tinycnn.cli import main; main()"


def tinycnn(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `tinycnn` with `words`, its output captured."""
    argv = [sys.executable, "-c", MAIN, *words]
    return subprocess.run(argv, check=False, capture_output=True, text=True)
