"""Text from outside, made fit to be shown: names in files, file names, what boards print."""

from __future__ import annotations

import re

_CUT = "..."


def printable(text: str | bytes, limit: int = 200) -> str:
    """`text` on one line, without what a terminal or a page would act upon.

    Whatever is not printable (control characters, line ends, marks that turn the
    direction of writing, bytes that are no UTF-8) is escaped as in a Python string, and
    what is longer than `limit` characters is cut. What is printable stays as it is, so
    the result of this function passes through it unchanged.

    Markup is not its business: HTML is escaped where a page is written, and a console is
    made without markup.
    """
    if limit < len(_CUT):
        raise ValueError(f"a limit of {limit} leaves no room for {_CUT!r}")
    # A character takes 4 bytes at most: more than that is cut anyway.
    if isinstance(text, bytes):
        text = text[: 4 * limit + 4].decode(errors="surrogateescape")
    shown = "".join(map(_escaped, text[: limit + 1]))
    return shown if len(shown) <= limit else shown[: limit - len(_CUT)] + _CUT


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that Python could not decode
        return f"\\x{code - 0xDC00:02x}"
    return repr(character)[1:-1]


def short_commit(commit: str) -> str:
    """A commit as people write it: its first ten digits. What is none stays as it is."""
    return commit[:10] if re.fullmatch(r"[0-9a-f]{40}", commit) else commit
