"""A release of tflm.mpy: what lies where, and what is read of one."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from host_helpers import Command, snapshot
from skips import or_skip
from tinycnn import __version__
from tinycnn.errors import BuildError, MissingToolError, UserError
from tinycnn.files import ROOT
from tinycnn.firmware.mpy import ABI, Kind, kind_of, kind_of_file
from tinycnn.firmware.native import ARCHES, NativeModule, build_native
from tinycnn.firmware.release import INDEX, find_released, write_release
from tinycnn.tflite.ops import native_set

C3 = Kind("rv32imc", ABI)
CODE = b"M\x06\x2f\x1f and code"  # 0x2f: rv32imc is 11, and ABI .3


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Of a file that begins as one for a C3."""
    path = tmp_path / "tflm.mpy"
    path.write_bytes(CODE)
    module = NativeModule("rv32imc", path, len(CODE), frozenset({"ADD", "CONV_2D"}))
    return write_release(tmp_path / "release", [module]).parent


def test_what_is_laid_out(command: Command, tmp_path: Path) -> None:
    with or_skip(MissingToolError):
        built = build_native("x64")
    folder = tmp_path / "release"
    done = command("firmware", "native", "--arch", "x64", "--output", folder)
    assert (done.status, done.out.splitlines()[-1]) == (0, str(folder / INDEX))
    files = snapshot(folder)
    assert set(files) == {INDEX, "x64_6.3/tflm.mpy", "x64_6.3/package.json"}
    data = files["x64_6.3/tflm.mpy"]
    assert data == built.path.read_bytes()
    assert json.loads(files[INDEX]) == {
        "version": __version__,
        "micropython": ">=1.24",
        "modules": {
            "x64_6.3": {
                "arch": "x64",
                "abi": "6.3",
                "size": built.size,
                "sha256": hashlib.sha256(data).hexdigest(),
                "ops": sorted(native_set().names),
            }
        },
    }


def test_nothing_is_laid_out_unless_all_that_was_asked_for_is_built(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with or_skip(MissingToolError):
        build_native("x64")
    monkeypatch.setattr("tinycnn.firmware.native.shutil.which", lambda program: None)
    words = ["--arch", "x64", "--arch", "xtensawin", "--output", tmp_path / "release"]
    done = command("firmware", "native", *words)
    assert (done.status, "xtensa-esp32-elf-gcc is missing" in done.err) == (2, True)
    assert not (tmp_path / "release").exists()


def test_the_file_says_for_whom_it_is(tmp_path: Path) -> None:
    with or_skip(MissingToolError):
        built = build_native("x64")
    assert kind_of_file(built.path.read_bytes()) == Kind("x64", ABI) == kind_of(0x0B06)
    assert kind_of_file(b"M\x06") is kind_of_file(b"PK\x06\x2f") is None
    assert (kind_of(6 | 2 << 8).arch, kind_of(14 << 10).arch) == ("", "")
    with pytest.raises(BuildError, match=r"is for x64, ABI 6.3, not for rv32imc"):
        write_release(tmp_path, [NativeModule("rv32imc", built.path, 1, frozenset())])


def test_found_in_a_release(release: Path) -> None:
    assert find_released(release, C3).read_bytes() == CODE
    with pytest.raises(UserError, match=r"no tflm.mpy for xtensawin, ABI 6.3, only rv32imc_6.3"):
        find_released(release, Kind("xtensawin", ABI))
    with pytest.raises(UserError, match=r"for rv32imc, ABI 6.2, only"):
        find_released(release, Kind("rv32imc", (6, 2)))


def test_file_that_was_changed_on_its_way(release: Path) -> None:
    (release / C3.folder / "tflm.mpy").write_bytes(CODE + b"!")
    with pytest.raises(UserError, match=r"is not what .*index.json says: download both again"):
        find_released(release, C3)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"modules": 1}', '{"modules": {"a": 1}}', "[" * 5000, "\0"]
)
def test_index_that_is_none(release: Path, text: str) -> None:
    (release / INDEX).write_text(text)
    with pytest.raises(UserError, match=r"index.json is no index of a release"):
        find_released(release, C3)


def test_folder_that_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*index.json: No such file"):
        find_released(tmp_path, C3)


def test_workflow_builds_each_architecture() -> None:
    """With --arch each must be built, or the job fails."""
    (line,) = re.findall(
        r"native\n +((?:--arch \w+ )+)--output",
        (ROOT / ".github" / "workflows" / "firmware.yml").read_text(),
    )
    assert set(line.split()) - {"--arch"} == set(ARCHES)
