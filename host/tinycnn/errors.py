"""Errors that are the user's to mend, not ours.

A `UserError` ends the command line with one line and exit status 2. Anything
else is a bug of ours: it keeps its traceback and ends with status 1.

    UserError
    ├── SourceError      an upstream source cannot be had
    ├── BuildError       a compiler or a build step failed
    │   └── MissingToolError  a program that is needed is not installed
    └── TargetError      a simulator or board does not answer as it should
"""

from tinycnn.text import printable


class UserError(Exception):
    """What is wrong, and what to do about it, in one line."""


class SourceError(UserError):
    """An upstream source is not reachable, or not what is pinned."""


class BuildError(UserError):
    """A build step failed; the message names the log file."""


class MissingToolError(BuildError):
    """A program is not installed; the message says how to install it."""


class TargetError(UserError):
    """A target (simulator, emulator, board) failed or is missing."""


def first_line(error: BaseException) -> str:
    """The first line of what an error says, fit to be shown in a message of one line."""
    lines = str(error).strip().splitlines()
    return printable(lines[0]) if lines else type(error).__name__
