"""8 seconds of processor time for each fuzz target, and a minute in `make test-all`; long runs
are in docs/measurements.md.

The check, and the check and the native engine together, run in libFuzzer if clang is there, else
on random changes of the corpus; the check and TFLM together on these, built by gcc.
"""

from __future__ import annotations

import itertools
import math
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from check_program import CheckMain, built
from skips import or_skip
from tinycnn.firmware import libtflm

pytestmark = pytest.mark.slow

SECONDS, NIGHTLY_SECONDS = 8, 60

# Asserts are on, so that one that fails ends the run.
SANITIZE = "-fsanitize=address,undefined -fno-sanitize=nonnull-attribute,bool -O1 -g1 -UNDEBUG"

# Faults without effect on memory: TFLM's of ignore.txt (that of a bool which is neither 0 nor 1
# is not looked for: it is taken for one of them), its sums of SVDF, and sums and products of
# int32, which wrap; esp-nn shifts numbers below 0 to the left, and counts on integers that wrap
# where it shifts by 31.
KNOWN = re.compile(
    r"reference/quantize\.h:\S+ runtime error: signed integer overflow"
    r"|svdf_common\.cc:\S+ runtime error: signed integer overflow"
    r"|reference/(add|sub|mul)\.h:\S+ runtime error: signed integer overflow"
    r"|conv_common\.cc:\S+ runtime error: negation"
    r"|flatbuffers/\S+ runtime error: load of misaligned address"
    r"|esp_nn_add_ansi\.c:\S+ runtime error: left shift of negative value"
    r"|common_functions\.h:\S+ runtime error: left shift of 1 by 31 places"
    r"|common_functions\.h:\S+ runtime error: signed integer overflow: -2147483648 - 1 "
)


def left_of(seconds: int) -> Iterator[int]:
    """What is left of them until it is over: of the time that a processor was
    given to what this process ran, since other tests and builds run beside it."""

    def used() -> float:
        times = os.times()
        return times.children_user + times.children_system

    end = used() + seconds
    while (left := math.ceil(end - used())) > 0:
        yield left


def seeds(seconds: int) -> Iterator[str]:
    """Odd numbers, until the time is over."""
    for seed, _ in zip(itertools.count(1, 2), left_of(seconds), strict=False):
        yield str(seed)


def run(*words: str | Path, timeout: float | None = None) -> str:
    """What a program says on stderr; it must succeed."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=timeout)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stderr


@pytest.fixture
def seconds(pytestconfig: pytest.Config) -> int:
    return NIGHTLY_SECONDS if pytestconfig.getoption("--all") else SECONDS


@pytest.fixture
def corpus_folder(corpus_files: dict[str, Path]) -> Path:
    return corpus_files["relu_f"].parent


def libfuzzer(program: Path, corpus: Path, folder: Path, seconds: int) -> Iterator[str]:
    """What it says, each time it ends, until the time is over; `folder` gets what it finds."""
    found = folder / "found"
    found.mkdir()
    limits = ["-max_len=8192", "-timeout=5"]
    put = [f"-artifact_prefix={folder}/", "-print_final_stats=1"]
    for left in left_of(seconds):
        said = run(program, found, corpus, f"-max_total_time={left}", *limits, *put)
        assert "number_of_executed_units" in said
        yield said


def test_fuzz_check(
    check_main: CheckMain,
    corpus_files: dict[str, Path],
    corpus_folder: Path,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    seconds: int,
) -> None:
    if shutil.which("clang"):
        program = built("fuzz_check", pytestconfig.cache.mkdir("fuzz"))
        assert [*libfuzzer(program, corpus_folder, tmp_path, seconds)]
    else:
        for seed in seeds(seconds):
            check_main.run("random", "50000", seed, *corpus_files.values())


def test_fuzz_native(
    corpus_files: dict[str, Path],
    corpus_folder: Path,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
) -> None:
    """No fault is known of, in the engine or in the kernels behind it."""
    monkeypatch.setenv("ACCEPTED", "1")
    folder, clang = pytestconfig.cache.mkdir("fuzz"), shutil.which("clang") is not None
    program = built("fuzz_native" if clang else "native_main", folder)
    if clang:
        told = [*libfuzzer(program, corpus_folder, tmp_path, seconds)]
    else:
        words = (program, "random", "20000")
        told = [run(*words, seed, *corpus_files.values()) for seed in seeds(seconds)]
    ran = re.findall(r"^tried \d+ passed \d+ made \d+ ran (\d+)$", "\n".join(told), re.MULTILINE)
    assert len(ran) == len(told)
    assert sum(map(int, ran)) > 500


COMPARED = [pytest.param(kernels, marks=pytest.mark.nightly) for kernels in ("tflm", "esp-nn")]


@pytest.mark.parametrize("kernels", ["own", *COMPARED])
def test_fuzz_invoke(
    corpus_files: dict[str, Path],
    pytestconfig: pytest.Config,
    seconds: int,
    kernels: libtflm.Kernels,
) -> None:
    with or_skip():
        variables = libtflm.make_variables(kernels=kernels, extra_flags=SANITIZE)
    folder = pytestconfig.cache.mkdir("fuzz")
    program = built(f"invoke_main-{kernels}", folder, **variables)
    for seed in seeds(seconds):
        said = run(program, "random", "5000", seed, *corpus_files.values(), timeout=300)
        faults = [line for line in said.splitlines() if "runtime error" in line]
        assert [line for line in faults if not KNOWN.search(line)] == []
