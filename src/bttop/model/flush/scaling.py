"""Scales what a thinned program has counted: it took one event in N, so each count stands for N events."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Final

from bttop.model.plan import Aggregation, MapPlan
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.values import histogram

SCALED: Final[frozenset[Aggregation]] = frozenset({"count", "sum", "avg", "stats", "hist", "lhist"})
"""Aggregations that grow with the number of events. An average stays, only its count and total grow."""


def scaled_rows(rows: Mapping[str, Value], plan: MapPlan) -> Mapping[str, Value]:
    """The rows of a map, scaled if it is thinned."""
    if plan.one_in == 1:
        return rows
    return {key: scaled(value, plan.one_in, plan.aggregation) for key, value in rows.items()}


def scaled(value: Value, one_in: int, aggregation: Aggregation) -> Value:
    """One value, as it would be if all events had been counted. A plain average and text stay as they are."""
    if isinstance(value, Stats):
        return Stats(value.count * one_in, value.average, value.total * one_in)
    if isinstance(value, tuple):
        return tuple([Bucket(one.low, one.high, one.count * one_in) for one in histogram(value)])
    if aggregation == "avg" or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return value * one_in


def standard_error(count: float, one_in: int) -> float:
    """The relative standard error of a scaled count: sqrt((1 - 1/N) / n), with n = count / N events counted of one in N
    that were chosen at random (a binomial distribution). 0 if all were counted; at most 1, also without any event."""
    return min(1.0, sqrt((one_in - 1) / count)) if count >= one_in else float(one_in > 1)
