"""Tests whether a difference between two windows is more than chance: counts of events, and shapes of histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from msgspec import Struct

from bttop.model.format.floats import as_float
from bttop.model.record.records import Bucket

ERROR = 0.01
"""Accepted probability that any key of a map is reported as changed by chance."""
_SMIRNOV = 1.628
"""Critical value of the two-sample Kolmogorov-Smirnov statistic for an error of 1 %."""


class Count(Struct, frozen=True):
    """The count of one key in one window."""

    total: float
    exposure: float
    """Length of the window in seconds; for shares, the total of all keys."""
    squares: float
    """Sum over the flushes of amount squared divided by exposure."""
    flushes: int
    """Flushes of the window, with or without the key."""

    @property
    def rate(self) -> float:
        return self.total / self.exposure if self.exposure > 0 else 0.0


def dispersion(*windows: Count) -> float:
    """Return how much more the amounts of one key vary between flushes than a steady Poisson stream of ones would.

    Pearson's statistic divided by its degrees of freedom (McCullagh and Nelder, Generalized Linear Models, 2nd edition,
    1989, 6.2.4: quasi-likelihood). It is valid for bursts of events and for sums of bytes. The result is at least 1. If
    the windows have too few flushes, all amounts may have come in one burst: the result is then the larger total.
    """
    found, freedom = 0.0, 0
    for one in windows:
        freedom += max(one.flushes - 1, 0)
        if one.total > 0 and one.exposure > 0:
            found += max(0.0, one.squares * one.exposure / one.total - one.total)
    return max(1.0, found / freedom) if freedom else max(1.0, *(one.total for one in windows))


def rate_score(before: Count, after: Count) -> float:
    """Return the standard normal score of the difference of two rates, from the square roots of the counts (Huffman, An
    improved approximate two-sample Poisson test, Applied Statistics 33, 1984). Counts are divided by their dispersion.
    """
    if before.exposure <= 0 or after.exposure <= 0:
        return 0.0
    spread = dispersion(before, after)
    ratio = after.exposure / before.exposure
    first, last = max(before.total, 0.0) / spread + 0.375, max(after.total, 0.0) / spread + 0.375
    return 2 * (math.sqrt(last) - math.sqrt(ratio * first)) / math.sqrt(1 + ratio)


def least_score(comparisons: int) -> float:
    """Return the smallest score that is more than chance in so many comparisons (Bonferroni)."""
    return NormalDist().inv_cdf(1 - ERROR / 2 / max(comparisons, 1))


class Level(Struct):
    """A value that is not a count, such as an average or a maximum, in the flushes of one window."""

    flushes: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Add the value of one more flush."""
        self.flushes += 1
        self.total += value
        self.squares += value * value

    @property
    def mean(self) -> float:
        return self.total / self.flushes if self.flushes else 0.0

    @property
    def error(self) -> float:
        """Variance of the mean. A value that hardly varies is taken to vary by 1 %."""
        if self.flushes < 2:
            return math.inf
        spread = (self.squares - self.flushes * self.mean**2) / (self.flushes - 1)
        return max(spread, (0.01 * self.mean) ** 2) / self.flushes


def level_score(before: Level, after: Level) -> float:
    """Return the score of the difference of two means by their standard errors (Welch); 0 with fewer than two flushes
    in a window."""
    error = before.error + after.error
    difference = after.mean - before.mean
    if difference == 0 or not math.isfinite(error):
        return 0.0
    return difference / math.sqrt(error) if error else math.copysign(math.inf, difference)


class Shift(Struct, frozen=True):
    """The distance of two histograms."""

    distance: float
    """The largest difference between their cumulative shares, 0 to 1."""
    is_real: bool


def shift(before: Sequence[Bucket], after: Sequence[Bucket], spread: float = 1.0) -> Shift:
    """Compare two histograms by the Kolmogorov-Smirnov statistic at the edges of their buckets. `spread` is the
    dispersion of their counts. Because of the buckets, the test may miss a difference, but does not invent one."""
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
    """Return the counts by upper edge."""
    counts: dict[float, float] = {}
    for one in buckets:
        edge = math.inf if one.high is None else as_float(one.high)
        counts[edge] = counts.get(edge, 0.0) + max(one.count, 0)
    return counts
