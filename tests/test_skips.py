"""What is skipped is told by cause; a skip without a good one stands out."""

from __future__ import annotations

import pytest

from skips import TARGET, or_skip, told
from tinycnn.errors import MissingToolError, SourceError


def reason(error: Exception) -> str:
    with pytest.raises(pytest.skip.Exception) as skipped, or_skip(MissingToolError):
        raise error
    return str(skipped.value)


def test_one_line_for_each_cause() -> None:
    offline, no_make = reason(SourceError("go online")), reason(MissingToolError("install make"))
    assert told([offline, no_make, no_make, TARGET + "unix has no reset", "in no mood"]) == [
        ("2 skipped: tools: install make", False),
        ("1 skipped: upstream sources: go online", False),
        ("1 skipped: not on this target: unix has no reset", False),
        ("1 skipped, WHICH NONE MAY: in no mood", True),
    ]


def test_another_error_is_no_reason() -> None:
    with pytest.raises(MissingToolError), or_skip():
        raise MissingToolError("install make")
