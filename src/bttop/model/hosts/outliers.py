"""Which of several hosts differ from the others in a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import median
from typing import Final

from msgspec import Struct

LEAST_HOSTS: Final = 4
"""Of fewer hosts none is an outlier: the median of three says little about them."""
LIMIT: Final = 3.0
"""Deviations from the median above which a host is an outlier."""
LEAST_SHARE: Final = 0.05
"""The least size of a deviation, as a share of the median: hosts that are almost equal have no outlier."""


class Standing(Struct, frozen=True):
    """One host among the others."""

    host: str
    value: float
    rank: int
    """From 1, the largest value; hosts with equal values have the same rank."""
    deviations: float
    """Distance from the median in median absolute deviations, negative below it; 0 for too few hosts."""

    @property
    def is_outlier(self) -> bool:
        """Whether it differs by more than LIMIT median absolute deviations."""
        return abs(self.deviations) > LIMIT


def standings(values: Mapping[str, float]) -> list[Standing]:
    """The hosts by their values, the largest first; those without a number (NaN) are left out."""
    known = {host: value for host, value in values.items() if not math.isnan(value)}
    ordered = sorted(known.items(), key=lambda pair: (-pair[1], pair[0]))
    middle, unit = _middle_and_unit(list(known.values()))
    ranks: dict[float, int] = {}
    return [
        Standing(host, value, ranks.setdefault(value, at), (value - middle) / unit if unit else 0.0)
        for at, (host, value) in enumerate(ordered, start=1)
    ]


def _middle_and_unit(values: list[float]) -> tuple[float, float]:
    """The median, and the median absolute deviation; the latter is 0 for too few hosts, else at least LEAST_SHARE of
    the median, and 1 if both are 0."""
    if len(values) < LEAST_HOSTS:
        return 0.0, 0.0
    middle = median(values)
    deviation = median(abs(value - middle) for value in values)
    return middle, max(deviation, LEAST_SHARE * abs(middle)) or 1.0
