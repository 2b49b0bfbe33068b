"""A minute of fuzzing the check; long runs are in docs/model_check.md.

Without clang the same target runs on random changes of the corpus, built by gcc.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from check_program import CheckMain, built

SECONDS = 60


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
