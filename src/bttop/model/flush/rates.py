"""The amount of a value, and its rate per second."""

from __future__ import annotations

from bttop.model.flush.contents import MapData
from bttop.model.format.floats import as_float
from bttop.model.plan import Aggregation
from bttop.model.record.records import Stats, Value
from bttop.model.record.values import events, histogram

ADDITIVE: frozenset[Aggregation] = frozenset({"count", "sum", "stats", "hist", "lhist"})
"""Aggregations whose rows can be added up and divided by time; a minimum or an average cannot."""


def amount(value: Value) -> float | None:
    """The amount of a value: the number itself, or the number of events in stats and histograms.

    None for text and other values without an amount.
    """
    if isinstance(value, Stats):
        return as_float(value.count)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return as_float(value)
    if isinstance(value, tuple):
        return as_float(events(value)) if len(histogram(value)) == len(value) else None
    return None


def rate(value: Value, seconds: float) -> float | None:
    """The amount of a value per second of an interval; None if it has no amount."""
    found = amount(value)
    return None if found is None or seconds <= 0 else found / seconds


def is_additive(data: MapData) -> bool:
    """Whether the rows of a map can be added up, with each other and over time. A rewritten `avg()` can, because it
    carries its counts; a print that holds everything so far cannot."""
    if data.plan.is_state:
        return False
    if data.plan.aggregation == "avg":
        is_rewritten = data.plan.scheme in ("bank", "cumulative")
        return all(isinstance(value, Stats) for value in data.rows.values()) if data.rows else is_rewritten
    return data.plan.aggregation in ADDITIVE


def total(data: MapData) -> float | None:
    """The sum of the amounts of all rows; 0 for an empty map, None if rows cannot be added up."""
    if data.rows and not is_additive(data):
        return None
    return sum([amount(value) or 0.0 for value in data.rows.values()])
