"""What a span of flushes holds together: one map out of the same map of many flushes.

Counts, sums, histograms and stats add up; min and max take the extreme. What a print holds as a state (an assigned
value, a map that is never cleared, a series, an average without its count) cannot be added: there the last print that
held anything stands.

When a program goes on in a new generation, both generations count for up to one interval: the first flush of the new
one covers (H1 - P, H1], and the last of the old one ended at h, somewhere in between. That stretch must not be counted
twice, so of the first flush only the share (H1 - h) / P is taken, as if its events were spread evenly over it. Rates
need no such care, since each flush has its own length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bttop.model.contents import MapData
from bttop.model.flush import Doubt, Flush
from bttop.model.plan import MapPlan
from bttop.model.records import Bucket, Stats, Value
from bttop.model.values import histogram, made_stats, merge

ADDING = frozenset({"count", "sum", "hist", "lhist", "stats", "avg"})
"""Aggregations of which a part of an interval holds a part."""
_EXTREME = frozenset({"min", "max"})


@dataclass(frozen=True, slots=True)
class Total:
    """Some flushes of one program as one."""

    maps: Mapping[str, MapData] = field(default_factory=dict)
    """By the user's names, under the newest plan of each."""
    flushes: int = 0
    start_ns: int = 0
    end_ns: int = 0
    """From the first flush's start to the last one's end, on the clock of `nsecs`."""
    counted_ns: int = 0
    """How much of that the flushes cover, nothing twice: less where flushes are missing."""
    doubts: frozenset[Doubt] = frozenset()
    """Those of all flushes."""
    shared: int = 0
    """Flushes of which only a share was taken."""


def total(flushes: Iterable[Flush]) -> Total:
    """The flushes of one program, oldest first, as one. Nothing is kept of them, so there may be any number."""
    return _Sum().of(flushes)


def share(flush: Flush, covered_ns: int) -> float:
    """The part of a flush, from 0 to 1, that lies after `covered_ns`, up to which earlier generations have counted."""
    length = flush.end_ns - flush.start_ns
    if length <= 0:
        return 1.0 if flush.end_ns > covered_ns else 0.0
    return min(1.0, max(0, flush.end_ns - covered_ns) / length)


class _Sum:
    """The sum so far."""

    def __init__(self) -> None:
        self._maps: dict[str, _Map] = {}
        self._doubts: set[Doubt] = set()
        self._generation = 0
        self._covered_ns = 0
        self._end_ns = 0

    def of(self, flushes: Iterable[Flush]) -> Total:
        count = shared = start_ns = counted_ns = 0
        for flush in flushes:
            part = self._part(flush)
            start_ns = start_ns if count else flush.start_ns
            counted_ns += max(0, flush.end_ns - max(flush.start_ns, self._end_ns))
            self._end_ns = max(self._end_ns, flush.end_ns)
            count, shared = count + 1, shared + (part < 1)
            self._add(flush, part)
        maps = {name: one.data() for name, one in self._maps.items()}
        return Total(maps, count, start_ns, self._end_ns, counted_ns, frozenset(self._doubts), shared)

    def _part(self, flush: Flush) -> float:
        if flush.generation != self._generation:
            self._generation, self._covered_ns = flush.generation, self._end_ns
        return share(flush, self._covered_ns)

    def _add(self, flush: Flush, part: float) -> None:
        self._doubts |= flush.doubts
        for name, data in flush.maps.items():
            self._maps.setdefault(name, _Map()).add(data, part)


class _Map:
    """One map so far."""

    def __init__(self) -> None:
        self._rows: dict[str, Value] = {}
        self._latest: MapData | None = None
        self._ambiguous = False

    def add(self, data: MapData, part: float) -> None:
        before, self._latest = self._latest, data
        self._ambiguous = self._ambiguous or data.ambiguous
        if before is not None and (before.kind != data.kind or before.plan.aggregation != data.plan.aggregation):
            self._rows = {}  # the script was edited: what it counted before is something else
        if not _adds(data):
            self._rows = dict(data.rows) or self._rows
            return
        for key, value in data.rows.items():
            taken = _part_of(value, data.plan, part)
            earlier = self._rows.get(key)
            self._rows[key] = taken if earlier is None else merge((earlier, taken), data.plan.aggregation)[0]

    def data(self) -> MapData:
        assert self._latest is not None
        return MapData(self._latest.plan, self._latest.kind, self._rows, self._ambiguous)


def _adds(data: MapData) -> bool:
    """Whether prints of the map can be put together; else the last one stands."""
    aggregation, scheme = data.plan.aggregation, data.plan.scheme
    if scheme == "gauge" or data.plan.kept or aggregation not in ADDING | _EXTREME:
        return False
    return aggregation not in ("avg", "stats") or all(isinstance(value, Stats) for value in data.rows.values())


def _part_of(value: Value, plan: MapPlan, part: float) -> Value:
    if part >= 1 or plan.aggregation in _EXTREME:
        return value
    if isinstance(value, Stats):
        return made_stats(round(value.count * part), round(value.total * part), value.average)
    if isinstance(value, int):
        return round(value * part)
    return tuple([Bucket(low, high, round(count * part)) for low, high, count in histogram(value)])
