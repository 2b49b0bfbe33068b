"""A minute of each fuzz target; long runs are in docs/model_check.md.

The check runs in libFuzzer if clang is there, else on random changes of the corpus;
the check and TFLM together on these, built by gcc.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from check_program import CheckMain, built
from tinycnn.firmware import libtflm
from tinycnn.firmware.fetch import fetch

SECONDS = 60

# Asserts are on, so that one that fails ends the run.
SANITIZE = "-fsanitize=address,undefined -fno-sanitize=nonnull-attribute -O1 -g1 -UNDEBUG"

# Faults of TFLM without effect on memory: those of ignore.txt.
KNOWN = re.compile(
    r"reference/quantize\.h:\S+ runtime error: signed integer overflow"
    r"|conv_common\.cc:\S+ runtime error: negation"
)


def test_fuzz_check(check_main: CheckMain, corpus: list[Path], tmp_path: Path) -> None:
    if shutil.which("clang") is None:
        deadline = time.monotonic() + SECONDS
        seed = 1
        while time.monotonic() < deadline:
            check_main.run("random", "50000", str(seed), *corpus)
            seed += 2
        return
    found = tmp_path / "found"
    found.mkdir()
    run = subprocess.run(
        [
            built("fuzz_check"),
            found,
            corpus[0].parent,
            f"-max_total_time={SECONDS}",
            "-max_len=8192",
            "-timeout=5",
            f"-artifact_prefix={tmp_path}/",
            "-print_final_stats=1",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    assert "number_of_executed_units" in run.stderr


def test_fuzz_invoke(
    corpus: list[Path], sources_or_skip: Callable[[], AbstractContextManager[None]]
) -> None:
    with sources_or_skip():
        tflm = fetch("esp-tflite-micro")
    library = libtflm.build(tflm, extra_flags=SANITIZE)
    program = built("invoke_main", TFLM_DIR=tflm.path, TFLM_LIB=library)
    deadline = time.monotonic() + SECONDS
    seed = 1
    while time.monotonic() < deadline:
        run = subprocess.run(
            [program, "random", "5000", str(seed), *corpus],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert run.returncode == 0, run.stderr[-4000:]
        faults = [line for line in run.stderr.splitlines() if "runtime error" in line]
        assert [line for line in faults if not KNOWN.search(line)] == []
        seed += 2
