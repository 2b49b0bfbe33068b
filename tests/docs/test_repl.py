"""docs/repl.md is typed at a real REPL, and what that prints is what the page says."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doc_pages import fences
from tinycnn.files import ROOT, stage
from tinycnn.firmware.port import Program
from tinycnn.targets.flash import flash_files
from tinycnn.targets.unix import environment

PAGE = ROOT / "docs" / "repl.md"
PROMPT = ">>> "


def _session() -> list[tuple[str, str]]:
    """Each line that is typed, and what is printed after it."""
    typed: list[tuple[str, str]] = []
    for block in fences(PAGE.read_text()):
        for line in block.text.splitlines() if block.info == "python repl" else ():
            if line.startswith(PROMPT):
                typed.append((line.removeprefix(PROMPT), ""))
            else:
                typed[-1] = (typed[-1][0], typed[-1][1] + line + "\n")
    return typed


class Repl:
    """A MicroPython that reads from a terminal."""

    def __init__(self, terminal: int) -> None:
        self.terminal = terminal

    def read(self) -> str:
        """All up to the next prompt."""
        said = b""
        while not said.endswith(PROMPT.encode()):
            ready, _, _ = select.select([self.terminal], [], [], 20)
            assert ready, f"no prompt after {said!r}"
            said += os.read(self.terminal, 4096)
        return said.decode().replace("\r\n", "\n").removesuffix(PROMPT)

    def type(self, line: str) -> str:
        """What it prints for the line, which it echoes first."""
        os.write(self.terminal, line.encode() + b"\r")
        return self.read().split("\n", 1)[1]


@contextmanager
def _repl(program: Path, folder: Path) -> Iterator[Repl]:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [program, "-i"],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(folder),
    ) as process:
        os.close(theirs)
        try:
            repl = Repl(ours)
            repl.read()
            yield repl
        finally:
            process.kill()
            os.close(ours)


def test_the_page_is_what_the_repl_says(simulator: Program, tmp_path: Path) -> None:
    stage(tmp_path, flash_files())
    session = _session()
    assert len(session) > 25
    with _repl(simulator.path, tmp_path) as repl:
        for line, expected in session:
            printed = repl.type(line)
            if printed.startswith("Traceback"):
                printed = printed.splitlines()[-1] + "\n"
            assert printed == expected, line


def test_the_page_names_all_members(simulator: Program, tmp_path: Path) -> None:
    stage(tmp_path, flash_files())
    text = PAGE.read_text()
    with _repl(simulator.path, tmp_path) as repl:
        repl.type("import tflm")
        for name in ("Interpreter", "Tensor"):
            members = re.findall(r"^  (\w+) -- ", repl.type(f"help(tflm.{name})"), re.MULTILINE)
            public = [member for member in members if not member.startswith("_")]
            assert len(public) > 3
            for member in public:
                assert f".{member}(" in text, f"{name}.{member}"
