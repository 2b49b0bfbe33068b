"""What docs/native.md states of the native module is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doc_pages import section
from skips import or_skip
from test_facts import names, page, rows
from tinycnn.errors import MissingToolError
from tinycnn.files import ROOT
from tinycnn.firmware.fetch import fetch
from tinycnn.firmware.mpy import ABI, OLDEST, dotted, kind_of, native_for
from tinycnn.firmware.native import ARCHES
from tinycnn.firmware.unix import build_unix_stock
from tinycnn.targets import unix
from tinycnn.tflite.ops import native_set

PAGE = page("docs/native.md")

RAISED = {
    "ImportError: no module named 'tflm'": b"",
    "ValueError: incompatible .mpy arch": b"M\x06\x2b\x1f",  # an ESP32's
    "ValueError: incompatible .mpy file": b"M\x06\x0a\x1f",  # x64, ABI 6.2
}
"""By a tflm.mpy that begins so."""

ELSEWHERE = {
    "ValueError: native code in .mpy unsupported": "py/persistentcode.c",
    "MemoryError: memory allocation failed, allocating N bytes": "py/runtime.c",
}
OURS = f"RuntimeError: tflm needs MicroPython {dotted(OLDEST)}"


def test_architectures() -> None:
    written = {names(row[0]).pop(): row[2].split(", ") for row in rows(PAGE, "architecture")}
    assert set(written) == set(ARCHES)
    for arch, numbers in written.items():
        for number in numbers:
            assert native_for(kind_of(int(number) << 10)).arch == arch
    assert (
        f"MicroPython {dotted(OLDEST)} or newer, whose native modules have ABI {dotted(ABI)}"
        in (" ".join(PAGE.split()))
    )
    assert f"xtensawin_{dotted(ABI)}/tflm.mpy" in PAGE


def test_ops() -> None:
    listed = section(PAGE, "Which ops").strip().partition("\n\n")[0]
    assert listed.replace("\n", " ").split(", ") == sorted(native_set().names)


def test_every_word_is_tested() -> None:
    written = {names(row[0]).pop() for row in rows(PAGE, "it says")}
    assert written == {*RAISED, *ELSEWHERE, OURS}


@pytest.mark.parametrize("words", RAISED)
def test_words_that_an_import_raises(words: str, tmp_path: Path) -> None:
    with or_skip(MissingToolError):
        stock = build_unix_stock()
    if RAISED[words]:
        (tmp_path / "tflm.mpy").write_bytes(RAISED[words])
    script = tmp_path / "script.py"
    script.write_text("import tflm\n")
    done = unix.run(script, flash=tmp_path, capture=True, timeout=60, program=stock.path)
    assert (done.stdout + done.stderr).splitlines()[-1] == words


@pytest.mark.parametrize("words", ELSEWHERE)
def test_words_that_no_import_here_raises(words: str) -> None:
    with or_skip():
        source = (fetch("micropython").path / ELSEWHERE[words]).read_text()
    number = '(" SIZE_FMT "|%u)'  # from 1.27 on; before
    said = re.escape(words.partition(": ")[2]).replace("N", number)
    assert re.search(f'"{said}"', source)


def test_words_of_the_module_itself() -> None:
    source = (ROOT / "firmware_build" / "native" / "mpy" / "mpy_module.c").read_text()
    assert f'"{OURS.partition(": ")[2]}"' in source
