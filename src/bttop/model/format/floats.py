"""Convert numbers of any size and kind to floats."""

from __future__ import annotations

import math
from collections.abc import Sequence


def as_float(number: float) -> float:
    """The number as a float; infinite if an integer is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def ratio(part: float, total: float) -> float:
    """`part` divided by `total`, limited to 0 to 1; 0 if one of them is NaN or not above zero."""
    if isinstance(part, int) or isinstance(total, int):
        part, total = as_float(part), as_float(total)
    # A comparison with NaN is False.
    if not part > 0 or not total > 0:
        return 0.0
    return 1.0 if part >= total else part / total


def known(values: Sequence[float]) -> Sequence[float]:
    """The values without those of flushes that have none (NaN)."""
    # One sum shows whether there are any: this runs for every row on screen.
    return [value for value in values if value == value] if math.isnan(sum(values)) else values
