"""`tflm` in somebody's own build of MicroPython: docs/integrate.md's one line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from skips import or_skip
from tinycnn.errors import BuildError, SourceError
from tinycnn.files import ROOT
from tinycnn.firmware.fetch import fetch

DEVICE = ROOT / "device"

# What upstream's unix port takes from submodules, which not everybody has fetched.
WITHOUT = (
    "MICROPY_PY_BTREE=0",
    "MICROPY_PY_FFI=0",
    "MICROPY_PY_SSL=0",
    "MICROPY_SSL_MBEDTLS=0",
    "MICROPY_PY_BLUETOOTH=0",
    "FROZEN_MANIFEST=",
)


@pytest.fixture(scope="module")
def port() -> Path:
    with or_skip(SourceError):
        return fetch("micropython").path / "ports" / "unix"


def make(port: Path, build: Path, *words: str) -> subprocess.CompletedProcess[str]:
    ours = f"USER_C_MODULES={ROOT / 'firmware_build'}"
    line = ["make", f"--directory={port}", ours, f"BUILD={build}", *WITHOUT, *words]
    return subprocess.run(line, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("given", [None, "nothing"])
def test_what_is_missing_is_one_line(port: Path, tmp_path: Path, given: str | None) -> None:
    folder = tmp_path / "nothing"
    done = make(port, tmp_path / "build", *([] if given is None else [f"TFLM_DIR={folder}"]))
    why = "TFLM_DIR is missing" if given is None else f"TFLM_DIR={folder} is no checkout"
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and f"*** tflm: {why}" in line
    assert "esp-tflite-micro" in line and "TFLM_ENGINE=hosted" in line
    assert make(port, tmp_path / "build", "clean").returncode == 0


@pytest.mark.slow
@pytest.mark.nightly
def test_library_is_built_with_the_port(port: Path, tmp_path: Path) -> None:
    """By its compilers and for its machine: the program, TFLM in it, classifies."""
    with or_skip(SourceError, BuildError):
        tflm = fetch("esp-tflite-micro").path
    made = make(port, tmp_path / "build", "-j2", f"TFLM_DIR={tflm}")
    assert made.returncode == 0, made.stderr
    told = subprocess.run(
        [tmp_path / "build" / "micropython", "classify.py"],
        cwd=DEVICE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\n8 of 8 right\n" in told.stdout
