"""The sample digits of device/: `python -m tinycnn.pipeline.samples > device/samples.py`."""

from __future__ import annotations

from sklearn.datasets import load_digits

FIRST = 1078
"""The first image of the test part, and the article's own input (its section 3.11)."""

COUNT = 8

_HEADER = """\
# Digits of the test part of scikit-learn's load_digits, written by
# `python -m tinycnn.pipeline.samples`: (index, digit, the 8x8 pixels row by row, one
# byte each: 0 is paper, DARKEST is full ink).

from micropython import const

WIDTH = const(8)
HEIGHT = const(8)
DARKEST = const(16)

"""


def choose(labels: list[int]) -> list[int]:
    """Indices of COUNT test images: image FIRST, then the first of each other class."""
    seen: dict[int, int] = {}
    for index in range(FIRST, len(labels)):
        seen.setdefault(labels[index], index)
    return sorted(seen.values())[:COUNT]


def module_text() -> str:
    """The source text of device/samples.py."""
    digits = load_digits()
    lines = [_HEADER, "SAMPLES = (\n"]
    for index in choose([int(label) for label in digits.target]):
        lines.append(f"    (\n        {index},\n        {digits.target[index]},\n")
        for row in digits.images[index].astype(int):
            lines.append('        b"' + "".join(f"\\x{pixel:02x}" for pixel in row) + '"\n')
        lines[-1] = lines[-1].replace("\n", ",\n    ),\n")
    lines.append(")\n")
    return "".join(lines)


if __name__ == "__main__":
    print(module_text(), end="")
