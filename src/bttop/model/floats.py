"""Numbers of any size and kind as floats."""

from __future__ import annotations

import math


def as_float(number: float) -> float:
    """The number as a float; infinite where an integer is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def ratio(part: float, total: float) -> float:
    """Which part of the total, 0 to 1; whatever is no number counts as nothing."""
    part, total = as_float(part), as_float(total)
    if math.isnan(part) or not part > 0 or not total > 0:
        return 0.0
    return 1.0 if part >= total else part / total
