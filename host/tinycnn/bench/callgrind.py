"""Counting in a process of this machine: what valgrind's callgrind notes at each mark."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinycnn.bench.count import SCRIPT, SECONDS, printed_by
from tinycnn.command import need, run
from tinycnn.errors import TargetError
from tinycnn.targets.completed import TIMED_OUT, Completed

PROGRAMS = ("valgrind", "setarch")

_MARK = "clock_gettime"
"""What time.ticks_us() calls in the C library, and nothing else in a simulator."""

_DUMPS = "dump"


@dataclass(frozen=True)
class ByCallgrind:
    """Counts in the simulator `program`, a build with an engine compiled in."""

    program: Path

    def times(self, macs: int) -> tuple[int, int]:
        return 4, 2  # exact, so few are enough

    def read(self, folder: Path, words: Sequence[str]) -> tuple[str, list[int]]:
        shutil.copy(self.program, folder / "micropython")
        done, counts = counted(["./micropython", SCRIPT, *words], folder)
        return printed_by(done), counts


def counted(argv: Sequence[str], folder: Path) -> tuple[Completed, list[int]]:
    """Run a program in `folder`, and the instructions between each first and second mark.

    Raises MissingToolError without valgrind, and TargetError if the marks are no pairs.
    """
    need(*PROGRAMS)
    valgrind, setarch = map(shutil.which, PROGRAMS)
    assert valgrind and setarch
    files = [f"--callgrind-out-file={folder / _DUMPS}", f"--log-file={folder / 'log'}"]
    counter = [valgrind, "--tool=callgrind", f"--dump-before={_MARK}*", *files]
    # The same instructions each time and everywhere: the heap where it always is (setarch),
    # a stack that begins with the same words, and no linking when a function is first called.
    done = run(
        [setarch, "-R", *counter, *argv],
        cwd=folder,
        env={"LC_ALL": "C", "LD_BIND_NOW": "1"},
        timeout=SECONDS,
    )
    status = TIMED_OUT if done.status is None else done.status
    counts = phases(path.read_text() for path in folder.glob(f"{_DUMPS}*"))
    return Completed(status, done.output, "", 0), counts


def phases(dumps: Iterable[str]) -> list[int]:
    """Instructions between each first and second mark, from callgrind's files in any order.

    Each but the last was written at a mark, and tells what ran since the one before.
    """
    found = sorted(map(_dump, dumps))
    marks = [mark for _, mark, _ in found]
    if len(found) % 2 == 0 or marks != [True] * (len(found) - 1) + [False]:
        raise TargetError(
            f"callgrind wrote {sum(marks)} dumps at marks and {len(marks) - sum(marks)} others, "
            "where it has to be two for each phase and one"
        )
    return [instructions for _, _, instructions in found[1::2]]


def _dump(text: str) -> tuple[int, bool, int]:
    """Its number from 1, whether a mark wrote it, and its instructions."""
    part = re.search(r"^part: (\d+)$", text, re.MULTILINE)
    total = re.search(r"^totals: (\d+)$", text, re.MULTILINE)
    if part is None or total is None:
        raise TargetError("callgrind wrote a dump that is cut")
    mark = re.search(rf"^desc: Trigger: .*{_MARK}", text, re.MULTILINE)
    return int(part[1]), mark is not None, int(total[1])
