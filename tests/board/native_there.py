"""What lies on a board with stock firmware: a native module, or something in its place."""

from __future__ import annotations

import hashlib

from pty_board import PtyBoard
from tinycnn.board.deploy import board_digests, sync
from tinycnn.board.repl import connect
from tinycnn.files import ROOT
from tinycnn.firmware.native import NativeModule

WITHOUT = "since this firmware has no tflm module"
DIGITS = ROOT / "device" / "digits.tflite"


def put(board: PtyBoard, name: str, data: bytes) -> None:
    with connect(board.port) as repl:
        if name.startswith("/flash/lib/"):
            repl.run("import os\nos.mkdir('/flash/lib')")
        sync(repl, {name: data})


def there(board: PtyBoard, name: str) -> str:
    """Its SHA-256."""
    with connect(board.port) as repl:
        return board_digests(repl, [name])[name]


def sha256(module: NativeModule) -> str:
    return hashlib.sha256(module.path.read_bytes()).hexdigest()
