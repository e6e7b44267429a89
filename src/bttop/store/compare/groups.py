"""The rows of a map by what outlives a process: without process and thread ids, stacks by their innermost function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from bttop.model.flush.by_function import FrameNamer, function_key, has_stacks
from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.flush.rates import amount
from bttop.model.format.floats import as_float
from bttop.model.grouping.innermost import innermost, innermost_of
from bttop.model.grouping.key_parts import stack_reader
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Stats, Value
from bttop.model.record.stacks import NO_FRAMES
from bttop.model.record.values import merge
from bttop.store.compare.significance import Count, Level
from bttop.store.compare.totals import MOST_KEYS, MapTotals, Total

Parts: TypeAlias = tuple[int | str, ...]

FUNCTION: Final = Column("function", "text")
"""The column that stands for all stacks of a key."""
_BETWEEN: Final = "\x1f"
"""Between the parts of a group's key: a part may contain a comma."""
_LEVELS: Final = frozenset({"avg", "stats", "min", "max", "value"})
"""Aggregations whose values are compared by their level."""


class MapGroups(Struct):
    """One map over the flushes of a period, by group. A group is all rows with the same parts in `plan.columns`."""

    plan: MapPlan
    """The map's plan with the columns of the groups."""
    totals: MapTotals
    """The groups by their keys (see `parts`)."""
    parts: dict[str, Parts] = field(default_factory=dict)
    levels: dict[str, Level] = field(default_factory=dict)
    """The values of averages, extremes and assigned numbers, by group."""
    whole: Total = field(default_factory=lambda: Total(0.0))
    """The amount of all rows, which may be more than chance although no group is."""
    _known: dict[str, str] = field(default_factory=dict)
    """Raw key to the key of its group: each flush has mostly the same keys."""

    @classmethod
    def of(cls, plan: MapPlan) -> MapGroups:
        """No flush yet."""
        grouped = replace(plan, columns=group_columns(plan))
        return cls(grouped, MapTotals(grouped))

    @property
    def whole_count(self) -> Count:
        """The amount of all rows for a test."""
        totals = self.totals
        return Count(as_float(amount(self.whole.value) or 0.0), totals.seconds, self.whole.squares, totals.flushes)

    def add(self, data: MapData, share: float, seconds: float, namer: FrameNamer | None) -> None:
        """Add `share` (0 to 1) of the map of one flush, which was `seconds` long."""
        rows = self._grouped(data, namer)
        if data.plan.aggregation in _LEVELS:
            self._add_levels(rows)
        if data.plan.aggregation in ("min", "max", "value"):
            rows = {}  # only the observed time: an extreme of many flushes says nothing about one
        self.totals.add(replace(data, plan=self.plan, rows=rows), share, seconds)
        whole = sum(abs(amount(value) or 0.0) for value in rows.values())
        self.whole.value = (amount(self.whole.value) or 0.0) + whole * share
        self.whole.squares += whole * whole * share / max(seconds, 1e-9)

    def _add_levels(self, rows: Mapping[str, Value]) -> None:
        for key, value in rows.items():
            level = as_float(value.average) if isinstance(value, Stats) else amount(value)
            if level is not None and len(self.levels) < MOST_KEYS:
                self.levels.setdefault(key, Level()).add(level)

    def _grouped(self, data: MapData, namer: FrameNamer | None) -> dict[str, Value]:
        members: dict[str, list[Value]] = {}
        for key, value in data.rows.items():
            members.setdefault(self._group(key, data.plan, namer), []).append(value)
        aggregation = data.plan.aggregation
        return {key: ones[0] if len(ones) == 1 else merge(ones, aggregation)[0] for key, ones in members.items()}

    def _group(self, key: str, plan: MapPlan, namer: FrameNamer | None) -> str:
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST_KEYS:
                self._known.clear()
            parts = group_parts(key, plan, namer)
            found = self._known[key] = _BETWEEN.join(map(str, parts))
            if len(self.parts) < 2 * MOST_KEYS:
                self.parts[found] = parts
        return found


class GroupTotals(Struct):
    """All maps of one program over a period, by group."""

    maps: dict[str, MapGroups] = field(default_factory=dict)

    def add(self, flush: Flush, share: float, namer: FrameNamer | None = None) -> None:
        """Add `share` (0 to 1) of the next flush. `namer` names user addresses."""
        for name, data in flush.maps.items():
            if data.plan.occasional or data.plan.aggregation == "tseries" or data.plan.is_running:
                continue
            known = self.maps.get(name)
            if known is None or not is_alike(known.plan, data.plan):
                known = self.maps[name] = MapGroups.of(data.plan)
            known.add(data, share, flush.seconds, namer)


def is_alike(one: MapPlan, other: MapPlan) -> bool:
    """Whether two plans, the first with the columns of groups, count the same kind of thing by the same groups."""
    mine = [column.title for column in one.columns]
    theirs = [column.title for column in (other.columns if FUNCTION in other.columns else group_columns(other))]
    return (one.aggregation, one.unit, mine) == (other.aggregation, other.unit, theirs)


def group_columns(plan: MapPlan) -> tuple[Column, ...]:
    """The columns of the groups: without ids, one function in place of all stacks. A map by ids alone keeps them."""
    kept = tuple([plan.columns[at] for at in _kept(plan)])
    return (*kept, FUNCTION) if _by_function(plan) else kept


def group_parts(key: str, plan: MapPlan, namer: FrameNamer | None = None) -> Parts:
    """The parts of a raw key in `group_columns`."""
    named = function_key(key, plan, namer) if has_stacks(plan) else key
    parts = split_key(named, plan.columns).parts
    kept = tuple([parts[at] for at in _kept(plan) if at < len(parts)])
    return (*kept, _innermost(named, plan.columns)) if _by_function(plan) else kept


def _by_function(plan: MapPlan) -> bool:
    return any(column.kind == "stack" for column in plan.columns)


def _kept(plan: MapPlan) -> list[int]:
    ids = {plan.pid, plan.tid, "pid", "tid", "ppid"} - {""}
    columns = [at for at, column in enumerate(plan.columns) if column.kind != "stack"]
    kept = [at for at in columns if plan.columns[at].title not in ids]
    return kept if kept or _by_function(plan) else columns


def _innermost(key: str, columns: tuple[Column, ...]) -> str:
    """The innermost function of a key's stacks: of the kernel without its scheduler, else of the program."""
    stacks = [at for at, column in enumerate(columns) if column.kind == "stack"]
    kernel = next((at for at in stacks if columns[at].title.startswith("k")), None)
    user = next((at for at in stacks if at != kernel), None)
    if kernel is not None and user is not None:
        return innermost_of(stack_reader(columns, kernel)(key), stack_reader(columns, user)(key))
    at = kernel if user is None else user
    return NO_FRAMES if at is None else innermost(stack_reader(columns, at)(key), is_kernel=at == kernel)
