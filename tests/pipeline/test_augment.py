"""Redrawing: what it leaves, what it changes, and that it is the same each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinycnn.pipeline.augment import FINE, Augment, Redrawer
from tinycnn.pipeline.dataset import Dataset

NOTHING = Augment(rotation=0, shear=0, scale=0, elastic=0, thickness=0, shift=0)


@pytest.fixture(scope="module")
def redrawer(digits: Dataset) -> Redrawer:
    return Redrawer(digits.part("train").x)


def test_the_fine_image_counts_what_the_pixels_say(digits: Dataset, redrawer: Redrawer) -> None:
    """In dots of the 16 in a pixel."""
    error = 16 * np.abs(redrawer.moved() - digits.part("train").x)
    assert error.mean() < 0.4
    assert error.max() <= 6


def test_variants_look_like_the_data(digits: Dataset, redrawer: Redrawer) -> None:
    x = digits.part("train").x
    drawn = redrawer.draw(np.arange(len(x)), np.random.default_rng(1), Augment())
    assert drawn.shape == x.shape
    assert drawn.dtype == np.float32
    assert set(np.unique(drawn * 16)) == set(range(17))  # counts, as the data are
    assert abs(float(drawn.mean()) - float(x.mean())) < 0.02
    assert redrawer.fitted  # so variants touch the upper and the lower edge as well
    assert ((drawn[:, 0].max(axis=(1, 2)) > 0).mean()) > 0.98
    assert ((drawn[:, -1].max(axis=(1, 2)) > 0).mean()) > 0.98


def test_each_change_changes(redrawer: Redrawer) -> None:
    def drawn(how: Augment) -> np.ndarray:
        return redrawer.draw(np.arange(50), np.random.default_rng(2), how)

    still = drawn(NOTHING)
    for name in ("rotation", "shear", "scale", "elastic", "thickness", "shift"):
        changed = drawn(replace(NOTHING, **{name: getattr(Augment(), name)}))
        assert np.abs(changed - still).mean() > 0.01, name


def test_same_generator_same_variants(redrawer: Redrawer) -> None:
    first, again, other = (
        redrawer.draw(np.arange(20), np.random.default_rng(seed), Augment()) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_moved_by_a_pixel(redrawer: Redrawer) -> None:
    still = redrawer.moved()
    assert np.array_equal(redrawer.moved(right=FINE)[:, :, 1:], still[:, :, :-1])
    assert np.array_equal(redrawer.moved(down=FINE)[:, 1:], still[:, :-1])
    assert redrawer.moved(level=-0.5).mean() > still.mean() > redrawer.moved(level=0.5).mean()


def test_colours_are_bent_and_not_inked() -> None:
    x = np.random.default_rng(5).random((6, 9, 7, 3), np.float32)
    redrawer = Redrawer(x)
    assert not redrawer.inked
    assert not redrawer.fitted
    drawn = redrawer.draw(np.array([2, 2]), np.random.default_rng(6), Augment())
    assert drawn.shape == (2, 9, 7, 3)
    assert 0 < drawn.mean() < 1
    assert np.abs(redrawer.moved() - x).mean() < 0.1


def test_mild_is_half() -> None:
    assert Augment().mild() == replace(
        Augment(), rotation=8, shear=0.15, scale=0.1, elastic=0.7, thickness=0.25, shift=1
    )
