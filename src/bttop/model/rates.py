"""What a value amounts to, and per second."""

from __future__ import annotations

from bttop.model.contents import MapData
from bttop.model.floats import as_float
from bttop.model.plan import Aggregation
from bttop.model.records import Stats, Value
from bttop.model.values import histogram

ADDITIVE: frozenset[Aggregation] = frozenset({"count", "sum", "stats", "hist", "lhist"})
"""Aggregations whose rows can be added up and divided by time; a minimum or an average cannot."""


def amount(value: Value) -> float | None:
    """How much a value counts for: the number itself, or the number of events in stats and histograms.

    None for text and other values that are no amount.
    """
    if isinstance(value, Stats):
        return as_float(value.count)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return as_float(value)
    if isinstance(value, tuple):
        buckets = histogram(value)
        return as_float(sum(bucket.count for bucket in buckets)) if len(buckets) == len(value) else None
    return None


def rate(value: Value, seconds: float) -> float | None:
    """The amount of a value per second of an interval, or None where it has none."""
    found = amount(value)
    return None if found is None or seconds <= 0 else found / seconds


def is_additive(data: MapData) -> bool:
    """Whether the rows of a map add up, among each other and over time. A rewritten `avg()` carries its counts and
    does; a print that holds everything so far does not."""
    if data.plan.is_state:
        return False
    if data.plan.aggregation == "avg":
        is_rewritten = data.plan.scheme in ("bank", "cumulative")
        return all(isinstance(value, Stats) for value in data.rows.values()) if data.rows else is_rewritten
    return data.plan.aggregation in ADDITIVE


def total(data: MapData) -> float | None:
    """The amounts of all rows together; 0 for an empty map, None where rows do not add up."""
    if data.rows and not is_additive(data):
        return None
    return sum([amount(value) or 0.0 for value in data.rows.values()])
