"""What the rooms below say of a long wait, on the terminal."""

from __future__ import annotations

import logging

from tinycnn.cli.say import say


class _Words(logging.Handler):
    def __init__(self, err: bool) -> None:
        super().__init__()
        self.err = err

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage(), err=self.err)


def speak(*, err: bool = False) -> None:
    """Show each from now on as a line on stdout, or on stderr where stdout is a script's."""
    logger = logging.getLogger("tinycnn")
    logger.handlers, logger.propagate = [_Words(err)], False
    logger.setLevel(logging.INFO)
