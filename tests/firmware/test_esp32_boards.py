"""The table of boards: what it says is what their folders, MicroPython and ESP-IDF say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from commandline import tinycnn
from skips import or_skip
from tinycnn.errors import SourceError, UserError
from tinycnn.firmware.esp32.boards import BOARDS, Board, board_named
from tinycnn.firmware.esp32.build import PROJECT
from tinycnn.firmware.fetch import fetch

each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)


@pytest.fixture(scope="module")
def port() -> Path:
    """MicroPython's for ESP32 chips."""
    with or_skip():
        return fetch("micropython").path / "ports" / "esp32"


def fragments(board: Board, port: Path) -> str:
    """What the board's .cmake files say, those of upstream that they include too."""
    text = (PROJECT / "boards" / board.name / "mpconfigboard.cmake").read_text()
    included = re.findall(r"include\(\$\{MICROPY_PORT_DIR\}/(.+)\)", text)
    with or_skip():
        tree = fetch("micropython")
        if tree.origin == "debian" and not all((port / name).is_file() for name in included):
            raise SourceError(f"MicroPython {tree.version} lacks this: tinycnn firmware fetch")
    return "".join([text, *((port / name).read_text() for name in included)])


@each_board
def test_folder_takes_over_a_board_of_upstreams(board: Board, port: Path) -> None:
    told = fragments(board, port)
    assert set(re.findall(r"set\(IDF_TARGET (\w+)\)", told)) == {board.target}
    head = (PROJECT / "boards" / board.name / "mpconfigboard.h").read_text()
    (theirs,) = re.findall(r'#include "(.+)"', head)
    assert Path(theirs).parent.name in told
    name = re.search(r"^#define MICROPY_HW_MCU_NAME +(.+)$", (port / theirs).read_text(), re.M)
    assert name is not None or board.chip == "ESP32"
    assert name is None or name[1] == f'"{board.chip.replace("-", "")}"'


@each_board
def test_memory_and_clock_are_those_of_upstreams_settings(board: Board, port: Path) -> None:
    told = fragments(board, port)
    names = re.findall(r"boards/\S*sdkconfig\.\w+", told)
    config = "".join((port / name).read_text() for name in names)
    assert ("CONFIG_SPIRAM=y" in config) == (board.psram != "none")
    if "CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ=" in config:  # else it is ESP-IDF's default
        assert f"CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ={board.mhz}\n" in config
    number = r"\n.*\((\d+) \* 1024\)\n"
    sizes = re.search(
        rf"#if CONFIG_IDF_TARGET_ESP32{number}#elif .*{number}#else{number}",
        (port / "mpconfigport.h").read_text(),
    )
    assert sizes is not None
    assert board.heap == int(sizes[1 if board.chip == "ESP32" else 3]) << 10


def test_board_that_there_is_not() -> None:
    with pytest.raises(UserError, match=r"^no board ESP32_C2: there are ESP32, ESP32_SPIRAM, "):
        board_named("ESP32_C2")
    done = tinycnn("firmware", "build", "--board", "ESP32_C2")
    assert done.returncode == 2
    assert done.stderr.startswith("tinycnn: no board ESP32_C2: there are ESP32, ")
    assert done.stderr.count("\n") == 1
