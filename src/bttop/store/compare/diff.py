"""Compares two windows of one or two recordings by program, map and key; the largest changes come first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from bttop.model.flush.by_function import FrameNamer, by_function
from bttop.model.flush.contents import MapData
from bttop.model.flush.rates import amount
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Stamp, Value
from bttop.model.record.stacks import stacks_of
from bttop.model.record.telling_frames import NAMELESS, without_module
from bttop.model.record.values import merge
from bttop.store.compare.changes import Changes, compare
from bttop.store.compare.groups import GroupTotals
from bttop.store.compare.map_diff import MapDiff, compare_maps
from bttop.store.compare.period import Counted, Period, ProgramPeriod
from bttop.store.compare.totals import HandOver, MapTotals
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.times import wall_at

_FUNCTION = (Column("function", "text"),)


class Window(Struct, frozen=True):
    """Part of a recording: flushes that ended in (begin, end], CLOCK_BOOTTIME in ns."""

    snapshot: Snapshot
    begin_ns: int
    end_ns: int

    @property
    def hosts(self) -> str:
        """The names of its hosts."""
        return ", ".join([host.name for host in self.snapshot.hosts])

    def stamps(self) -> tuple[Stamp, Stamp]:
        """The beginning and the end, within the recording."""
        whole = extent(self.snapshot) or (Stamp(self.begin_ns, 0), Stamp(self.end_ns, 0))
        begin = max(self.begin_ns, whole[0].boot_ns)
        end = min(self.end_ns, whole[1].boot_ns)
        return Stamp(begin, wall_at(begin, *whole)), Stamp(end, wall_at(end, *whole))


class Side(Struct):
    """One program in one window."""

    maps: dict[str, MapTotals] = field(default_factory=dict)
    flushes: int = 0
    caveats: Counter[str] = field(default_factory=Counter)
    groups: GroupTotals = field(default_factory=GroupTotals)
    counted: Counted = Counted()
    """The newest script and pin."""


class Diff(Struct, frozen=True):
    """Everything that changed."""

    before: Window
    after: Window
    maps: tuple[MapDiff, ...]
    """Largest weight first."""
    only_before: tuple[str, ...]
    """Programs, and maps as `program @map`, that have no counterpart."""
    only_after: tuple[str, ...]
    drops_ids: bool
    """Whether process and thread ids were left out of the keys: they differ between two recordings or hosts."""
    caveats: Mapping[str, tuple[int, int]]
    """Caveat to the number of flushes that have it, before and after, over all programs."""
    changes: Changes
    """What changed most, across all programs."""


def diff(before: Window, after: Window) -> Diff:
    """Compare two windows."""
    drops_ids = before.snapshot.path.resolve() != after.snapshot.path.resolve() or before.hosts != after.hosts
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
        compare(_period("before", before, first), _period("after", after, last)),
    )


def _period(label: str, window: Window, sides: Mapping[str, Side]) -> Period:
    programs = [
        ProgramPeriod(name, side.counted, groups=side.groups, flushes=side.flushes) for name, side in sides.items()
    ]
    return Period(label, window.hosts, window.snapshot.path.name, *window.stamps(), tuple(programs))


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
    """Return the sides by program name, with the host if there are several. Flushes of programs with the same name on
    the same host are added up."""
    sides: dict[str, Side] = {}
    namers = {host.id: window.snapshot.frame_names(host.id).name for host in window.snapshot.hosts}
    for program in window.snapshot.programs:
        side = sides.setdefault(program.label, Side())
        own = [one for one in window.snapshot.generations.values() if one.program == program.id]
        if own:
            side.counted = Counted(own[-1].text, own[-1].pin)
        _gather(side, RecordedHistory(window.snapshot, program.id), window, drops_ids, namers[program.host.id])
    return sides


def _gather(side: Side, history: RecordedHistory, window: Window, drops_ids: bool, namer: FrameNamer) -> None:
    hand_over = HandOver()
    for flush in history.between(window.begin_ns, window.end_ns):
        share = hand_over.new_share(flush)
        side.flushes += 1
        side.caveats.update(caveat.value for caveat in flush.caveats)
        side.groups.add(flush, share, namer)
        for name, data in flush.maps.items():
            named = by_function(data, namer)
            shown = _without_ids(named) if drops_ids else named
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
    symbol are left out unless `with_addresses`: their addresses are comparable only within one recording. Files are
    left out: only bttop's own names have them, not those of bpftrace."""
    weights: Counter[str] = Counter()
    for key, value in data.rows.items():
        stacks = stacks_of(data.plan.columns, split_key(key, data.plan.columns).parts)
        frames = {without_module(name) for _, found in stacks for name in found} - NAMELESS
        names = {name for name in frames if with_addresses or not name.startswith("0x")}
        weights.update(dict.fromkeys(names, round(amount(value) or 0.0)))
    return replace(data, plan=replace(data.plan, columns=_FUNCTION), rows=dict(weights))


# Comparing.


def _maps(program: str, first: Side, last: Side) -> Iterator[MapDiff]:
    for name, before in first.maps.items():
        after = last.maps.get(name)
        if after is not None and _is_alike(before, after):
            shares = before.is_additive and after.plan.columns == _FUNCTION
            yield compare_maps(program, name, before, after, shares=shares)
