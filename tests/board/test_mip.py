"""A release of tflm.mpy is what mip installs: mpremote's onto a board, and a board's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pty_board import plugged_in
from skips import or_skip
from tinycnn.board.repl import connect
from tinycnn.errors import MissingToolError
from tinycnn.firmware.fetch import fetch
from tinycnn.firmware.native import build_native
from tinycnn.firmware.port import Program
from tinycnn.firmware.release import write_release
from tinycnn.firmware.unix import build_unix_stock

MPREMOTE = [sys.executable, "-m", "mpremote"]
FOLDER = "x64_6.3"
ENGINE = "import tflm; print(tflm.engine)"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture(scope="module")
def stock() -> Program:
    with or_skip(MissingToolError):
        return build_unix_stock()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where a server of this machine has a release."""
    with or_skip(MissingToolError):
        built = build_native("x64")
    release = write_release(tmp_path / "release", [built]).parent
    serve = partial(Quiet, directory=str(release))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_mpremote_installs_it(stock: Program, address: str, tmp_path: Path) -> None:
    with plugged_in(stock.path, tmp_path / "flash.bin", blocks=512) as board:
        done = subprocess.run(
            [*MPREMOTE, "connect", board.port, "mip", "install", f"{address}/{FOLDER}"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "no_proxy": "*"},
        )
        assert done.returncode == 0, done
        assert "Installing: /flash/lib/tflm.mpy" in done.stdout
        with connect(board.port) as repl:
            assert repl.run(ENGINE).strip() == "native"


def test_a_board_installs_it(stock: Program, address: str, tmp_path: Path) -> None:
    """By micropython-lib's own mip, which a firmware with a network has frozen in."""
    with or_skip():
        library = fetch("micropython-lib").path
    there = tmp_path / "lib"
    for package in ("micropython/mip/mip", "python-ecosys/requests/requests"):
        shutil.copytree(library / package, there / Path(package).name)
    script = tmp_path / "install.py"
    script.write_text(f"import mip\nmip.install('{address}/{FOLDER}')\n{ENGINE}\n")
    done = subprocess.run(
        [stock.path, script],
        capture_output=True,
        text=True,
        check=False,
        env={"MICROPYPATH": str(there)},
    )
    assert done.stdout.splitlines()[-2:] == ["Done", "native"], done
    assert (there / "tflm.mpy").is_file()
