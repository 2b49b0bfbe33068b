"""Which port, and why it cannot be opened."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial

from host_helpers import Command, assert_one_line_error
from tinycnn.board.ports import cannot_open, choose_port, find_ports, has_reset_line


@pytest.fixture(params=[["doctor"], ["deploy"], ["flash", "--yes"]], ids=lambda words: words[0])
def words(request: pytest.FixtureRequest) -> list[str]:
    """Each verb that needs a board, as it is typed."""
    return request.param


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch):
    """`plug(("/dev/ttyUSB0", 0x10C4), ...)`: what USB has; there is no USB here."""

    def plugged(*ports: tuple[str, int | None]) -> None:
        found = [
            SimpleNamespace(device=device, vid=vid, pid=0xEA60, manufacturer="Somebody")
            for device, vid in ports
        ]
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)

    return plugged


@pytest.fixture
def terminal():
    """A free serial port that nobody listens at."""
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(slave)
    os.close(master)


def test_the_only_board_is_chosen(plug) -> None:
    plug(("/dev/ttyS0", None), ("/dev/ttyACM1", 0x2341), ("/dev/ttyUSB0", 0x10C4))
    assert choose_port(None) == "/dev/ttyUSB0"
    assert [str(port) for port in find_ports()] == [
        "/dev/ttyUSB0 (Silicon Labs CP210x, 10C4:EA60)"
    ]
    plug(("/dev/ttyACM1", 0x2341))
    assert choose_port(None) == "/dev/ttyACM1"


def test_no_board(command: Command, plug, words: list[str]) -> None:
    plug(("/dev/ttyS0", None))
    assert_one_line_error(command(*words), "no board found", "--port")


def test_two_boards_are_listed(command: Command, plug, words: list[str]) -> None:
    plug(("/dev/ttyUSB0", 0x10C4), ("/dev/ttyACM0", 0x303A))
    outcome = command(*words)
    assert_one_line_error(outcome, "2 boards", "--port", "/dev/ttyUSB0 (", "/dev/ttyACM0 (")


def test_port_that_is_not_there(command: Command, words: list[str]) -> None:
    outcome = command(*words, "--port", "/dev/ttyUSB77")
    assert_one_line_error(outcome, "there is no port /dev/ttyUSB77", "tinycnn doctor")


def test_busy_port(command: Command, terminal: str, words: list[str]) -> None:
    with serial.serial_for_url(terminal, exclusive=True):
        outcome = command(*words, "--port", terminal)
    assert_one_line_error(outcome, f"{terminal} is busy", "close that first")


def test_busy_port_names_who_has_it(terminal: str) -> None:
    holder = (
        "import serial, sys; port = serial.serial_for_url(sys.argv[1], exclusive=True)\n"
        "print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, terminal], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        error = cannot_open(terminal)
        process.communicate()
    assert f"(process {process.pid}) has it open" in str(error)


def test_permission_denied_names_the_group(
    command: Command, terminal: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # root, as whom tests may run, is refused nothing.
    def refused(port: serial.Serial) -> None:
        raise serial.SerialException(errno.EACCES, f"could not open port {port.port}")

    monkeypatch.setattr(serial.Serial, "open", refused)
    outcome = command(*words, "--port", terminal)
    group = Path(terminal).group()
    assert_one_line_error(outcome, "no permission", f"sudo usermod -aG {group} $USER")


def test_nobody_at_a_socket(command: Command, words: list[str]) -> None:
    outcome = command(*words, "--port", "socket://127.0.0.1:9")
    assert_one_line_error(outcome, "nobody answers at socket://127.0.0.1:9")


@pytest.mark.parametrize(
    ("port", "why"),
    [
        ("", "--port names no port"),
        ("/dev/null", "name a serial port"),
        ("/", "name a serial port"),
    ],
)
def test_port_that_is_none(command: Command, words: list[str], port: str, why: str) -> None:
    assert_one_line_error(command(*words, "--port", port), why)


def test_url_that_is_none(command: Command, words: list[str]) -> None:
    outcome = command(*words, "--port", "sockets://127.0.0.1:9")
    assert_one_line_error(outcome, "cannot open sockets://127.0.0.1:9")


def test_which_ports_have_a_reset_line() -> None:
    assert has_reset_line("/dev/ttyUSB0")
    assert has_reset_line("COM3")
    assert has_reset_line("rfc2217://boards:4000")
    assert not has_reset_line("socket://127.0.0.1:5571")
    assert not has_reset_line("/dev/pts/3")
