"""Several processes that run tests at once: what they share, and who runs what.

`make test` starts one for each core. A unit, which is a file or all that runs on a target, is
run by one of them from its first test to its last; the fuzzers are units of their own.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tinycnn.command import locked
from tinycnn.progress import silent
from tinycnn.targets.targets import BUILDS

_TARGET = re.compile(rf"\[({'|'.join(sorted(BUILDS, key=len, reverse=True))})[-\]]")
_APART = "tests/model/test_fuzz.py"
"""Each test of it takes minutes."""


def is_worker() -> bool:
    """Whether this process is one of several."""
    return "PYTEST_XDIST_WORKER" in os.environ


def unit(nodeid: str) -> str:
    """What runs in one process, of which a test is a part."""
    if on_target := _TARGET.search(nodeid):
        return on_target[1]
    file = nodeid.partition("::")[0]
    return nodeid if file == _APART else file


class Units(LoadScopeScheduling):
    """Whoever has nothing more to do takes the next unit, in the order of its first test."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder of this process with all that `make` put into one, by whoever was first."""
    base = factory.getbasetemp()
    shared = (base.parent if is_worker() else base) / f"once-{name}"
    folder, made = shared / name, shared / "made"
    with locked(shared, silent):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return shutil.copytree(folder, factory.mktemp(name), dirs_exist_ok=True)
