"""Whether a difference between two windows is more than chance: counts of events, and shapes of histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

from bttop.model.floats import as_float
from bttop.model.records import Bucket

ERROR = 0.01
"""How likely it may be that any key of a map is called changed by accident."""
_SMIRNOV = 1.628
"""Of the two-sample Kolmogorov-Smirnov statistic, for an error of 1 %."""


class Count(NamedTuple):
    """What was counted of one key in one window."""

    total: float
    exposure: float
    """Seconds of the window; for shares, what was counted of all keys."""
    squares: float
    """Sum over the flushes of amount squared by exposure."""
    flushes: int
    """Of the window, those without the key included."""

    @property
    def rate(self) -> float:
        return self.total / self.exposure if self.exposure > 0 else 0.0


def dispersion(*windows: Count) -> float:
    """How much more the amounts of one key vary from flush to flush than a steady Poisson stream of ones would.

    Pearson's statistic over its degrees of freedom (McCullagh and Nelder, Generalized Linear Models, 2nd edition,
    1989, 6.2.4: quasi-likelihood). It holds for events that come in bursts and for sums of bytes alike. Never below 1.
    Where a window is too short to tell, everything may have come at once.
    """
    found, freedom = 0.0, 0
    for one in windows:
        freedom += max(one.flushes - 1, 0)
        if one.total > 0 and one.exposure > 0:
            found += max(0.0, one.squares * one.exposure / one.total - one.total)
    return max(1.0, found / freedom) if freedom else max(1.0, *(one.total for one in windows))


def rate_score(before: Count, after: Count) -> float:
    """The standard normal score of the difference of two rates, by the square roots of the counts (Huffman, An improved
    approximate two-sample Poisson test, Applied Statistics 33, 1984), the counts divided by their dispersion."""
    if before.exposure <= 0 or after.exposure <= 0:
        return 0.0
    spread = dispersion(before, after)
    ratio = after.exposure / before.exposure
    first, last = max(before.total, 0.0) / spread + 0.375, max(after.total, 0.0) / spread + 0.375
    return 2 * (math.sqrt(last) - math.sqrt(ratio * first)) / math.sqrt(1 + ratio)


def least_score(comparisons: int) -> float:
    """The score from which one of so many comparisons is no accident (Bonferroni)."""
    return NormalDist().inv_cdf(1 - ERROR / 2 / max(comparisons, 1))


class Shift(NamedTuple):
    """How far two histograms lie apart."""

    distance: float
    """The largest difference between their cumulative shares, 0 to 1."""
    is_real: bool


def shift(before: Sequence[Bucket], after: Sequence[Bucket], spread: float = 1.0) -> Shift:
    """Compare two histograms by the Kolmogorov-Smirnov statistic, on the edges of their buckets; `spread` is the
    dispersion of their counts. On buckets the test errs on the side of no difference."""
    first, last = _counts(before), _counts(after)
    whole_first, whole_last = sum(first.values()), sum(last.values())
    if not whole_first or not whole_last:
        return Shift(0.0, is_real=False)
    distance = cumulated_first = cumulated_last = 0.0
    for edge in sorted({*first, *last}):
        cumulated_first += first.get(edge, 0.0) / whole_first
        cumulated_last += last.get(edge, 0.0) / whole_last
        distance = max(distance, abs(cumulated_first - cumulated_last))
    events = whole_first * whole_last / (whole_first + whole_last) / spread
    return Shift(distance, distance * math.sqrt(events) > _SMIRNOV)


def _counts(buckets: Sequence[Bucket]) -> dict[float, float]:
    """Counts by the upper edge."""
    counts: dict[float, float] = {}
    for _, high, count in buckets:
        edge = math.inf if high is None else as_float(high)
        counts[edge] = counts.get(edge, 0.0) + max(count, 0)
    return counts
