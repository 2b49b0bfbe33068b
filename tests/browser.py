"""A Chromium to look at pages with."""

from __future__ import annotations

import shutil

from tinycnn.errors import MissingToolError


def chromium() -> str:
    """The program. Raises MissingToolError if none is installed."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise MissingToolError("no Chromium found: apt install chromium")
