"""model_check() as a program with sanitizers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tinycnn.command import locked
from tinycnn.progress import silent

MAKEFILE = Path(__file__).parent / "Makefile"


def built(target: str, folder: Path, **variables: str) -> Path:
    """A program of this folder's Makefile, brought up to date in `folder`."""
    with locked(folder, silent):
        run = subprocess.run(
            ["make", "--silent", f"--jobs={os.cpu_count() or 1}", f"--file={MAKEFILE}", target]
            + [f"{name}={value}" for name, value in variables.items()],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    return folder / target


@dataclass(frozen=True)
class CheckMain:
    """check_main.c: sanitizers end it when they find something."""

    program: Path

    def run(self, *args: str | Path) -> str:
        done = subprocess.run(
            [self.program, *args], capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def check(self, paths: Iterable[Path]) -> dict[str, tuple[str, str]]:
        """Status and message of each file, by its stem."""
        verdicts = {}
        for line in self.run("check", *paths).splitlines():
            path, status, message = line.split("\t")
            verdicts[Path(path).stem] = (status, message)
        return verdicts
