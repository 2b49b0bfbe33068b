"""The page of `tinycnn draw`, in a headless Chromium, with a real MicroPython behind it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from handwriting import Drawn, Stroke, drawn
from pty_board import PtyBoard
from served import Served, served
from tinycnn.board.deploy import deploy
from tinycnn.board.repl import connect
from tinycnn.files import board_files
from tinycnn.firmware.port import Program

FOUR = next(digit for digit in drawn() if (digit.hand, digit.digit) == ("school", 4))
SEVEN = next(digit for digit in drawn() if (digit.hand, digit.digit) == ("school", 7))
READY = "#said[aria-busy=false]"


@pytest.fixture(scope="module")
def server(simulator: Program) -> Iterator[Served]:
    """The default: no board, the simulator that runs models in the wheel."""
    with served() as running:
        yield running


Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, server: Served) -> Iterator[Opened]:
    """`opened(width=390)`: the page as it is when it was just opened; it must make no error."""
    errors: list[str] = []
    contexts = []

    def heard(error: object) -> None:
        errors.append(str(error))

    def open_page(url: str = server.url, width: int = 1400, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", heard)
        page.goto(url)
        expect(page.locator("#machine")).not_to_have_text("-")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def page(opened: Opened) -> Page:
    return opened()


def places(page: Page, stroke: Stroke) -> list[tuple[float, float]]:
    """The points of `stroke` in the window."""
    box = page.locator("#paper").bounding_box()
    assert box
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]


def mouse(page: Page, stroke: Stroke) -> None:
    way = places(page, stroke)
    page.mouse.move(*way[0])
    page.mouse.down()
    for place in way[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def finger(page: Page, stroke: Stroke) -> None:
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        given = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": given})

    way = places(page, stroke)
    send("touchStart", way[0])
    for place in way[1:]:
        send("touchMove", place)
    send("touchEnd")
    touch.detach()


def draw(page: Page, digit: Drawn, by: Callable[[Page, Stroke], None] = mouse) -> list[str]:
    """Draw it; what the page says after each stroke."""
    said = []
    for stroke in digit.strokes:
        with page.expect_response("**/classify"):
            by(page, stroke)
        page.wait_for_selector(READY)
        said.append(page.locator("#words").inner_text())
    return said


def test_tells_what_classifies_it(page: Page, server: Served) -> None:
    machine, version, engine = page.locator("#machine, #micropython, #engine").all_inner_texts()
    assert {machine, f"MicroPython {engine}", f"engine {version}"} == set(
        server.said.splitlines()[0].split(", ")
    )
    assert page.locator("#model").inner_text() == "digits.tflite"


def test_one_inference_for_each_stroke(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method + " " + request.url))
    said = draw(page, FOUR)
    assert len(said) == len(FOUR.strokes) == 2
    assert said[-1].startswith("Predicted class: 4")
    assert [line.partition(" ")[0] for line in asked] == ["POST", "POST"]


def test_shows_ten_bars_the_class_the_time_and_the_picture(page: Page) -> None:
    draw(page, FOUR)
    assert page.locator("#class").inner_text() == "4"
    rows = page.locator("#shares tr").all_inner_texts()
    shares = [float(row.split()[1]) for row in rows]
    assert [row.split()[0] for row in rows] == [str(digit) for digit in range(10)]
    assert sum(shares) == pytest.approx(100, abs=0.6)
    assert max(range(10), key=shares.__getitem__) == 4
    width = "el => el.firstChild.getBoundingClientRect().width / el.clientWidth"
    page.wait_for_timeout(300)  # until bars have grown
    bars = [bar.evaluate(width) for bar in page.locator(".bar").all()]
    assert bars == pytest.approx([share / 100 for share in shares], abs=0.01)
    assert int(page.locator("#time").inner_text().removesuffix(" µs")) > 0
    label = page.locator("#picture").get_attribute("aria-label")
    assert label
    counts = [list(map(int, row.split())) for row in label.partition("row by row: ")[2].split(";")]
    assert [len(row) for row in counts] == [8] * 8
    assert all(0 <= count <= 16 for row in counts for count in row)
    inks = page.locator("#picture").evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, 8, 8).data].filter((_, i) => i % 4 == 0)"
    )
    dark = [255 - ink for ink in inks]
    wanted = [count for row in counts for count in row]
    assert sorted(range(64), key=lambda i: (wanted[i], i)) == sorted(
        range(64), key=lambda i: (round(dark[i] / max(dark) * 16), i)
    )


def test_says_not_sure_as_classify_does(page: Page) -> None:
    said = [draw(page, Drawn("", 0, [[(0.2, 0.5), (0.8, 0.5)], [(0.5, 0.2), (0.5, 0.8)]]))[-1]]
    assert said[0].endswith(" (not sure)")
    assert page.locator("#said.doubt").count() == 1
    page.locator("#clear").click()
    assert not draw(page, FOUR)[-1].endswith("(not sure)")
    assert page.locator("#said.doubt").count() == 0


def test_a_dot_is_drawn_and_classified(page: Page) -> None:
    draw(page, Drawn("", 0, [[(0.5, 0.5)]]))
    middle = "c => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0]"
    assert page.locator("#paper").evaluate(middle) < 100
    assert page.locator("#class").inner_text() != "-"


def test_new_paper_takes_the_answer_away(page: Page) -> None:
    draw(page, FOUR)
    page.locator("#clear").click()
    assert page.locator("#words").inner_text() == "Nothing drawn yet."
    assert page.locator("#class").inner_text() == "-"
    assert draw(page, SEVEN)[-1].startswith("Predicted class: 7")


def test_drawn_with_a_finger_on_a_phone(opened: Opened) -> None:
    page = opened(width=390, has_touch=True, is_mobile=True)
    assert draw(page, FOUR, finger)[-1].startswith("Predicted class: 4")
    assert page.evaluate("scrollY") == 0


def keyboard(page: Page, keys: str) -> None:
    for key in keys.split():
        page.keyboard.press("Space" if key == "_" else key)


def test_drawn_with_the_keyboard(page: Page) -> None:
    """A seven: Tab to the paper, go to its corner, along, and diagonally down."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "paper"
    keyboard(page, "ArrowUp " * 8 + "ArrowLeft " * 4 + "_ " + "ArrowRight " * 9)
    pen = page.locator("#pen").inner_text()
    assert pen == "Pen down: 75 % from the left, 10 % from the top"
    keyboard(page, "ArrowDown " * 2 + "End ArrowDown " * 7)
    assert asked == []  # the stroke has no end yet
    with page.expect_response("**/classify"):
        keyboard(page, "_")
    page.wait_for_selector(READY)
    assert page.locator("#words").inner_text().startswith("Predicted class: 7")
    assert page.locator("#pen").inner_text().startswith("Pen up")
    keyboard(page, "Escape")
    assert page.locator("#words").inner_text() == "Nothing drawn yet."
    keyboard(page, "Tab")
    assert page.evaluate("document.activeElement.id") == "clear", "no keyboard trap"


