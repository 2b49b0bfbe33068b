"""Strokes become pictures as the data set's own were made."""

from __future__ import annotations

import numpy as np
import pytest

from handwriting import drawn
from tinycnn.draw import picture as made
from tinycnn.draw.picture import Bitmap, Stroke, picture
from tinycnn.pipeline.dataset import Dataset

STICK: list[Stroke] = [[(0.5, 0.1), (0.5, 0.9)]]
RING: list[Stroke] = [
    [(0.5 + 0.3 * np.cos(t), 0.5 + 0.4 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 60)]
]


def bitmap_of(strokes: list[Stroke]) -> Bitmap:
    return made._upright(made._evened(made._fitted(strokes)))


def columns(bitmap: Bitmap) -> tuple[int, int]:
    """The first and the last with ink."""
    (found,) = np.nonzero(bitmap.any(0))
    return int(found[0]), int(found[-1])


def test_fills_all_rows_and_twenty_columns_in_the_middle() -> None:
    fitted = made._fitted(RING)
    assert fitted.any(1).all()
    assert columns(fitted) == (6, 25)


@pytest.mark.parametrize("scale", [0.02, 0.3, 40])
@pytest.mark.parametrize("place", [0.0, 7.5])
def test_size_and_place_on_the_paper_do_not_matter(scale: float, place: float) -> None:
    moved = [[(x * scale + place, y * scale - place) for x, y in RING[0]]]
    assert np.abs(picture(moved) - picture(RING)).max() <= 1  # a pixel at the edge of the pen


def test_counts_are_of_pixels_in_blocks_of_four_by_four() -> None:
    bitmap, counts = bitmap_of(RING), picture(RING)
    assert counts.shape == (8, 8)
    assert counts[2, 5] == bitmap[8:12, 20:24].sum()
    assert counts.sum() == bitmap.sum()
    assert counts.max() <= made.DARKEST


def test_a_stick_is_as_broad_as_the_ones_of_the_data() -> None:
    """And no block of 20 columns, which nobody has written."""
    first, last = columns(bitmap_of(STICK))
    assert last - first + 1 == pytest.approx(made.BROADEST, abs=1)
    assert first + last == 31


def test_leaning_is_put_upright() -> None:
    leaning = [[(0.7, 0.1), (0.3, 0.9)]]
    bitmap = bitmap_of(leaning)
    left = [int(row.argmax()) for row in bitmap[2:30]]
    assert left[0] == left[-1]
    assert max(left) - min(left) <= 1
    assert len({int(row.argmax()) for row in made._fitted(leaning)[2:30]}) > 4


def test_a_dot_and_a_dash_are_pictures() -> None:
    for strokes in ([[(0.2, 0.2)]], [[(0.1, 0.5), (0.9, 0.5)]], [[], [(0.3, 0.3), (0.3, 0.3)]]):
        assert 0 < picture(strokes).sum() < 64 * made.DARKEST


def square(side: int) -> Bitmap:
    bitmap = np.zeros((32, 32), bool)
    bitmap[4 : 4 + side, 4 : 4 + side] = True
    return bitmap


def cross(arm: int) -> Bitmap:
    """A line of one pixel across and one down."""
    bitmap = np.zeros((32, 32), bool)
    bitmap[16, 16 - arm : 17 + arm] = bitmap[16 - arm : 17 + arm, 16] = True
    return bitmap


@pytest.mark.parametrize(
    ("side", "after"), [(10, "thicker"), (16, "same"), (20, "same"), (21, 19), (24, 20)]
)
def test_ink_is_evened_at_the_limits_of_the_nist_programs(side: int, after: int | str) -> None:
    """256 to 412 pixels stay; up to 560 lose a pixel all around, and more than that two."""
    evened = made._evened(square(side))
    if isinstance(after, int):
        assert evened.sum() == after * after
    elif after == "same":
        assert (evened == square(side)).all()
    else:
        # A neighbour of four, so no corner; below 108 twice.
        assert evened.sum() == side * side + 4 * side + (4 * side + 4)


def test_thin_lines_are_dilated_once_or_twice() -> None:
    plain = cross(14)
    assert plain.sum() < 108
    assert made._evened(plain)[0].sum() == 1  # two rows above the first
    wider = plain | np.roll(plain, 1, 0) | np.roll(plain, 1, 1)
    assert 108 < wider.sum() < 256
    assert made._evened(wider)[0].sum() == 0


def test_beyond_the_edge_is_paper() -> None:
    """So what reaches the first row and is eroded does not reach it any more."""
    bitmap = np.ones((32, 32), bool)
    bitmap[:, 20:] = False
    assert bitmap.sum() > 560
    evened = made._evened(bitmap)
    assert not evened[:2].any()
    assert evened[2:-2, 2:18].all()


def test_pictures_are_like_those_of_the_data(digits: Dataset) -> None:
    """By rows, columns, ink and centre, where the model has no say."""
    ours = np.stack([picture(digit.strokes) for digit in drawn()])
    data = np.rint(digits.x[..., 0] * digits.maximum).astype(int)

    def outer(pictures: np.ndarray, axis: int, place: int) -> float:
        return float(pictures.take(place, axis).any(axis=1).mean())

    for place in (0, 7):
        assert outer(ours, 1, place) >= 0.99  # rows; all of the data's
        assert outer(ours, 2, place) <= 0.25  # columns; 1 % and 12 % of the data's
        assert outer(data, 1, place) >= 0.99
        assert outer(data, 2, place) <= 0.25
    ink = data.sum((1, 2))
    low, high = np.percentile(ink, [1, 99])
    assert np.mean((ours.sum((1, 2)) >= low) & (ours.sum((1, 2)) <= high)) >= 0.95
    assert abs(ours.sum((1, 2)).mean() - ink.mean()) < ink.std()
    columns = np.arange(8) + 0.5
    centres = [(p.sum(1) @ columns / p.sum((1, 2))).mean() for p in (ours, data)]
    assert centres[0] == pytest.approx(centres[1], abs=0.2)
