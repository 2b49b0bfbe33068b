"""A hundred digits in ten handwritings, drawn in a headless Chromium."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, async_playwright, expect

from browser import chromium
from handwriting import Drawn, drawn
from served import served
from skips import or_skip
from tinycnn.errors import MissingToolError
from tinycnn.firmware.port import Program


@pytest.mark.slow
def test_ninety_five_of_a_hundred_digits_are_right(simulator: Program) -> None:
    """Nobody has looked at what the model makes of these before they were committed."""
    with or_skip(MissingToolError):
        program = chromium()
    with served() as running:
        said = asyncio.run(_draw_all(program, running.url))
    wrong = {
        f"{digit.hand} {digit.digit}": words
        for digit, words in zip(drawn(), said, strict=True)
        if not words.startswith(f"Predicted class: {digit.digit}")
    }
    assert len(said) == 100
    assert len(wrong) <= 5, wrong


async def _draw_all(program: str, url: str) -> list[str]:
    """What the page says of each digit."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program)
        page = await browser.new_page()
        await page.goto(url)
        await expect(page.locator("#machine")).not_to_have_text("-")
        said = [await _draw(page, digit) for digit in drawn()]
        await browser.close()
    return said


async def _draw(page: Page, digit: Drawn) -> str:
    await page.locator("#clear").click()
    box = await page.locator("#paper").bounding_box()
    assert box
    for stroke in digit.strokes:
        way = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        async with page.expect_response("**/classify"):
            await page.mouse.move(*way[0])
            await page.mouse.down()
            # At once: a move that is waited for takes a frame, and there are thousands.
            await asyncio.gather(*(page.mouse.move(*place) for place in way[1:]))
            await page.mouse.up()
        await page.wait_for_selector("#said[aria-busy=false]")
    return await page.locator("#words").inner_text()
