"""What a script put in the place of a builtin is nothing that the native module trusts."""

from __future__ import annotations

from pathlib import Path

import pytest

from skips import or_skip
from tinycnn.errors import MissingToolError
from tinycnn.firmware.native import build_native
from tinycnn.firmware.unix import build_unix_stock
from tinycnn.targets import unix

ERRORS = (
    *("IndexError", "MemoryError", "NotImplementedError", "OSError", "OverflowError"),
    *("RuntimeError", "TypeError", "ValueError"),
)
INSTEAD = {
    "a number": "5",
    "a function": "lambda *args: 5",
    "a list": "[1]",
    "a class of the same name": "type(NAME, (Exception,), {})",
    "another of its kind": "KeyError",
}
_SCRIPT = """\
import builtins
NAME = {name!r}
setattr(builtins, NAME, {value})
try:
    import tflm
    print("imported")
    for call, value in (
        (tflm.Arena, -1), (tflm.Interpreter, b"hello"), (tflm.Arena, "x"),
        (tflm.Interpreter, "no such file"), (tflm.Arena, 1 << 60),
    ):
        try:
            call(value)
        except BaseException as error:
            print(type(error).__name__)
except Exception as error:
    print(error)
"""


@pytest.mark.parametrize("value", INSTEAD.values(), ids=INSTEAD)
@pytest.mark.parametrize("name", (*ERRORS, "bytes", "int", "tuple"))
def test_type_that_was_replaced_is_refused(name: str, value: str, tmp_path: Path) -> None:
    said = _run(name, value, tmp_path)
    assert said == ["a builtin was replaced: import tflm before that"]


@pytest.mark.parametrize("name", ["open", "repr"])
@pytest.mark.parametrize("value", ["5", "lambda *args: 5"])
def test_function_that_was_replaced_is_called(name: str, value: str, tmp_path: Path) -> None:
    said = _run(name, value, tmp_path)
    assert said[0] == "imported"
    assert len(said) == 6


def test_nothing_was_replaced(tmp_path: Path) -> None:
    said = _run("KeyError", "5", tmp_path)
    assert said == ["imported", "ValueError", "ModelError", "TypeError", "OSError", "ArenaError"]


def _run(name: str, value: str, folder: Path) -> list[str]:
    with or_skip(MissingToolError):
        stock, module = build_unix_stock(), build_native("x64")
    script = folder / "script.py"
    script.write_text(_SCRIPT.format(name=name, value=value))
    done = unix.run(
        script,
        flash=folder,
        capture=True,
        timeout=60,
        program=stock.path,
        library=module.path.parent,
    )
    assert (done.status, done.stderr) == (0, ""), done
    return done.stdout.splitlines()
