"""What this machine is set to does not leak in: Keras, matplotlib, the terminal, the disk."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinycnn import __version__

ROOT = Path(__file__).resolve().parents[2]


def python(program: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_keras_is_set_as_our_networks_want_it(tmp_path: Path) -> None:
    strange = {
        "backend": "jax",
        "image_data_format": "channels_first",
        "floatx": "float16",
        "epsilon": 0.5,
        "dtype_policy": "mixed_float16",
    }
    (tmp_path / "keras.json").write_text(json.dumps(strange))
    program = """
from tinycnn._tensorflow import keras
config = keras().config
print(config.backend(), config.image_data_format(), config.floatx(), config.epsilon(),
      config.dtype_policy().name)
"""
    done = python(
        program,
        tmp_path,
        KERAS_HOME=str(tmp_path),
        KERAS_BACKEND="torch",
        TF_USE_LEGACY_KERAS="1",
        XLA_FLAGS="--no_such_flag",
    )
    assert done.stdout.split() == ["tensorflow", "channels_last", "float32", "1e-07", "float32"]


def test_pictures_are_the_same_whatever_matplotlibrc_says(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(
        "savefig.format: pdf\nfont.size: 40\naxes.facecolor: red\nbackend: TkAgg\n"
    )
    program = """
import hashlib
from tinycnn.report import pictures
from matplotlib.figure import Figure
figure = Figure(figsize=(2, 2))
figure.add_subplot().set_title("title")
data = pictures.png(figure)
print(data[:4], hashlib.sha256(data).hexdigest())
"""
    plain = python(program, ROOT).stdout
    assert plain.startswith(r"b'\x89PNG'")
    assert python(program, tmp_path).stdout == plain


def tinycnn(*words: str) -> str:
    return f"import sys; sys.argv = {['tinycnn', *words]!r}; from tinycnn.cli import main; main()"


def test_terminal_of_ascii_gets_a_question_mark(tmp_path: Path) -> None:
    program = """
import sys
from rich.console import Console
from tinycnn.cli import app, main

@app.command()
def tell() -> None:
    Console().print("5 µs")

sys.argv = ["tinycnn", "tell"]
main()
"""
    done = python(program, tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout, done.stderr) == (0, "5 ?s\n", "")


@pytest.mark.parametrize("verb", ["--help", "doctor --help"])
def test_disk_that_is_full_is_one_line(verb: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", tinycnn(*verb.split())],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith("tinycnn: No space left on device")


def test_reader_that_goes_away_is_no_traceback() -> None:
    program = tinycnn("--help")
    line = f"{sys.executable} -c {program!r} | true"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_other_python_is_named_before_anything_is_installed(tmp_path: Path) -> None:
    old = tmp_path / "python3.10"
    old.write_text('#!/bin/sh\ntest "$1" = -c && exit 1\necho called >> calls\n')
    old.chmod(0o755)
    for name in ("Makefile", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        ["make", "check", f"PYTHON={old}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "needs Python 3.11, 3.12 or 3.13" in done.stdout
    assert not (tmp_path / "calls").exists()


def test_without_standard_output_it_does_its_work(tmp_path: Path) -> None:
    """A shell's `>&-`: and what is wrong is told still."""
    for words, status, told in (
        ("check device/digits.tflite", 0, ""),
        ("check nofile", 2, "tinycnn: cannot read nofile: No such file or directory\n"),
    ):
        line = f"{shlex.quote(sys.executable)} -m tinycnn {words} >&-"
        done = subprocess.run(
            line, shell=True, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (status, told)


def test_memory_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    x = np.zeros((4000, 200, 200), np.uint8)
    x[0, 0, 0] = 9
    np.savez_compressed(tmp_path / "large.npz", x=x, y=np.arange(4000) % 3)
    limit = 'ulimit -v 700000; exec "$@"'
    words = [sys.executable, "-m", "tinycnn", "train", "--data", tmp_path / "large.npz"]
    done = subprocess.run(
        ["sh", "-c", limit, "sh", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("tinycnn: out of memory (Unable to allocate ")
    assert done.stderr.count("\n") == 1


def test_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tinycnn", "--version"], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == (f"tinycnn {__version__}\n", "")
