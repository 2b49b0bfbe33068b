"""The digits of handwritings.toml as what a pen does: strokes of many points."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("handwritings.toml")

STEPS = 8
"""Points from one given point to the next."""

Point = tuple[float, float]
Stroke = list[Point]


@dataclass(frozen=True)
class Drawn:
    """A digit as somebody writes it: its strokes on paper of 1 by 1, y downwards."""

    hand: str
    digit: int
    strokes: list[Stroke]


def drawn() -> list[Drawn]:
    """Every digit of every handwriting."""
    hands = tomllib.loads(FILE.read_text())
    return [
        Drawn(name, digit, [list(_moved(points, hand)) for points in _strokes(hand, digit)])
        for name, hand in hands.items()
        for digit in range(10)
    ]


def _strokes(hand: dict[str, Any], digit: int) -> Iterator[Stroke]:
    """The strokes of a digit as the file has them, but with the points between."""
    for text in hand[str(digit)].split(" / "):
        words = text.split()
        points = [_point(word.rstrip("!")) for word in words]
        corners = [word.endswith("!") or not hand.get("round", True) for word in words]
        yield _through(points, corners)


def _point(word: str) -> Point:
    x, y = word.split(",")
    return float(x), float(y)


def _through(points: list[Point], corners: list[bool]) -> Stroke:
    """The way through `points`: a Catmull-Rom spline from each corner to the next."""
    way = [points[0]]
    for i in range(len(points) - 1):
        before = points[i] if i == 0 or corners[i] else points[i - 1]
        last = i + 2 == len(points) or corners[i + 1]
        after = points[i + 1] if last else points[i + 2]
        for step in range(1, STEPS + 1):
            way.append(_between(before, points[i], points[i + 1], after, step / STEPS))
    return way


def _between(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    def along(p: float, q: float, r: float, s: float) -> float:
        square, cube = (2 * p - 5 * q + 4 * r - s) * t * t, (3 * q - 3 * r + s - p) * t**3
        return (2 * q + (r - p) * t + square + cube) / 2

    return along(a[0], b[0], c[0], d[0]), along(a[1], b[1], c[1], d[1])


def _moved(points: Stroke, hand: dict[str, Any]) -> Iterator[Point]:
    """`points` as this hand writes: leaning, of its size, in its place, shaking."""
    lean, size, tremor = (hand.get("lean", 0), hand.get("size", 1), hand.get("tremor", 0))
    right, down = hand.get("place", [50, 50])
    for i, (x, y) in enumerate(points):
        across, along = (x - 50 + lean * (50 - y)) * size, (y - 50) * size
        shake = tremor * math.sin(1.9 * i), tremor * math.sin(2.7 * i + 1)
        yield (right + across + shake[0]) / 100, (down + along + shake[1]) / 100
