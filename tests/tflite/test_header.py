"""The C header: compiles in C and C++, and holds the model."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_helpers import Pipeline
from tinycnn.tflite.c_header import PER_LINE, c_header

PROGRAM = """
#include "{name}.h"
#include "{name}.h"
#include <stdint.h>
#include <stdio.h>
int main(void) {{
  if ((uintptr_t){name} % 4 != 0 || __alignof__({name}) < 4) return 1;
  if (sizeof {name} != {name}_len) return 2;
  return fwrite({name}, 1, {name}_len, stdout) == {name}_len ? 0 : 3;
}}
"""


@pytest.mark.parametrize(
    ("compiler", "standard"), [("gcc", "c99"), ("gcc", "c11"), ("g++", "c++17")]
)
@pytest.mark.parametrize("name", ["model_float32", "model_int8"])
def test_header_compiles_and_holds_the_model(
    name: str, compiler: str, standard: str, quick_pipeline: Pipeline, tmp_path: Path
) -> None:
    assert shutil.which(compiler), f"{compiler} is needed, as for the simulator"
    models = quick_pipeline.build / "models"
    source = tmp_path / ("main.c" if compiler == "gcc" else "main.cpp")
    source.write_text(PROGRAM.format(name=name))
    strict = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run(
        [compiler, f"-std={standard}", *strict, f"-I{models}", source, "-o", tmp_path / "main"],
        check=True,
    )
    held = subprocess.run([tmp_path / "main"], check=True, capture_output=True).stdout
    assert held == (models / f"{name}.tflite").read_bytes()


@given(st.binary(min_size=1, max_size=100))
def test_header_lists_every_byte_twelve_a_line(data: bytes) -> None:
    text = c_header(data, "model")
    lines = [re.findall(r"0x([0-9a-f]{2})\b", line) for line in text.splitlines()]
    assert bytes.fromhex("".join(value for line in lines for value in line)) == data
    assert [len(line) for line in lines if line][:-1] == [PER_LINE] * ((len(data) - 1) // PER_LINE)
    assert f"model_len = {len(data)};" in text


@pytest.mark.parametrize("name", ["", "9lives", "a-b", "x y"])
def test_header_name_must_be_an_identifier(name: str) -> None:
    with pytest.raises(ValueError, match="not a C identifier"):
        c_header(b"x", name)


def test_header_of_nothing() -> None:
    with pytest.raises(ValueError, match="no data"):
        c_header(b"", "model")
