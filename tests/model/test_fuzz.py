"""A minute of each fuzz target; long runs are in docs/measurements.md.

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

import pytest

from check_program import CheckMain, built
from tinycnn.firmware import libtflm

SECONDS = 60

# Asserts are on, so that one that fails ends the run.
SANITIZE = "-fsanitize=address,undefined -fno-sanitize=nonnull-attribute -O1 -g1 -UNDEBUG"

# Faults without effect on memory: TFLM's of ignore.txt; and esp-nn shifts numbers below 0
# to the left, and counts on integers that wrap where it shifts by 31.
KNOWN = re.compile(
    r"reference/quantize\.h:\S+ runtime error: signed integer overflow"
    r"|conv_common\.cc:\S+ runtime error: negation"
    r"|esp_nn_add_ansi\.c:\S+ runtime error: left shift of negative value"
    r"|common_functions\.h:\S+ runtime error: left shift of 1 by 31 places"
    r"|common_functions\.h:\S+ runtime error: signed integer overflow: -2147483648 - 1 "
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


@pytest.mark.parametrize("kernels", ["reference", "esp-nn"])
def test_fuzz_invoke(
    corpus: list[Path], sources_or_skip: Callable[[], AbstractContextManager[None]], kernels: str
) -> None:
    with sources_or_skip():
        variables = libtflm.make_variables(esp_nn=kernels == "esp-nn", extra_flags=SANITIZE)
    program = built("invoke_main", f"fuzz-{kernels}", **variables)
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
