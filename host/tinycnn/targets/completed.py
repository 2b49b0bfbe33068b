"""How a script on any target ends."""

from __future__ import annotations

from dataclasses import dataclass

from tinycnn.text import printable

TIMED_OUT = 124
"""The status of a script that was stopped, as of the `timeout` command."""


@dataclass(frozen=True)
class Completed:
    """How a script ended. Its output is "" where it was not captured.

    `status` is the script's own exit status: 1 after an uncaught exception,
    128 + N if signal N ended the simulator, TIMED_OUT if we did. What sys.exit()
    is given does not come through a serial line: behind one it counts as 0.
    """

    status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def last_line(self) -> str:
        """The last line that it said, of a traceback the error; "" if there is none."""
        return printable((self.stderr.strip() or self.stdout.strip()).rpartition("\n")[2])
