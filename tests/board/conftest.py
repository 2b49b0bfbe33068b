"""A board with stock firmware, and the native modules that it is brought."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from native_there import DIGITS
from pty_board import PtyBoard, plugged_in
from skips import or_skip
from tinycnn.errors import MissingToolError
from tinycnn.firmware.native import NativeModule, build_native
from tinycnn.firmware.unix import build_unix_stock
from tinycnn.tflite.native import native_ops


@pytest.fixture(scope="session")
def whole() -> NativeModule:
    with or_skip(MissingToolError):
        return build_native("x64")


@pytest.fixture(scope="session")
def part() -> NativeModule:
    """With the ops of the digits."""
    with or_skip(MissingToolError):
        return build_native("x64", ops=native_ops({DIGITS: DIGITS.read_bytes()}))


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[PtyBoard]:
    with or_skip(MissingToolError):
        program = build_unix_stock()
    with plugged_in(program.path, tmp_path / "flash.bin", blocks=512) as board:
        yield board
