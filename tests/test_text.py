"""Text from outside is shown on one line, and does nothing to a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinycnn.text import printable


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("out$1 µ [red]", "out$1 µ [red]"),
        ("a\x1b[2Jb\r\n\x00", "a\\x1b[2Jb\\r\\n\\x00"),
        ("\x9b31m", "\\x9b31m"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        (b"\xff\xfe plain", "\\xff\\xfe plain"),
        ("\udcff.npz", "\\xff.npz"),  # a file name that is no UTF-8
        ("\ud800", "\\ud800"),
        ("", ""),
    ],
)
def test_only_what_is_printable_stays(given: str | bytes, shown: str) -> None:
    assert printable(given) == shown


def test_long_text_is_cut() -> None:
    assert printable("x" * 200) == "x" * 200
    assert printable("x" * 10_000_000) == "x" * 197 + "..."
    assert printable("é".encode() * 10_000, limit=10) == "ééééééé..."


@given(st.text() | st.binary(), st.integers(3, 50))
def test_any_text_becomes_one_printable_line(text: str | bytes, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    shown.encode()
    assert printable(shown, limit) == shown
