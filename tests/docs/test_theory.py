"""docs/theory.md: what its examples print, and the same by Keras and in MicroPython."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from doc_pages import Fence, fences
from skips import or_skip
from theory_layers import NO_LAYER, Case, Names, cases
from tinycnn._tensorflow import keras
from tinycnn.errors import MissingToolError
from tinycnn.files import ROOT
from tinycnn.targets.targets import Choice, Target, build_target
from tinycnn.tflite.check import check_model
from tinycnn.tflite.ops import profile_set

PAGE = ROOT / "docs" / "theory.md"


@dataclass
class Example:
    name: str
    block: Fence
    told: str
    printed: str
    names: Names


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    """The blocks, run one after the other in one namespace; of which each has a copy."""
    blocks = fences(PAGE.read_text())
    names: dict[str, Any] = {}
    made = []
    for block, after in zip(blocks, [*blocks[1:], Fence("", "", 0)], strict=True):
        if not block.info.startswith("python example"):
            continue
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(block.text, f"{PAGE.name}:{block.line}", "exec"), names)
        told = after.text if after.info == "text" else ""
        name = block.info.removeprefix("python example").strip()
        made.append(Example(name, block, told, printed.getvalue(), dict(names)))
    return made


@pytest.fixture(scope="module")
def made(examples: list[Example]) -> dict[str, Case]:
    """Every case, by its example's name and its number there."""
    table = cases()
    return {
        f"{each.name}{number}": case(each.names)
        for each in examples
        for number, case in enumerate(table.get(each.name, []))
    }


def test_examples_print_what_the_page_says(examples: list[Example]) -> None:
    for example in examples:
        assert example.printed == example.told, f"{PAGE.name}:{example.block.line}"


def test_each_example_is_a_layer_or_said_to_be_none(examples: list[Example]) -> None:
    assert {each.name for each in examples if each.name} == set(cases()) | NO_LAYER


def test_keras_gives_the_same(made: dict[str, Case]) -> None:
    compared = {name: case for name, case in made.items() if case.keras is not None}
    assert set(made) - set(compared) == {"quantize0", "quantize1"}
    for name, case in compared.items():
        page = case.real(np.asarray(case.wanted, np.float64))
        assert case.keras is not None
        apart = np.abs(page.ravel() - case.keras.ravel())
        assert apart.shape == (page.size,) and apart.max() <= case.near, name


def test_parameters_are_those_of_keras(examples: list[Example]) -> None:
    (names,) = (each.names for each in examples if each.name == "parameters")
    layers = keras().layers
    model = keras().Sequential([
        keras().Input((8, 8, 1)), layers.Conv2D(8, 3), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dense(10),
    ])  # fmt: skip
    counts = [each.count_params() for each in model.layers]
    assert counts == [names["conv"], names["pool"], 0, names["dense"]]


SCRIPT = """
import sys
from binascii import hexlify
import tflm

for name in sys.argv[1:]:
    interpreter = tflm.Interpreter(name + ".tflite")
    with open(name + ".bin", "rb") as file:
        file.readinto(interpreter.inputs[0])
    interpreter.invoke()
    print(name, hexlify(interpreter.outputs[0]).decode())
"""


@pytest.fixture(scope="module")
def device() -> Target:
    """With every op, since SUM is not among the common ones; the engine is ours."""
    with or_skip(MissingToolError):
        return build_target("unix", Choice(ops=profile_set("all")))


def test_micropython_gives_the_same(made: dict[str, Case], device: Target, tmp_path: Path) -> None:
    for name, case in made.items():
        check_model(case.model)
        whole = case.given.dtype == np.int8
        given = case.given if whole else case.given.astype(np.float32)
        (tmp_path / f"{name}.tflite").write_bytes(case.model)
        (tmp_path / f"{name}.bin").write_bytes(given.tobytes())
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = device.run(script, list(made), flash=tmp_path, capture=True, timeout=60)
    assert (done.status, done.stderr) == (0, "")
    printed = dict(line.split() for line in done.stdout.splitlines())
    for name, case in made.items():
        data = bytes.fromhex(printed[name])
        if len(data) == case.wanted.size:
            got = np.frombuffer(data, np.int8)
            assert got.tolist() == case.wanted.ravel().tolist(), name
        else:
            got = np.frombuffer(data, np.float32)
            assert np.abs(got - case.wanted.ravel()).max() <= 1e-5, name
