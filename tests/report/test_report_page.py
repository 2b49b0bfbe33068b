"""The report's page in a browser: nothing is cut without a hint, on a phone or a large screen."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from playwright.sync_api import Browser

from tinycnn.report.html import document, figure, table
from tinycnn.report.pictures import png

HEAD = ["recipe", "bytes", "arena", "instructions", "test", "Wilson", "validation"]
LONG = [["a long name of a recipe", *["99.72% (99.4% to 99.9%)"] * 6]]

CUT = """() => [...document.querySelectorAll(".wide, figure")]
    .filter(box => box.scrollWidth > box.clientWidth)
    .map(box => [box.localName, box.localName == "figure"
        ? getComputedStyle(box.querySelector("figcaption"), "::before").content
        : getComputedStyle(box).backgroundImage])"""


def picture(width: float) -> bytes:
    return png(Figure(figsize=(width, 1)))


@pytest.mark.parametrize("width, cut", [(390, {"div", "figure"}), (1400, {"div"})])
def test_what_is_cut_says_so(browser: Browser, tmp_path: Path, width: int, cut: set[str]) -> None:
    pictures = {"broad": picture(8), "small": picture(3)}
    body = [table(HEAD, LONG), table(["a"], [["b"]]), *(figure(pictures, n, n) for n in pictures)]
    (tmp_path / "page.html").write_text(document("wide", body))
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto((tmp_path / "page.html").as_uri())
    found = page.evaluate(CUT)
    assert {kind for kind, _ in found} == cut
    for kind, hint in found:
        assert ("push it sideways" if kind == "figure" else "linear-gradient") in hint
    # The page itself has no second scroll bar.
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_shadow_is_at_the_side_at_which_a_table_goes_on(browser: Browser, tmp_path: Path) -> None:
    """As it is seen: dark at the right until it is pushed there."""
    (tmp_path / "page.html").write_text(document("wide", [table(HEAD, LONG)]))
    page = browser.new_page(viewport={"width": 390, "height": 300})
    page.goto((tmp_path / "page.html").as_uri())
    box = page.locator(".wide")

    def sides() -> list[bool]:
        seen = np.asarray(Image.open(BytesIO(box.screenshot())).convert("L"))
        return [bool(np.median(column) < 230) for column in (seen[:, 1], seen[:, -2])]

    assert sides() == [False, True]
    box.evaluate("box => box.scrollLeft = box.scrollWidth")
    assert sides() == [True, False]
