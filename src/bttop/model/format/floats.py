"""Convert numbers of any size and kind to floats."""

from __future__ import annotations

import math


def as_float(number: float) -> float:
    """The number as a float; infinite if an integer is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def ratio(part: float, total: float) -> float:
    """`part` divided by `total`, limited to 0 to 1; 0 if one of them is NaN or not above zero."""
    part, total = as_float(part), as_float(total)
    if math.isnan(part) or not part > 0 or not total > 0:
        return 0.0
    return 1.0 if part >= total else part / total
