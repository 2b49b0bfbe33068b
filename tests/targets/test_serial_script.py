"""Ctrl-C at the terminal while a script runs on a board: the board's, then ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from tinycnn.targets.serial_script import SerialScript, run_serial


class Running:
    """A script that prints `words[i]` until the user presses Ctrl-C the i-th time, then ends."""

    def __init__(self, words: list[str]) -> None:
        self.words, self.heard, self.interrupts = words, 0, 0

    def interrupt(self) -> None:
        self.interrupts += 1

    def finish(
        self, timeout: float | None, on_output: Callable[[str], None] | None
    ) -> tuple[str, str]:
        if not self.words:
            return "", ""
        self.heard += len(self.words.pop(0))
        raise KeyboardInterrupt


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Running], int]:
    script = tmp_path / "script.py"
    script.touch()

    def ran(running: Running) -> int:
        def start(code: str) -> AbstractContextManager[SerialScript]:
            return nullcontext(running)  # type: ignore[arg-type]

        return run_serial(start, script, capture=True, timeout=None).status

    return ran


def test_first_is_the_boards(run: Callable[[Running], int]) -> None:
    running = Running(["on"])
    assert run(running) == 0
    assert running.interrupts == 1


def test_second_is_ours_if_the_board_says_nothing(
    run: Callable[[Running], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinycnn.targets.serial_script._INSIST", 0)
    running = Running(["on", ""])
    with pytest.raises(KeyboardInterrupt):
        run(running)
    assert running.interrupts == 1
    assert run(Running(["on", "I go on"])) == 0


def test_second_at_once_is_ours_though_the_board_goes_on_printing(
    run: Callable[[Running], int],
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(Running(["more", "more"]))
