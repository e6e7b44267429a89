"""Compares two windows of one or two recordings by program, map and key; the largest changes come first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from bttop.model.flush.contents import MapData
from bttop.model.flush.rates import amount
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Bucket, Value
from bttop.model.record.stacks import stacks_of
from bttop.model.record.values import histogram, merge
from bttop.store.compare.significance import Count, dispersion, least_score, rate_score, shift
from bttop.store.compare.totals import HandOver, MapTotals
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot

Kind = Literal["rates", "shares", "values"]
"""How a map is compared: keys by their amount per second, functions by their share of all stacks, or plain values."""

_FUNCTION = (Column("function", "text"),)


@dataclass(frozen=True, slots=True)
class Window:
    """Part of a recording: flushes that ended in (begin, end], CLOCK_BOOTTIME in ns."""

    snapshot: Snapshot
    begin_ns: int
    end_ns: int


@dataclass(slots=True)
class Side:
    """One program in one window."""

    maps: dict[str, MapTotals] = field(default_factory=dict)
    flushes: int = 0
    caveats: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class RowChange:
    """One key before and after."""

    key: str
    before: float | None
    """An amount per second, a share from 0 to 1, or the value itself (see `Kind`); None for a missing value."""
    after: float | None
    score: float
    """The difference in standard deviations; 0 for plain values, whose variation is unknown."""
    weight: float
    """The difference divided by the larger total, 0 to 1. Changes are ranked by it."""
    is_new: bool
    is_gone: bool
    buckets_before: tuple[Bucket, ...] = ()
    buckets_after: tuple[Bucket, ...] = ()
    shift: float = 0.0
    """Distance of the histograms, 0 to 1; 0 if the difference may be chance."""


@dataclass(frozen=True, slots=True)
class MapDiff:
    """One map before and after."""

    program: str
    map: str
    kind: Kind
    plan: MapPlan
    before: float
    """Amount of all keys per second; for shares and values, the number of keys."""
    after: float
    changes: tuple[RowChange, ...]
    """Changes that are more than chance, largest weight first."""
    within_noise: int
    """Number of keys whose difference may be chance."""

    @property
    def weight(self) -> float:
        """Weight of its largest change; 0 without changes."""
        return self.changes[0].weight if self.changes else 0.0


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything that changed."""

    before: Window
    after: Window
    maps: tuple[MapDiff, ...]
    """Largest weight first."""
    only_before: tuple[str, ...]
    """Programs, and maps as `program @map`, that have no counterpart."""
    only_after: tuple[str, ...]
    drops_ids: bool
    """Whether process and thread ids were left out of the keys: they differ between two recordings."""
    caveats: Mapping[str, tuple[int, int]]
    """Caveat to the number of flushes that have it, before and after, over all programs."""


def diff(before: Window, after: Window) -> Diff:
    """Compare two windows."""
    drops_ids = before.snapshot.path.resolve() != after.snapshot.path.resolve()
    first, last = _sides(before, drops_ids), _sides(after, drops_ids)
    both = [name for name in first if name in last]
    maps = [one for name in both for one in _maps(name, first[name], last[name])]
    caveats = sorted({caveat for side in (*first.values(), *last.values()) for caveat in side.caveats})
    return Diff(
        before,
        after,
        tuple(sorted(maps, key=lambda one: (-one.weight, one.program, one.map))),
        tuple(_alone(first, last)),
        tuple(_alone(last, first)),
        drops_ids,
        {caveat: (_has_caveats(first, caveat), _has_caveats(last, caveat)) for caveat in caveats},
    )


def _alone(those: Mapping[str, Side], others: Mapping[str, Side]) -> Iterator[str]:
    for name, side in those.items():
        if name not in others:
            yield name
            continue
        there = others[name].maps
        for map_, totals in side.maps.items():
            if map_ not in there:
                yield f"{name} {map_}"
            elif not _is_alike(totals, there[map_]):
                yield f"{name} {map_} ({totals.plan.aggregation} of {totals.plan.arity} key parts)"


def _is_alike(one: MapTotals, other: MapTotals) -> bool:
    return (one.plan.aggregation, one.plan.arity) == (other.plan.aggregation, other.plan.arity)


def _has_caveats(sides: Mapping[str, Side], caveat: str) -> int:
    return sum(side.caveats[caveat] for side in sides.values())


# Gathering.


def _sides(window: Window, drops_ids: bool) -> dict[str, Side]:
    """Return the sides by program name. Flushes of programs with the same name are added up."""
    sides: dict[str, Side] = {}
    for program in window.snapshot.programs:
        side = sides.setdefault(program.name, Side())
        _gather(side, RecordedHistory(window.snapshot, program.id), window, drops_ids)
    return sides


def _gather(side: Side, history: RecordedHistory, window: Window, drops_ids: bool) -> None:
    hand_over = HandOver()
    for flush in history.between(window.begin_ns, window.end_ns):
        share = hand_over.new_share(flush)
        side.flushes += 1
        side.caveats.update(caveat.value for caveat in flush.caveats)
        for name, data in flush.maps.items():
            shown = _without_ids(data) if drops_ids else data
            exposure = flush.seconds
            if _has_stacks(shown.plan):
                shown = _functions(shown, with_addresses=not drops_ids)
                exposure = sum(amount(value) or 0.0 for value in data.rows.values())
            totals = side.maps.setdefault(name, MapTotals(shown.plan))
            if exposure > 0:
                totals.add(shown, share, exposure)


