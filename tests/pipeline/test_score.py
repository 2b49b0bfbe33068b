"""Wilson intervals against the literature, and what must hold for every proportion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinycnn.pipeline.score import Score, pool, wilson


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_published_values(correct: int, total: int, low: float, high: float) -> None:
    assert wilson(correct, total) == pytest.approx((low, high), abs=5e-5)


counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_wilson_holds_the_proportion(count: tuple[int, int]) -> None:
    correct, total = count
    low, high = wilson(correct, total)
    assert 0 <= low <= correct / total <= high <= 1
    assert low < high


@given(counts)
def test_wilson_mirrors(count: tuple[int, int]) -> None:
    correct, total = count
    low, high = wilson(correct, total)
    mirrored = wilson(total - correct, total)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(counts)
def test_wilson_ends_solve_the_score_equation(count: tuple[int, int]) -> None:
    """Its definition: |p - end| is z standard errors of `end` itself."""
    correct, total = count
    for end in wilson(correct, total):
        if 0 < end < 1:
            p = correct / total
            assert (p - end) ** 2 == pytest.approx(1.959964**2 * end * (1 - end) / total, rel=1e-4)


@pytest.mark.parametrize(("correct", "total"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_proportion(correct: int, total: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson(correct, total)


def test_pool_counts_all() -> None:
    assert pool([Score(1, 2), Score(5, 8)]) == Score(6, 10)
