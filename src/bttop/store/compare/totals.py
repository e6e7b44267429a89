"""Totals over a part of a recording: adds up the flushes of each map and measures how much they vary.

Flushes are not kept: memory depends only on the number of different keys, which is limited.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.flush.rates import ADDITIVE, amount
from bttop.model.format.floats import as_float
from bttop.model.plan import Aggregation, MapPlan
from bttop.model.record.keys import key_order
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.values import histogram, made_stats, merge

MOST_KEYS = 50_000
"""Most keys of one map. Above it only the largest half is kept; dropped keys are counted."""

_AT_ONCE = 256
"""Rows in a step."""

_WORD = 1 << 64

_LARGE = 1 << 63
"""Smaller numbers can be squared without overflowing a float."""


class Total(Struct):
    """One key over all flushes."""

    value: Value
    squares: float = 0.0
    """Sum over the flushes of amount squared divided by exposure, to detect bursts (see significance.py)."""
    flushes: int = 0
    """Number of flushes that have the key."""


class MapTotals(Struct):
    """One map over all flushes."""

    plan: MapPlan
    """Plan of the newest flush."""
    rows: dict[str, Total] = field(default_factory=dict)
    seconds: float = 0.0
    """Observed time; time that two generations both observed counts once."""
    flushes: int = 0
    let_go: int = 0
    """Number of keys that were dropped because there were too many."""
    let_go_amount: float = 0.0
    """Total amount of the dropped keys, without their signs."""
    let_go_net: float = 0
    """Their sum."""
    is_mixed: bool = False
    """Whether the map changed its kind; the totals then hold only the flushes of the newest kind."""

    is_scaled: bool = False
    """Whether the values of a flush were scaled, because its program took one event in N."""

    @property
    def is_additive(self) -> bool:
        """Whether rows can be added up, with each other and over time."""
        return not self.plan.is_state and (self.plan.aggregation in ADDITIVE or self.plan.aggregation == "avg")

    @property
    def mark(self) -> str:
        """The mark in front of each number that grows with events: `~` if any of its flushes was scaled, else empty."""
        return "~" if self.is_scaled and self.is_additive else ""

    @property
    def is_histogram(self) -> bool:
        return self.plan.aggregation in ("hist", "lhist")

    @property
    def net(self) -> float:
        """The sum of all rows, which may be negative, with the dropped keys. Exact if every row is an integer."""
        return self.let_go_net + sum(_number(row.value) for row in self.rows.values())

    @property
    def amount(self) -> float:
        """Amount of all rows without their signs, with the dropped keys: the whole of which a row has a share."""
        return self.let_go_amount + sum(abs(amount(row.value) or 0.0) for row in self.rows.values())

    def top(self, count: int) -> list[tuple[str, Total]]:
        """Return the largest `count` rows, largest first; rows that can be added up, by their share."""
        return heapq.nsmallest(count, self.rows.items(), key=self._place)

    def _place(self, item: tuple[str, Total]) -> tuple[float, object]:
        key, row = item
        found = _number(row.value)
        return -abs(found) if self.is_additive else -found, key_order(key)

    def buckets(self) -> tuple[Bucket, ...]:
        """Return the histograms of all keys, merged into one."""
        value, _ = merge([row.value for row in self.rows.values()], "hist") if self.rows else ((), True)
        return histogram(value)

    def add(self, data: MapData, share: float, seconds: float) -> None:
        """Add `share` (0 to 1) of the map of one flush, which was `seconds` long."""
        for _ in self.add_in_steps(data, share, seconds):
            pass

    def add_in_steps(self, data: MapData, share: float, seconds: float) -> Iterator[None]:
        """The same as `add`. Yields after each step."""
        if _nature(data.plan) != _nature(self.plan):
            self._start_again()
        self.plan = data.plan
        self.flushes += 1
        self.is_scaled = self.is_scaled or data.plan.one_in > 1
        self.seconds += seconds * share
        if data.plan.is_state and data.rows:
            self.rows.clear()  # the last non-empty print replaces earlier ones
        others = data.rows
        if share >= 1.0 and data.plan.aggregation in ("count", "sum") and self.is_additive:
            others = self._add_counts(data.rows, 1.0 / max(seconds, 1e-9))
        for number, (key, value) in enumerate(others.items(), 1):
            self._add_row(key, _counted(value, data.plan.aggregation), share, seconds)
            if not number % _AT_ONCE:
                yield
        if len(self.rows) > MOST_KEYS:
            self._let_go()

    def _start_again(self) -> None:
        self.is_mixed = self.is_mixed or bool(self.rows)
        self.rows.clear()
        self.seconds, self.flushes, self.let_go, self.let_go_amount, self.let_go_net = 0.0, 0, 0, 0.0, 0

    def _add_counts(self, rows: Mapping[str, Value], per_second: float) -> dict[str, Value]:
        """Add the plain numbers of known keys, which are most rows; return the other rows."""
        others = {}
        for key, value in rows.items():
            row = self.rows.get(key)
            if row is None or type(value) is not int or type(row.value) is not int or not -_LARGE < value < _LARGE:
                others[key] = value
                continue
            row.value += value
            row.flushes += 1
            row.squares += value * value * per_second
        return others

    def _add_row(self, key: str, value: Value, share: float, seconds: float) -> None:
        part = scaled(value, share) if share < 1.0 and self.is_additive else value
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = Total(part)
        else:
            row.value = _both(row.value, part, self.plan.aggregation)
        row.flushes += 1
        found = as_float(value) if type(value) is int else amount(value) or 0.0
        row.squares += found * found * share / max(seconds, 1e-9)

    def _let_go(self) -> None:
        kept = dict(self.top(MOST_KEYS // 2))
        dropped = [row.value for key, row in self.rows.items() if key not in kept]
        self.let_go_amount += sum(abs(amount(value) or 0.0) for value in dropped)
        self.let_go_net += sum(map(_number, dropped))
        self.let_go += len(self.rows) - len(kept)
        self.rows = kept


def _number(value: Value) -> float:
    """The amount of a value, exact for a 64-bit integer: a float is rounded from 2^53 on."""
    return value if type(value) is int and abs(value) < _WORD else amount(value) or 0.0


class HandOver:
    """Finds the part of each flush of a program that no earlier flush has counted."""

    def __init__(self) -> None:
        self._seen_ns = 0

    def new_share(self, flush: Flush) -> float:
        """Return the part (0 to 1) of the next flush that no earlier flush covers: at a hand-over both generations
        count for a while. Flushes of several heartbeats overlap on purpose; each counts in full."""
        if flush.mark and len(flush.origin.plan.heartbeats) > 1:
            return 1.0
        length = max(flush.end_ns - flush.start_ns, 1)
        fresh = max(0, flush.end_ns - max(flush.start_ns, self._seen_ns))
        self._seen_ns = max(self._seen_ns, flush.end_ns)
        return min(1.0, fresh / length)


class StretchTotals:
    """The totals of all maps of one program over a period of time."""

    def __init__(self) -> None:
        self.maps: dict[str, MapTotals] = {}
        """Map name in the user's script to totals."""
        self.flushes = 0
        self._hand_over = HandOver()

    def shown(self, described: Sequence[str]) -> list[str]:
        """Return the maps to show: first those that front matter describes, in its order. Assigned values that were
        never printed are left out."""
        names = [name for name, one in self.maps.items() if one.rows or one.plan.aggregation != "value"]
        return sorted(names, key=lambda name: described.index(name) if name in described else len(described))

    def add(self, flush: Flush) -> None:
        """Add the next flush; flushes must come in the order of their ends."""
        for _ in self.add_in_steps(flush):
            pass

    def add_in_steps(self, flush: Flush) -> Iterator[None]:
        """The same as `add`. Yields after each step, which takes a few milliseconds."""
        share = self._hand_over.new_share(flush)
        self.flushes += 1
        for name, data in flush.maps.items():
            if name not in self.maps:
                self.maps[name] = MapTotals(data.plan)
            yield from self.maps[name].add_in_steps(data, share, flush.seconds)


def _nature(plan: MapPlan) -> tuple[Aggregation, int, bool]:
    """Return the properties that must be equal for the flushes of a map to be added up."""
    return plan.aggregation, plan.arity, plan.is_state


def _both(one: Value, other: Value, aggregation: Aggregation) -> Value:
    """Merge two values of one key. Counts, which are most values, have a fast path: `merge` takes ten times as long."""
    if aggregation in ("count", "sum") and type(one) is int and type(other) is int:
        return one + other
    return merge([one, other], aggregation)[0]


def _counted(value: Value, aggregation: Aggregation) -> Value:
    """Return a plain average as stats with count 1, so that the average of many intervals is their mean."""
    return Stats(1, value, value) if aggregation == "avg" and type(value) is int else value


def scaled(value: Value, share: float) -> Value:
    """Return `share` (0 to 1) of an additive value."""
    if isinstance(value, Stats):
        return made_stats(round(as_float(value.count) * share), round(as_float(value.total) * share), value.average)
    if isinstance(value, tuple):
        return tuple([Bucket(one.low, one.high, round(as_float(one.count) * share)) for one in histogram(value)])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    found = as_float(value) * share
    return round(found) if abs(found) < 1e300 else value