def _has_stacks(plan: MapPlan) -> bool:
    return plan.aggregation in ("count", "sum") and any(column.kind == "stack" for column in plan.columns)


def _without_ids(data: MapData) -> MapData:
    """Return the map without process and thread ids; rows that then have the same key are added up."""
    columns = data.plan.columns
    kept = [at for at, column in enumerate(columns) if not column.title or column.title not in _ids(data.plan)]
    if len(kept) == len(columns) or not kept:
        return data
    members: dict[str, list[Value]] = {}
    for key, value in data.rows.items():
        parts = split_key(key, columns).parts
        members.setdefault(",".join([str(parts[at]) for at in kept]), []).append(value)
    rows = {key: merge(values, data.plan.aggregation)[0] for key, values in members.items()}
    return replace(data, plan=replace(data.plan, columns=tuple([columns[at] for at in kept])), rows=rows)


def _ids(plan: MapPlan) -> frozenset[str]:
    return frozenset({plan.pid, plan.tid, "pid", "tid", "ppid"} - {""})


def _functions(data: MapData, *, with_addresses: bool) -> MapData:
    """Return, for each function, the weight of all stacks that contain it; recursion counts once. Frames without a
    symbol are left out unless `with_addresses`: their addresses are comparable only within one recording."""
    weights: Counter[str] = Counter()
    for key, value in data.rows.items():
        stacks = stacks_of(data.plan.columns, split_key(key, data.plan.columns).parts)
        names = {name for _, frames in stacks for name in frames if with_addresses or not name.startswith("0x")}
        weights.update(dict.fromkeys(names, round(amount(value) or 0.0)))
    return replace(data, plan=replace(data.plan, columns=_FUNCTION), rows=dict(weights))


# Comparing.


def _maps(program: str, first: Side, last: Side) -> Iterator[MapDiff]:
    for name, before in first.maps.items():
        after = last.maps.get(name)
        if after is not None and _is_alike(before, after):
            yield _map(program, name, before, after)


def _map(program: str, name: str, before: MapTotals, after: MapTotals) -> MapDiff:
    keys = list(dict.fromkeys([*before.rows, *after.rows]))
    kind: Kind = "values" if not before.is_additive else "shares" if after.plan.columns == _FUNCTION else "rates"
    if kind == "values":
        found = [change for key in keys if (change := _value_change(key, before, after)) is not None]
    else:
        larger = 1.0 if kind == "shares" else max(_rate(before), _rate(after))
        found = [_change(key, before, after, larger) for key in keys]
    least = least_score(len(keys))
    real = [one for one in found if kind == "values" or abs(one.score) >= least or one.shift]
    real.sort(key=lambda one: (-one.weight, one.key))
    totals = (_rate(before), _rate(after)) if kind == "rates" else (float(len(before.rows)), float(len(after.rows)))
    return MapDiff(program, name, kind, after.plan, *totals, tuple(real), len(keys) - len(real))


def _rate(totals: MapTotals) -> float:
    return totals.amount / totals.seconds if totals.seconds > 0 else 0.0


def _count(totals: MapTotals, key: str) -> Count:
    row = totals.rows.get(key)
    if row is None:
        return Count(0.0, totals.seconds, 0.0, totals.flushes)
    return Count(abs(amount(row.value) or 0.0), totals.seconds, row.squares, totals.flushes)


def _change(key: str, before: MapTotals, after: MapTotals, larger: float) -> RowChange:
    first, last = _count(before, key), _count(after, key)
    buckets = _buckets(before, key), _buckets(after, key)
    apart = shift(*buckets, dispersion(first, last))
    distance = apart.distance if apart.is_real else 0.0
    part = max(first.rate, last.rate) / larger if larger else 0.0
    return RowChange(
        key,
        first.rate,
        last.rate,
        rate_score(first, last),
        min(1.0, max(abs(last.rate - first.rate) / larger if larger else 0.0, distance * part)),
        is_new=key not in before.rows,
        is_gone=key not in after.rows,
        buckets_before=buckets[0],
        buckets_after=buckets[1],
        shift=distance,
    )


def _buckets(totals: MapTotals, key: str) -> tuple[Bucket, ...]:
    row = totals.rows.get(key)
    return () if row is None or not totals.is_histogram else histogram(row.value)


def _value_change(key: str, before: MapTotals, after: MapTotals) -> RowChange | None:
    """Return the change of a value that is not a count, such as a maximum; None if it is equal or missing."""
    first, last = before.rows.get(key), after.rows.get(key)
    low, high = (None if row is None else amount(row.value) for row in (first, last))
    if low == high or (low is None and high is None):
        return None
    # The variation of such values is unknown, so they rank below all changes that are known to be real.
    changed = 1.0 if low is None or high is None else abs(high - low) / max(abs(high), abs(low))
    return RowChange(key, low, high, 0.0, 0.001 * changed, is_new=first is None, is_gone=last is None)
