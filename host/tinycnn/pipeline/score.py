"""How much a counted accuracy is worth: intervals for a proportion."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""


def wilson(correct: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """The score interval for a proportion, as (low, high) in [0, 1].

    With p = correct / total and n = total:

        (p + z²/2n  ±  z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)

    E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", J. Am. Stat. Assoc. 22 (1927) 209-212; method 3 in R. G. Newcombe,
    Statistics in Medicine 17 (1998) 857-872. It stays inside [0, 1] and keeps its
    coverage near 0 and 1, where the usual p ± z sqrt(p(1-p)/n) does not.

    Raises ValueError unless 0 <= correct <= total and total > 0.
    """
    if total <= 0 or not 0 <= correct <= total:
        raise ValueError(f"no proportion: {correct} of {total}")
    n = float(total)
    p = correct / n
    shrink = 1 + z * z / n
    centre = (p + z * z / (2 * n)) / shrink
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / shrink
    # The formula gives exactly 0 or 1 at the ends; rounding must not blur that.
    low = 0.0 if correct == 0 else centre - half
    high = 1.0 if correct == total else centre + half
    return low, high


@dataclass(frozen=True)
class Score:
    """So many right of so many."""

    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        """The proportion right, in [0, 1]."""
        return self.correct / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % Wilson interval, as (low, high)."""
        return wilson(self.correct, self.total)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.accuracy:.2%} ({low:.1%} to {high:.1%})"

    def as_dict(self) -> dict[str, float]:
        """The counts, the proportion and its interval, for metrics.json."""
        low, high = self.interval
        return {
            "correct": self.correct,
            "total": self.total,
            "accuracy": self.accuracy,
            "wilson_low": low,
            "wilson_high": high,
        }


def pool(scores: list[Score]) -> Score:
    """All scores counted as one."""
    return Score(sum(s.correct for s in scores), sum(s.total for s in scores))
