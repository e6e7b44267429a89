"""The numbers of a row that have a course over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from bttop.model.flush.contents import MapData
from bttop.model.flush.rates import amount, is_additive
from bttop.model.flush.rates import total as total_of
from bttop.model.format.floats import as_float
from bttop.model.format.percentiles import Quantile, quantile, scale_of
from bttop.model.record.records import Stats, Value
from bttop.model.record.values import histogram

Number = Literal["rate", "value", "average", "sum", "p50", "p90", "p99", "total"]
"""`rate`: events, or the sum, per second. `value`: the number as it is. `average` and `sum` (per second): of stats.
`p50` to `p99`: percentiles of a histogram. `total`: all rows of the map, per second."""

PERCENTILES: Final[tuple[Number, ...]] = ("p50", "p90", "p99")


class Reading(NamedTuple):
    """A number in one flush."""

    value: float
    """NaN if the flush has no such number."""
    range: Quantile | None = None
    """The range that holds it, for a percentile."""


NOTHING: Final = Reading(math.nan)


def numbers_of(data: MapData, key: str) -> Sequence[tuple[Number, ...]]:
    """The numbers of a row, those that belong together in one tuple; empty for a value without a number. A row that is
    not there has those of the others."""
    value = data.rows.get(key, next(iter(data.rows.values()), None))
    if data.plan.aggregation in ("hist", "lhist"):
        return (PERCENTILES, ("rate",)) if is_additive(data) else (PERCENTILES, ("value",))
    if isinstance(value, Stats):
        return ("rate",), ("average",), ("sum",)
    if data.plan.aggregation in ("count", "sum") and is_additive(data):
        return (("rate",),)
    return (("value",),) if value is None or amount(value) is not None else ()


def read_number(data: MapData, key: str, number: Number, seconds: float) -> Reading:
    """A number of a row in a flush of `seconds`. A row that is not there has the rate 0 if rows add up; otherwise it
    has no number."""
    if number == "total":
        found = total_of(data)
        return NOTHING if found is None else Reading(found / max(seconds, 1e-9))
    value = data.rows.get(key)
    if value is None:
        return Reading(0.0) if number in ("rate", "sum") and is_additive(data) else NOTHING
    if number in PERCENTILES:
        found_range = quantile(histogram(value), int(number[1:]) / 100, scale_of(data.plan.aggregation))
        return NOTHING if found_range is None else Reading(found_range.value, found_range)
    return Reading(_plain(value, number, max(seconds, 1e-9)))


def _plain(value: Value, number: Number, seconds: float) -> float:
    if number in ("average", "sum"):
        if not isinstance(value, Stats):
            return math.nan
        return as_float(value.average) if number == "average" else as_float(value.total) / seconds
    found = amount(value)
    if found is None:
        return math.nan
    return found / seconds if number == "rate" else found
