"""Every talk with a board ends: in time, in length, in one line that says what to do."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_helpers import Command, assert_one_line_error
from odd_board import odd_board
from tinycnn.board import answers, line
from tinycnn.board.loader import NoLoaderError
from tinycnn.board.repl import LostError, connect
from tinycnn.errors import TargetError
from tinycnn.targets.serial_script import SerialScript

ANSWERS = {
    "nothing": '""',
    "None": '"None"',
    "another number": '"5"',
    "a list of other things": '"[[1, 2, 3], 4]"',
    "no hashable key": '"{[]: 1}"',
    "too deep": '"[" * 5000',
    "too many digits": '"9" * 5000',
    "negative sizes": "repr({'version': 'v', 'machine': 'm', 'files': (-1, -4), 'heap': -3})",
    "text for sizes": "repr({'version': 'v', 'machine': 'm', 'files': ('a', 'b'), 'heap': ''})",
    "numbers for text": "repr({'version': 1, 'machine': 2, 'files': (1, 4), 'heap': 3})",
    "less than was asked": "repr({'version': 'v'})",
    "half of tflm": "repr({'version': 'v', 'machine': '', 'files': (1, 1), 'heap': 3, 'tflm': 1})",
    "no UTF-8": r'b"\xff\xfe\x80"',
    "control characters": r'"\x00\x07\x1b[2J\x1b]0;title\x07"',
    "10,000 characters": '"[red]" * 2000',
}

ENDLESS = {
    "silent": "time.sleep(60)",
    "prints without pause": "while True: say('tick ' * 50)",
    "a byte a second": "while True: say('x'); time.sleep(1)",
    "echoes": "while True: say(os.read(0, 4096))",
}


@pytest.fixture
def no_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chip that does not answer esptool: there is none, and it takes 15 s to say so."""

    def refused(port: str) -> None:
        raise NoLoaderError(f"no ESP32 chip answers on {port}", "try")

    monkeypatch.setattr("tinycnn.board.doctor.connect_loader", refused)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_answer_that_was_not_asked_for(command: Command, no_loader: None, answer: str) -> None:
    with odd_board(f"raw(lambda code: {answer})") as port:
        refused = command("deploy", "--port", port)
        looked = command("doctor", "--port", port)
    wrong = f"the board on {port} answers what was not asked"
    assert_one_line_error(refused, wrong, "press its reset button, then repeat the command")
    assert len(refused.err) < 400
    assert (looked.status, looked.err) == (1, "")
    told = dict(line.split(maxsplit=1) for line in looked.out.splitlines())
    assert told["firmware"].startswith(wrong)
    assert told["next"].startswith("plug the board in again")
    assert all(text.isprintable() for text in told.values())


@pytest.mark.parametrize("verb", [["deploy"], ["doctor"], ["simulate", "--target", "esp32"]])
def test_board_that_raises(command: Command, verb: list[str]) -> None:
    traceback = r'b"Traceback:\r\nRuntimeError: \x1b[31m[red]\xff boom" + b"m" * 9000'
    with odd_board(f"raw(lambda code: '', {traceback})") as port:
        outcome = command(*verb, "--port", port)
    told = r"RuntimeError: \x1b[31m[red]"
    assert_one_line_error(outcome, f"the board on {port}", told, "boomm", "reset", "tinycnn flash")
    assert len(outcome.err) < 400


@pytest.mark.parametrize("program", ENDLESS.values(), ids=ENDLESS)
def test_no_prompt(program: str) -> None:
    with odd_board(program) as port:
        begin = time.monotonic()
        with pytest.raises(LostError) as lost, connect(port, timeout=1):
            pass
    assert time.monotonic() - begin < 15
    assert f"no MicroPython answers on {port}" in lost.value.why
    assert "reset button" in lost.value.do and "tinycnn flash" in lost.value.do


@pytest.mark.parametrize("program", ENDLESS.values(), ids=ENDLESS)
def test_answer_without_end(program: str) -> None:
    with odd_board(f"def answer(code):\n    {program}\nraw(answer)") as port:
        begin = time.monotonic()
        with connect(port) as board, pytest.raises(LostError, match=port):
            board.run("any", timeout=1)
    assert time.monotonic() - begin < 15


def test_board_that_takes_nothing() -> None:
    """What is written to it has an end too."""
    taken = r"""
def stop(code):
    time.sleep(60)
raw(stop)"""
    with odd_board(taken) as port, connect(port) as board:
        late = pytest.raises(LostError, match=port)
        with late, board.guarded("room", 1):
            while True:
                board.transport.serial.write(b"#" * 4096)


def test_answer_that_is_too_long() -> None:
    with odd_board("raw(lambda code: 'long ' * 100_000)") as port, connect(port) as board:
        wrong = pytest.raises(LostError, match=f"{port} prints without pause")
        with wrong:
            board.run("any")


