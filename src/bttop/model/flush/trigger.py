"""Conditions on what a program counted in one interval, such as `p99(@usecs) > 5ms`: parsed once, checked at every
flush."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.flush.rates import amount, total
from bttop.model.format.floats import as_float
from bttop.model.format.percentiles import quantile, scale_of
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.values import added_buckets, histogram
from bttop.patterns import pattern

_SHAPE: Final = pattern(
    r"\s*(?P<function>[a-z]+\d*)\s*\(\s*(?:(?P<program>[^:@()]+):\s*)?(?P<map>@\w*)\s*\)"
    r"\s*(?P<operator>>=|<=|==|!=|>|<)\s*(?P<number>\d{1,18}(?:\.\d{1,9})?)\s*(?P<unit>[A-Za-zµ%]*)\s*",
    re.ASCII,
)
_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_NANOSECONDS: Final = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
_STEPS: Final = {"K": 1, "M": 2, "G": 3}
_PERCENTILE: Final = pattern(r"p(\d{1,2})")
_NAMED_UNITS: Final = pattern(r"(?:\A|_)(ns|us|ms|s)(?:ecs?)?\Z")
_SUMS: Final = ("count", "sum", "rate")


class Trigger(Struct, frozen=True):
    """A condition. `text` is the input of the user."""

    text: str
    function: str
    map: str
    """With its `@`."""
    operator: str
    number: float
    unit: str = ""
    """`ns`, `us`, `ms` and `s` are converted to the map's unit; `K`, `M` and `G` multiply; `%` and empty are plain
    numbers."""
    program: str = ""
    """The program to check; empty for any program that has such a map."""

    def concerns(self, program: str) -> bool:
        """Whether the flushes of a program are to be checked."""
        return not self.program or self.program == program

    def value(self, flush: Flush) -> float | None:
        """The result of the function for a flush, in the map's unit; None if there is nothing to check."""
        data = flush.maps.get(self.map)
        return None if data is None else _value(self.function, data, flush.seconds)

    def holds(self, flush: Flush) -> bool:
        """Whether a flush fulfils the condition. False if it has no such map or no rows to check."""
        data = flush.maps.get(self.map)
        found = self.value(flush)
        limit = None if data is None else self.limit(data)
        if found is None or limit is None:
            return False
        return _OPERATORS[self.operator](found, limit)

    def limit(self, data: MapData) -> float | None:
        """The number in the unit of a map; None if the condition has a time unit and the map's unit is unknown."""
        if self.unit in _STEPS:
            return self.number * float((1024 if data.plan.unit == "bytes" else 1000) ** _STEPS[self.unit])
        if self.unit not in _NANOSECONDS:
            return self.number
        unit = unit_of(data.plan.name, data.plan.unit)
        return self.number * _NANOSECONDS[self.unit] / _NANOSECONDS[unit] if unit in _NANOSECONDS else None


def parse_trigger(text: str) -> Trigger | str:
    """Parse a condition; return the reason as text if it is not one."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return f"{text!r} is not a condition; write for example p99(@usecs) > 5ms, or rate(syscalls:@calls) > 100K"
    function, unit = found["function"], found["unit"].replace("µ", "u")
    if function not in (*_SUMS, "max", "min", "avg") and not _PERCENTILE.fullmatch(function):
        return f"there is no function {function}; use p50, p90, p99 (any percentile), max, min, avg, count, sum or rate"
    if unit not in ("", "%", *_NANOSECONDS, *_STEPS):
        return f"there is no unit {unit}; use ns, us, ms, s, K, M, G or %"
    if function in ("count", "rate") and unit in _NANOSECONDS:
        return f"{function} counts events and has no time unit"
    program = (found["program"] or "").strip()
    return Trigger(text.strip(), function, found["map"], found["operator"], float(found["number"]), unit, program)


def unit_of(name: str, unit: str) -> str:
    """The unit of a map: from front matter, else from its name (`@usecs`, `@latency_us`, `@ns`)."""
    told = _NAMED_UNITS.search(name.removeprefix("@"))
    return unit or ("" if told is None else told[1])


def _value(function: str, data: MapData, seconds: float) -> float | None:
    if function == "rate":
        found = total(data)
        return None if found is None else found / seconds
    if function == "count":
        return sum([_events(value, data) for value in data.rows.values()])
    if function == "sum":
        return _sum(data)
    values = list(data.rows.values())
    if not values:
        return None
    percentile = _PERCENTILE.fullmatch(function)
    if percentile is not None:
        merged = added_buckets(bucket for value in values for bucket in histogram(value))
        found_quantile = quantile(merged, int(percentile[1]) / 100, scale_of(data.plan.aggregation))
        return None if found_quantile is None else found_quantile.value
    return _average(values) if function == "avg" else _extreme(values, highest=function == "max")


def _events(value: Value, data: MapData) -> float:
    """How many events a row represents: one if its value is a measurement instead of a count."""
    if data.plan.aggregation == "count" or not isinstance(value, int | float):
        return amount(value) or 0.0
    return 1.0


def _sum(data: MapData) -> float | None:
    found = [
        as_float(value.total) if isinstance(value, Stats) else amount(value)
        for value in data.rows.values()
        if not histogram(value)
    ]
    numbers = [one for one in found if one is not None]
    return sum(numbers) if numbers or not data.rows else None


def _average(values: list[Value]) -> float | None:
    stats = [value for value in values if isinstance(value, Stats)]
    if stats:
        events = sum(one.count for one in stats)
        return as_float(sum(one.total for one in stats)) / events if events else None
    numbers = [as_float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return sum(numbers) / len(numbers) if numbers else None


def _extreme(values: list[Value], *, highest: bool) -> float | None:
    """The largest or smallest row: for a histogram the end of its outermost bucket, for stats their average."""
    numbers = [one for value in values for one in _ends(value, highest=highest)]
    return (max(numbers) if highest else min(numbers)) if numbers else None


def _ends(value: Value, *, highest: bool) -> list[float]:
    if isinstance(value, Stats):
        return [as_float(value.average)]
    used: list[Bucket] = [bucket for bucket in histogram(value) if bucket.count > 0]
    if used:
        bucket = used[-1] if highest else used[0]
        ends = (bucket.high, bucket.low) if highest else (bucket.low, bucket.high)
        return [as_float(end) for end in ends if end is not None][:1]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return [as_float(value)] if is_number and isinstance(value, int | float) else []
