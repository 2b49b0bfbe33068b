"""As much of Markdown as the tests of the documentation need."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tinycnn.files import ROOT


@dataclass(frozen=True)
class Fence:
    """A fenced block: its info string, like "python micropython", its text, its line."""

    info: str
    text: str
    line: int


@cache
def project_files(*patterns: str) -> tuple[Path, ...]:
    """The files of the project, as git knows them, whether added yet or not."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = (ROOT / name for name in sorted(set(done.stdout.split("\0"))) if name)
    return tuple(path for path in paths if path.is_file())


def pages() -> tuple[Path, ...]:
    """Every Markdown file of the project."""
    return project_files("*.md")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def fences(text: str) -> list[Fence]:
    """Every fenced block of a page, in order."""
    found = re.finditer(r"^```([^\n`]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Fence(m[1].strip(), m[2], text.count("\n", 0, m.start()) + 1) for m in found]


def prose(text: str) -> str:
    """The page without what is code in it."""
    without = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    without = re.sub(r"^(    |\t).*$", "", without, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", without)


def headings(text: str) -> list[str]:
    """The headings of a page, without their marks."""
    without = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#+ (.+)$", without, re.MULTILINE)


def anchor(heading: str) -> str:
    """What a link to a heading has after its `#`, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def section(text: str, heading: str) -> str:
    """What stands between the `##` heading and the next one; "" if it is not there."""
    found = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    return found[1] if found else ""
