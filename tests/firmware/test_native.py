"""The native module's build: for whom it is, what is in it, and what is said when it cannot be."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from host_helpers import Command
from skips import or_skip
from tinycnn.cli.targets import ArchName
from tinycnn.errors import MissingToolError, UserError
from tinycnn.files import ROOT
from tinycnn.firmware.native import ARCHES, FIRMWARE_BUILD, build_native
from tinycnn.firmware.sources import cache_root
from tinycnn.tflite.ops import native_set, offered

DIGITS = ROOT / "device" / "digits.tflite"
NUMBERS = {"x64": 2, "armv6m": 4, "armv7emsp": 7, "xtensawin": 10, "rv32imc": 11}
"""Of the architectures, in the third byte of a .mpy."""


def test_each_has_its_name() -> None:
    assert [*ArchName] == [*ARCHES]
    assert {*NUMBERS} == {*ARCHES}


@pytest.mark.parametrize("arch", ARCHES)
def test_built(arch: str) -> None:
    with or_skip(MissingToolError):
        built = build_native(arch)
    data = built.path.read_bytes()
    assert built.size == len(data)
    assert data[:2] == b"M\x06"
    assert data[2] >> 2 == NUMBERS[arch]
    for place in (ROOT, cache_root()):
        assert str(place).encode() not in data


FRAME = 512
"""Bytes: half of what MicroPython leaves on an ESP32 below where it checks the stack."""

CHECKED = {"load_model", "tflm_make_engine", "check_with_variables"}
"""Behind tflm_need_stack()."""


@pytest.mark.parametrize("arch", sorted(set(ARCHES) - {"x64"}))
def test_large_frames_are_where_the_stack_was_checked(arch: str) -> None:
    """Interpreter() overflowed the stack of an ESP32-C3 where it had to raise RuntimeError."""
    with or_skip(MissingToolError):
        built = build_native(arch)
    frames = {}
    for path in (built.path.parent / "objects").glob("*.su"):
        for line in path.read_text().splitlines():
            function, size, _ = line.split("\t")
            frames[function.rpartition(":")[2].partition(".")[0]] = int(size)
    assert "tflm_interpreter_make_new" in frames
    assert {name for name, size in frames.items() if size > FRAME} <= CHECKED


def test_with_a_models_ops_it_is_smaller() -> None:
    with or_skip(MissingToolError):
        whole = build_native("x64")
        part = build_native("x64", ops=native_set(["CONV_2D", "FULLY_CONNECTED"], "it"))
    assert part.size < whole.size
    assert build_native("x64").path == whole.path


def test_ops_that_it_has_not_are_named() -> None:
    with pytest.raises(UserError, match="it needs SIGN, TANH, which the native module has not"):
        native_set(["TANH", "SIGN", "ADD"], "it")
    assert native_set().names == {name for name, op in offered().items() if op.native != "none"}


def test_missing_compiler_is_one_line(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with or_skip(MissingToolError):
        build_native("x64")
    for program in ("gcc", "as", "ld"):
        (tmp_path / program).symlink_to(shutil.which(program) or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = command("firmware", "native")
    assert done.status == 0
    assert re.fullmatch(r"x64 [\d,]+ bytes: .*tflm\.mpy\n", done.out)
    assert "rv32imc: riscv64-unknown-elf-gcc is missing: install it" in done.err
    for arch in ("armv6m", "armv7emsp"):
        missing = f"{arch}: arm-none-eabi-gcc is missing: install it"
        assert f"{missing} (Debian: apt install gcc-arm-none-eabi)" in done.err
    assert "xtensawin: xtensa-esp32-elf-gcc is missing: it comes with ESP-IDF" in done.err
    done = command("firmware", "native", "--arch", "xtensawin")
    assert done.status == 2
    assert done.err.count("\n") == 1


def test_model_that_it_does_not_run_is_named(command: Command, tmp_path: Path) -> None:
    model = tmp_path / "no.tflite"
    model.write_bytes(b"no model")
    done = command("firmware", "native", "--arch", "x64", "--ops-from", model)
    assert done.status == 2
    assert str(model) in done.err


def test_constants_alone() -> None:
    """What changes is in mpy_state: the linker of native modules loses other variables."""
    variable = re.compile(
        r"^(?:static )?(?!const\b|typedef\b|extern\b)\w[\w ]*\*?\w+(?:\[\])? =", re.M
    )
    for room in ("native", "native/mpy", "kernels", "model"):
        for path in sorted((FIRMWARE_BUILD / room).glob("*.c")):
            found = [line for line in variable.findall(path.read_text()) if "const" not in line]
            assert found == [], path.name