def test_each_way_of_the_keyboard(page: Page) -> None:
    page.locator("#paper").focus()
    ways = {
        "ArrowLeft": (45, 50),
        "ArrowRight": (50, 50),
        "ArrowUp": (50, 45),
        "ArrowDown": (50, 50),
        "Home": (45, 45),
        "PageUp": (50, 40),
        "End": (45, 45),
        "PageDown": (50, 50),
        "Shift+ArrowLeft": (49, 50),
    }
    for key, (x, y) in ways.items():
        page.keyboard.press(key)
        said = page.locator("#pen").inner_text()
        assert said == f"Pen up: {x} % from the left, {y} % from the top", key


def test_a_screen_reader_is_told(page: Page) -> None:
    """What is live, what has a name, and how the paper is to be used."""
    for name in ("said", "pen"):
        assert page.locator(f"#{name}").get_attribute("aria-live") == "polite"
    paper = page.get_by_role("application", name="Paper to draw a digit on")
    described = paper.get_attribute("aria-describedby")
    assert described
    told = " ".join(page.locator(f"#{name}").text_content() or "" for name in described.split())
    assert "Arrow keys" in told and "Space" in told and "Escape" in told
    assert page.get_by_role("table", name="Probability of each digit").count() == 1
    assert page.get_by_role("rowheader", name="7", exact=True).count() == 1
    assert page.get_by_role("button", name="New paper").count() == 1
    assert page.get_by_role("img", name="Picture of 8 by 8: nothing yet").count() == 1
    assert page.locator("html").get_attribute("lang") == "en"


