"""`tinycnn draw` as a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from commandline import python

STARTS = 120
"""Seconds until it is there: an emulator may have to start."""

# A job in the background ignores Ctrl-C.
_LISTEN_TO_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


@dataclass(frozen=True)
class Served:
    """The command, listening."""

    url: str
    process: subprocess.Popen[str]
    said: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def interrupt(self) -> tuple[int, str]:
        """Its status and its stderr after a Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


@contextmanager
def served(*words: str) -> Iterator[Served]:
    """`tinycnn draw WORDS` until the block ends, at a port that was free."""
    with subprocess.Popen(
        python("draw", "--listen", "0", *words, before=_LISTEN_TO_CTRL_C),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while not (found := re.search(r"^draw at (http://\S+) until Ctrl-C$", said, re.M)):
                line = process.stdout.readline()
                assert line, process.communicate()[1]
                said += line
            yield Served(found[1], process, said)
        finally:
            process.kill()
