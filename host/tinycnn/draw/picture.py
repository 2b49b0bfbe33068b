"""Strokes to a picture of 8x8, by the steps that the data set's own pictures went through.

scikit-learn's digits are the test part of UCI's "Optical Recognition of Handwritten Digits"
(Alpaydin and Kaynak, 1998). UCI has the bitmaps of 32x32 that they were counted from, too
(optdigits-orig). Read beside each other, the 1,797 are the same digits in the same order, and
of the bitmaps it can be seen what NIST's programs (NISTIR 5469, `norm_2nd_gen` and `shear_mis`)
did to them:

- A digit was fitted to 20 columns by 32 rows, whatever its shape, in the middle of 32x32: 96 %
  fill all rows, the most frequent width is 20, and its middle is column 16 +- 1.
- Lines were made about as thick as each other: below 256 pixels a bitmap was dilated once, above
  412 eroded, twice below 108 and above 560. Pixels beyond an edge count as paper, so what was
  eroded lacks its first and its last row. 23 bitmaps have fewer than 256 pixels; at 256 their
  number jumps.
- It was sheared until the leftmost pixel two rows below its top stands above that two rows over
  its bottom: they are in the same column in 1,787.
- What is counted are the pixels of each block of 4x4.

Two things a page has to choose that a form and a pen chose there, PEN and BROADEST.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Stroke = Sequence[tuple[float, float]]
"""The points that the pen passed, x to the right and y downwards, in any unit."""

Bitmap = npt.NDArray[np.bool_]

SIDE = 8
"""Rows and columns of a picture."""

BLOCK = 4
DARKEST = BLOCK * BLOCK
"""The count of a block that is all ink."""

_BITMAP = SIDE * BLOCK
_WIDTH = 20

PEN = 4.8 / _BITMAP
"""The pen's width, of a digit's height: lines of the data set are 4.6 to 5.2 pixels thick (twice
the area by the length of the edge, over all digits but 1, which may be nothing but one line)."""

BROADEST = 9.0
"""The most pixels of a line's width. A plain vertical stroke would be stretched to 20 columns, a
solid block that no writer of the data set has made: their 1s have a hook, or lean, and are 9
columns broad (the median of the runs of pixels in their rows)."""

_THIN, _THINNEST = 256, 108
_THICK, _THICKEST = 412, 560
_NOISY = 2  # rows at either end that the shear does not look at
_LOWEST = 5  # rows of something that is too low to be sheared


def picture(strokes: Sequence[Stroke]) -> npt.NDArray[np.int64]:
    """The ink of each block, 0 to DARKEST, (8, 8). `strokes` have at least one point in all."""
    bitmap = _upright(_evened(_fitted(strokes)))
    counts: npt.NDArray[np.int64] = bitmap.reshape(SIDE, BLOCK, SIDE, BLOCK).sum(axis=(1, 3))
    return counts


def _fitted(strokes: Sequence[Stroke]) -> Bitmap:
    """The ink of a round pen, fitted to 20 by 32 pixels in the middle of the bitmap."""
    starts, ends = _segments(strokes)
    low, high = starts.min(0).clip(max=ends.min(0)), starts.max(0).clip(min=ends.max(0))
    width, height = high - low
    pen = (max(height, width / 2) or 1.0) * PEN / (1 - PEN)
    scale = np.minimum(np.array([_WIDTH, _BITMAP]) / (high - low + pen), BROADEST / pen)
    middle = (low + high) / 2

    pixels = np.arange(_BITMAP) + 0.5 - _BITMAP / 2
    x, y = pixels / scale[0] + middle[0], pixels / scale[1] + middle[1]
    places = np.stack(np.meshgrid(x, y), axis=-1)
    inked = np.zeros((_BITMAP, _BITMAP), bool)
    for start, end in zip(starts, ends, strict=True):
        inked |= _distance(places, start, end) <= pen / 2
    return inked


def _segments(strokes: Sequence[Stroke]) -> tuple[npt.NDArray[np.float64], ...]:
    """Where each straight piece of the strokes starts and ends; a dot is a piece of no length."""
    starts, ends = [], []
    for stroke in filter(len, strokes):
        starts += [stroke[0], *stroke[1:-1]]
        ends += [*stroke[1:-1], stroke[-1]]
    return np.array(starts, np.float64), np.array(ends, np.float64)


def _distance(
    places: npt.NDArray[np.float64],
    start: npt.NDArray[np.float64],
    end: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """How far each of `places` is from the straight piece."""
    way = end - start
    length = float(way @ way)
    share = ((places - start) @ way / length).clip(0, 1) if length else np.zeros(places.shape[:2])
    distance: npt.NDArray[np.float64] = np.linalg.norm(
        places - (start + share[..., np.newaxis] * way), axis=-1
    )
    return distance


def _evened(bitmap: Bitmap) -> Bitmap:
    """With lines a little thicker or thinner, if there is too little ink or too much."""
    ink = int(bitmap.sum())
    for _ in range((ink < _THIN) + (ink < _THINNEST)):
        bitmap = _dilated(bitmap)
    for _ in range((ink > _THICK) + (ink > _THICKEST)):
        bitmap = ~_dilated(~bitmap, beyond=True)
    return bitmap


def _dilated(bitmap: Bitmap, beyond: bool = False) -> Bitmap:
    """Each pixel that is set, or has a neighbour that is, of four; `beyond` are those outside."""
    around = np.pad(bitmap, 1, constant_values=beyond)
    return bitmap | around[:-2, 1:-1] | around[2:, 1:-1] | around[1:-1, :-2] | around[1:-1, 2:]


def _upright(bitmap: Bitmap) -> Bitmap:
    """Sheared, so that its left side stands upright; what leaves the bitmap is lost."""
    (rows,) = np.nonzero(bitmap.any(1))
    top, bottom = rows[0] + _NOISY, rows[-1] - _NOISY
    if len(rows) <= _LOWEST or not (bitmap[top].any() and bitmap[bottom].any()):
        return bitmap
    lean = (bitmap[top].argmax() - bitmap[bottom].argmax()) / (bottom - top)
    sheared = np.zeros_like(bitmap)
    for row in rows:
        columns = np.nonzero(bitmap[row])[0] + round((row - _BITMAP // 2) * lean)
        sheared[row, columns[(columns >= 0) & (columns < _BITMAP)]] = True
    return sheared