def test_loads_nothing_from_elsewhere(opened: Opened, server: Served) -> None:
    """Nor has a file of it an address of elsewhere."""
    page = opened()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    draw(page, FOUR)
    names = {url.removeprefix(server.url) for url in asked if not url.startswith("data:")}
    assert names == {"/", "/page.css", "/page.js", "/facts", "/classify"}
    refused = page.evaluate("fetch('http://127.0.0.1:9/').catch(error => String(error))")
    assert "Failed to fetch" in refused


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_fits_and_can_be_read(opened: Opened, width: int, scheme: Any, tmp_path: Path) -> None:
    page = opened(width=width, color_scheme=scheme)
    draw(page, FOUR)
    page.screenshot(path=tmp_path / f"{width}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    beyond = "e => e.scrollWidth > e.clientWidth + 1 && e.tagName"
    for element in page.locator("section, section p, td, dd, button").all():
        assert not element.evaluate(beyond)
    for name in ("body", "#words", "#pen", "button", "tbody td:last-child", "dt", "summary"):
        assert page.locator(name).first.evaluate(CONTRAST) >= 4.5, name
    answer = page.locator("#class").bounding_box()
    assert answer and answer["y"] + answer["height"] < 800, "the answer is in sight"


CONTRAST = """element => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3).reduce((sum, value, i) => {
    const c = value / 255, linear = c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    return sum + linear * [0.2126, 0.7152, 0.0722][i];
  }, 0);
  const solid = (colour) => numbers(colour)[3] !== 0;
  let under = element;
  while (under && !solid(getComputedStyle(under).backgroundColor)) under = under.parentElement;
  const text = light(getComputedStyle(element).color);
  const page = light(getComputedStyle(under).backgroundColor);
  return (Math.max(text, page) + 0.05) / (Math.min(text, page) + 0.05);
}"""
"""Of a text and what is behind it, as WCAG 2 has it."""


def test_dark_is_dark(opened: Opened) -> None:
    inks = {}
    for scheme in ("light", "dark"):
        page = opened(color_scheme=scheme)
        draw(page, SEVEN)
        pixel = "c => [...c.getContext('2d').getImageData(5, 5, 1, 1).data.slice(0, 3)]"
        inks[scheme] = sum(page.locator("#paper").evaluate(pixel))
    assert inks["dark"] < 200 < 700 < inks["light"]


def test_a_board_that_is_gone_is_one_line(opened: Opened, board: PtyBoard) -> None:
    """The process behind the pseudo-terminal is killed between two strokes."""
    with connect(board.port) as repl:
        deploy(repl, board_files())
    with served("--port", board.port) as running:
        page = opened(running.url)
        error = page.locator("#error")
        assert draw(page, SEVEN)[-1].startswith("Predicted class: 7")
        assert error.is_hidden()
        board.unplug()
        told = []
        for stroke in FOUR.strokes:
            draw(page, Drawn("", 4, [stroke]))
            assert error.is_visible()
            told.append(error.inner_text())
            assert page.locator("#said.stale").count() == 1
        assert all(board.port in line and "\n" not in line for line in told)
        assert told[0].endswith("then draw again")
        status, errors = running.interrupt()
        assert status == 130
        assert errors.endswith("tinycnn: stopped\n") and "Traceback" not in errors


def test_a_simulator_that_is_gone_starts_anew(opened: Opened, simulator: Program) -> None:
    with served() as running:
        page = opened(running.url)
        draw(page, SEVEN)
        children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
        for child in children.read_text().split():
            if Path(f"/proc/{child}/exe").readlink().name == "micropython":
                os.kill(int(child), signal.SIGKILL)
        draw(page, Drawn("", 7, SEVEN.strokes[:1]))
        assert page.locator("#error").inner_text() == "the simulator has ended: draw again"
        page.locator("#clear").click()
        assert draw(page, SEVEN)[-1].startswith("Predicted class: 7")
        assert page.locator("#error").is_hidden()


def test_a_command_that_has_ended_is_one_line(opened: Opened, simulator: Program) -> None:
    with served() as running:
        page = opened(running.url)
        running.interrupt()
        mouse(page, SEVEN.strokes[0])
        page.wait_for_selector(READY)
        page.wait_for_selector("#error:not([hidden])")
        told = page.locator("#error").inner_text()
        assert told == "tinycnn draw has ended: start it again"
