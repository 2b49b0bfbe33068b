"""Redrawing: what it leaves, what it changes, and that it is the same each time."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinycnn.pipeline import augment
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


def test_grey_photographs_have_no_strokes() -> None:
    x = 0.2 + 0.5 * np.random.default_rng(5).random((6, 9, 7, 1), np.float32)
    assert not Redrawer(x).inked
    x[:, :4] = 0
    assert Redrawer(x).inked


def test_mild_is_half() -> None:
    assert Augment().mild() == replace(
        Augment(), rotation=8, shear=0.15, scale=0.1, elastic=0.7, thickness=0.25, shift=1
    )


@given(
    shape=st.tuples(
        st.integers(1, 9), st.integers(4, 9), st.integers(4, 9), st.sampled_from([1, 3])
    ),
    dots=st.integers(1, 5000),
    kept=st.sampled_from([0, 1 << 20]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
def test_how_many_are_at_work_at_once_changes_nothing(
    shape: tuple[int, int, int, int], dots: int, kept: int, seed: int
) -> None:
    values = np.random.default_rng(seed)
    x = values.random(shape, np.float32) * (values.random(shape) > 0.5)
    picked = values.integers(0, shape[0], 12)

    def made() -> list[np.ndarray]:
        redrawer, generator = Redrawer(x), np.random.default_rng(seed)
        drawn = [redrawer.draw(picked, generator, Augment()) for _ in range(2)]
        return [*drawn, redrawer.moved(1.5, -2, 0.1)]

    whole = made()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(augment, "_AT_ONCE", dots)
        patch.setattr(augment, "_KEPT", kept)
        assert all(np.array_equal(*pair) for pair in zip(whole, made(), strict=True))


def test_many_large_images_take_little_memory() -> None:
    """As much again for the variants, and a bound for what is at work, whatever their number."""
    x = np.random.default_rng(7).random((600, 32, 32, 3), np.float32)
    tracemalloc.start()
    try:
        redrawer = Redrawer(x)
        redrawer.draw(np.arange(len(x)), np.random.default_rng(8), Augment())
        redrawer.moved(right=1.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * x.nbytes + (200 << 20)
