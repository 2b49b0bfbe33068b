"""The command line, as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_FLASH = "from tinycnn.targets import flash; from pathlib import Path; flash.FLASH = Path({!r})\n"


def python(*words: str, flash: Path | None = None, before: str = "") -> list[str]:
    """How to run `tinycnn` with `words`, in Python; `flash` in the place of build/flash."""
    code = f"{before}\nfrom tinycnn.cli import main\n"
    if flash is not None:
        code += _FLASH.format(str(flash))
    return [sys.executable, "-c", f"{code}main()", *words]


def tinycnn(*words: str, flash: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `tinycnn` with `words`, its output captured."""
    return subprocess.run(python(*words, flash=flash), check=False, capture_output=True, text=True)
