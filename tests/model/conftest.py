"""The corpus, and model_check() as a program with sanitizers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from check_program import HERE, ROOT, CheckMain, built


@pytest.fixture(scope="session")
def check_main() -> CheckMain:
    return CheckMain(built("check_main"))


@pytest.fixture(scope="session")
def corpus() -> list[Path]:
    """Every model of make_corpus.py. Conversion happens apart: TensorFlow warns a lot."""
    folder = ROOT / "build" / "corpus"
    subprocess.run([sys.executable, HERE / "make_corpus.py", folder], check=True)
    return sorted(folder.glob("*.tflite"))