def test_answers_all_together_have_an_end() -> None:
    """One that is just in time each time, and never done."""
    slow = "def answer(code):\n    time.sleep(0.4)\n    return '1'\nraw(answer)"
    with odd_board(slow) as port, connect(port) as board:
        late = pytest.raises(LostError, match="did not give all of it in 1 s")
        with late, board.limit("all of it", 1):
            while True:
                board.run("any", timeout=5)


def test_word_after_two_seconds(command: Command, no_loader: None) -> None:
    with odd_board("time.sleep(60)") as port:
        looked = command("doctor", "--port", port)
    word = f"waiting for MicroPython's prompt from {port}, "
    # Once, and after what was known at once.
    assert looked.out.startswith(f"port        {port}\n{word}")
    assert (looked.out.count(word), looked.err) == (1, "")


def test_program_without_a_lock_is_named(command: Command) -> None:
    holder = "import sys; file = open(sys.argv[1]); print(flush=True); sys.stdin.read()"
    with odd_board("time.sleep(60)") as port:
        process = subprocess.Popen(
            [sys.executable, "-c", holder, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(LostError) as lost, connect(port, timeout=1):
            pass
        process.communicate()
    assert f"(process {process.pid}) has {port} open too" in lost.value.do
    assert "close it" in lost.value.do


def test_board_that_makes_its_file_system_is_waited_for() -> None:
    first = """
os.read(0, 4096)
say("Performing initial setup\\r\\n")
time.sleep(3)
raw(lambda code: "'made'")"""
    with odd_board(first) as port, connect(port, timeout=1) as board:
        assert board.value("any", answers.text) == "made"


def test_nothing_of_a_board_acts_on_the_terminal(command: Command) -> None:
    facts = {
        "version": "v1\x1b[2J",
        "machine": "[red]\x07" + "m" * 9000,
        "files": (4096, 8192),
        "heap": 30000,
    }
    module = {
        "mpy": 0,
        "version": (1, 28),
        "file": ("\x1b[2J" * 50, [77, 6, 0], 1),
        "tflm": ("0.1.0\x07", "tflm", "a1" * 20, [("ADD", 1)] * 30 + [("SUB\x07", 1)]),
    }
    program = f"""
def answer(code):
    if "facts" in code:
        return {facts!r}.__repr__()
    if "said" in code:
        return {module!r}.__repr__()
    return '["", "", ""]' if "digest(name)" in code else '("", "")'
raw(answer)"""
    with odd_board(program) as port:
        looked = command("doctor", "--port", port)
    lines = looked.out.splitlines()
    assert all(line.isprintable() and len(line) < 120 for line in lines), looked.out
    assert r"board       [red]\x07mmm" in looked.out
    assert r"firmware    v1\x1b[2J" in looked.out
    assert r"0.1.0\x07, engine tflm a1a1a1a1a1, 2 ops" in looked.out


@settings(max_examples=50)
@given(st.text() | st.builds(repr, st.recursive(st.none() | st.integers() | st.text(), st.lists)))
def test_answer_is_found_or_it_is_no_answer(said: str) -> None:
    kind = answers.sequence_of(answers.pair_of(answers.text, answers.size))
    try:
        found = answers.find_answer(said, kind)
    except ValueError:
        return
    assert all(isinstance(name, str) and value >= 0 for name, value in found)


def test_answer_among_what_a_timer_prints() -> None:
    said = "tick\r\n[1, 2]\r\ntick\r\n"
    assert answers.find_answer(said, answers.sequence_of(answers.size, 2)) == (1, 2)


def test_script_output_is_text_however_it_comes() -> None:
    """A character, or the end of a line, may come in two pieces."""
    program = r"""
def answer(code):
    for byte in "µ is a letter\r\nso\r\n".encode() + b"\xff":
        say(bytes([byte])); time.sleep(0.005)
    return ""
raw(answer)"""
    with odd_board(program) as port, connect(port) as board:
        assert SerialScript(board, "any").finish(10) == ("µ is a letter\nso\n\ufffd", "")


def test_script_that_prints_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinycnn.targets.serial_script._MOST_CAPTURED", 10_000)
    with odd_board("raw(lambda code: 'more ' * 100_000)") as port, connect(port) as board:
        wrong = pytest.raises(TargetError, match=f"the script on {port} prints without end")
        with wrong:
            SerialScript(board, "any").finish(10)


def test_limits_end_with_the_one_around_them() -> None:
    class Opened:
        in_waiting = 0

        def read(self, size: int) -> bytes:
            return b""

    port = line.Line("somewhere", Opened())
    late = pytest.raises(LostError, match="somewhere did not give the outer in 0 s")
    with late, port.limit("the outer", 0.1), port.limit("the inner", 9):
        while True:
            port.read()


def test_first_word_comes_late_where_it_was_said_before(caplog: pytest.LogCaptureFixture) -> None:
    word = line.Word(first=0.05, end=time.monotonic() + 100)
    with caplog.at_level("INFO", "tinycnn"):
        word.say("this", "somewhere", 0)
        assert caplog.messages == []
        time.sleep(0.06)
        word.say("this", "somewhere", 0)
        word.say("that", "somewhere", 0)
    assert caplog.messages == ["waiting for this from somewhere, 100 s at most"]
