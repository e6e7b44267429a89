"""The weight of a value: what the width of a frame is proportional to."""

from __future__ import annotations

from bttop.model.plan import MapPlan
from bttop.model.record.records import Bucket, Stats, Value

_EVENTS = frozenset({"hist", "lhist"})


def weight_of(value: Value, grain: int = 1) -> int:
    """The weight of a value: a count or a sum itself, the total of stats, the events of a histogram; 0 for a value that
    has none. It may be negative. It is counted in parts of which `grain` are one, so that fractions are not lost."""
    if type(value) is int:
        return value * grain
    if isinstance(value, Stats):
        return value.total * grain
    if isinstance(value, tuple):
        return sum(one.count for one in value if isinstance(one, Bucket)) * grain
    if isinstance(value, float):
        return round(value * grain) if abs(value) < float("inf") else 0
    return 0


def weighs(plan: MapPlan) -> bool:
    """Whether the values of a map have weights that can be added up."""
    if plan.aggregation == "avg":
        return plan.scheme in ("bank", "cumulative")
    return plan.aggregation in ("count", "sum", "stats", *_EVENTS)


def weight_unit(plan: MapPlan) -> str:
    """The unit of the weights of a map; empty for events."""
    return "" if plan.aggregation in ("count", *_EVENTS) else plan.unit
