"""What changed most between two periods, across all programs: only what is beyond chance, largest first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from bttop.model.flush.rates import amount
from bttop.model.plan import Column, MapPlan
from bttop.model.record.records import Bucket
from bttop.store.compare.groups import MapGroups, Parts, is_alike
from bttop.store.compare.map_diff import RowChange, compare_maps, rate_of
from bttop.store.compare.matching import Pair, match
from bttop.store.compare.period import Period
from bttop.store.compare.significance import Level, least_score, level_score, rate_score

ChangeKind: TypeAlias = Literal["rate", "shape", "level"]
"""An amount per second, the distribution of a histogram, or a value such as an average or a maximum."""

_FLOOR_RATE: Final = 0.5
"""Events per second that are added to both rates: one event more or less is then a small change."""
_FLOOR_SHARE: Final = 0.01
"""The same as a share of the map, for maps of many events and for sums."""
_WHOLE_SHIFT: Final = 4.0
"""Magnitude of a histogram that moved completely: that of 16 times as many events."""
LEAST: Final = math.log2(1.1)
"""Smallest magnitude that is told: a rate that grew by a tenth."""
_DOMINANT: Final = 0.6
"""Share of a difference from which on one row stands for itself and not for its group."""
_AS_WELL: Final = 0.9
"""A column's value explains as much as the whole map if it has this part of the difference."""
_ALIKE: Final = 0.7
"""Rows of a map moved alike if their ratios differ by less than this (binary logarithm) from the median."""
_MOST_GROUPED: Final = 1000
"""Rows of a map, those with the largest differences, among which common parts are searched."""
_MOST_OF_A_MAP: Final = 5


class Moved(Struct, frozen=True):
    """One thing that changed."""

    program: int
    """Index among the programs of the later period."""
    name: str
    """The program's name."""
    map: str
    plan: MapPlan
    """With the columns of groups (see `groups.py`)."""
    parts: tuple[tuple[Column, int | str], ...]
    """What the rows have in common; empty for the whole map."""
    kind: ChangeKind
    before: float
    """Amount per second; for `level` the mean over the flushes."""
    after: float
    magnitude: float
    """The binary logarithm of the ratio, with a floor for small amounts; for a shape in proportion to its distance."""
    is_new: bool = False
    is_gone: bool = False
    rows: int = 1
    """Number of changed groups that it stands for."""
    distance: float = 0.0
    buckets_before: tuple[Bucket, ...] = ()
    buckets_after: tuple[Bucket, ...] = ()
    is_scaled: bool = False
    """Whether a program counted one event in N."""
    is_alone: bool = True
    """Whether the map is the only one that its program shows."""


class Changes(Struct, frozen=True):
    """The comparison of two periods."""

    before: Period
    after: Period
    moved: tuple[Moved, ...]
    """Largest magnitude first."""
    compared: int
    """Number of groups that were compared."""
    by_chance: int
    """Number of them whose difference may be chance."""
    small: int
    """Number of changes beyond chance of less than a tenth."""
    further: Mapping[str, int]
    """Program and map to the number of changes that are left out, because the map has many."""
    unmatched: Mapping[int, str]
    """Index among the programs of the later period to why it was not compared."""
    notes: tuple[str, ...]
    """Sentences about what was compared only in part, and about the baseline."""


class _MapChanges(Struct):
    """What changed in one map."""

    moved: list[Moved]
    compared: int
    by_chance: int


def compare(before: Period, after: Period) -> Changes:
    """Compare two periods."""
    matching = match(before, after)
    found = [(name, pair, changes) for pair in matching.pairs for name, changes in _of_pair(pair)]
    moved: list[Moved] = []
    further: dict[str, int] = {}
    small = 0
    for name, pair, changes in found:
        told = sorted([one for one in changes.moved if one.magnitude >= LEAST], key=_rank)
        small += len(changes.moved) - len(told)
        moved += told[:_MOST_OF_A_MAP]
        if len(told) > _MOST_OF_A_MAP:
            further[f"{pair.after.name} {name}"] = len(told) - _MOST_OF_A_MAP
    return Changes(
        before,
        after,
        tuple(sorted(moved, key=_rank)),
        sum(one.compared for _, _, one in found),
        sum(one.by_chance for _, _, one in found),
        small,
        further,
        matching.unmatched,
        matching.notes,
    )


def _rank(one: Moved) -> tuple[float, str, str, tuple[str, ...]]:
    return -one.magnitude, one.name, one.map, tuple([str(part) for _, part in one.parts])


def _of_pair(pair: Pair) -> Iterator[tuple[str, _MapChanges]]:
    """What changed in each map that both have."""
    maps = pair.after.groups.maps
    for name, after in maps.items():
        before = pair.before.groups.maps.get(name)
        if before is not None and is_alike(before.plan, after.plan):
            yield name, _MapComparison(pair, name, before, after, is_alone=len(maps) == 1).changes()


class _Common(Struct, frozen=True):
    """What several changed rows have in common."""

    weight: float
    """The sum of their differences; less for the whole map, so that a part is preferred that explains nearly as
    much."""
    column: int | None
    """The column whose part they share; None: they are rows of one map."""
    part: int | str
    keys: tuple[str, ...]


_Group: TypeAlias = tuple[int | None, int | str, list[RowChange]]


def _common_of(group: _Group) -> _Common | None:
    """The group, unless one of its rows makes most of the difference."""
    at, part, members = group
    weight = sum(abs(_difference(one)) for one in members)
    if len(members) < 2 or abs(_difference(members[0])) >= _DOMINANT * weight:
        return None
    return _Common(weight * (_AS_WELL if at is None else 1.0), at, part, tuple([one.key for one in members]))


def _alike(changes: Sequence[RowChange]) -> list[RowChange]:
    """The rows whose ratio is within a factor of the median ratio."""
    ratios = {one.key: math.log2(one.after / one.before) for one in changes if one.before and one.after}
    if not ratios:
        return []
    middle = sorted(ratios.values())[len(ratios) // 2]
    return [one for one in changes if one.key in ratios and abs(ratios[one.key] - middle) <= _ALIKE]


def _difference(one: RowChange) -> float:
    return (one.after or 0.0) - (one.before or 0.0)


class _MapComparison(Struct, frozen=True):
    """One map in both periods."""

    pair: Pair
    name: str
    before: MapGroups
    after: MapGroups
    is_alone: bool

    def changes(self) -> _MapChanges:
        """Everything that changed by more than chance."""
        levels = self._levels()
        if not self.after.totals.flushes or not self.before.totals.flushes:
            return levels
        found = compare_maps(self.pair.after.name, self.name, self.before.totals, self.after.totals)
        compared = len(found.changes) + found.within_noise
        least = least_score(compared)
        shapes = [self._shape(one, is_rate=abs(one.score) >= least) for one in found.changes if one.shift]
        amounts = list(self._folded([one for one in found.changes if not one.shift])) or self._whole()
        return _MapChanges(
            [*levels.moved, *shapes, *amounts], levels.compared + compared, levels.by_chance + found.within_noise
        )

    # Amounts.

    @property
    def _larger(self) -> float:
        return max(rate_of(self.before.totals), rate_of(self.after.totals))

    def _magnitude(self, before: float, after: float) -> float:
        counts = self.after.plan.aggregation != "sum"
        floor = max(_FLOOR_RATE if counts else 0.0, _FLOOR_SHARE * self._larger)
        return abs(math.log2((after + floor) / (before + floor))) if floor > 0 else 0.0

    def _amount(self, parts: Sequence[tuple[Column, int | str]], before: float, after: float, rows: int) -> Moved:
        return self._moved(
            parts,
            "rate",
            before,
            after,
            self._magnitude(before, after),
            is_new=before <= 0,
            is_gone=after <= 0,
            rows=rows,
        )

    def _whole(self) -> list[Moved]:
        """All rows together, if their amount changed although that of no row did."""
        before, after = self.before.whole_count, self.after.whole_count
        if abs(rate_score(before, after)) < least_score(1):
            return []
        return [self._amount((), before.rate, after.rate, 0)]

    def _folded(self, changes: Sequence[RowChange]) -> Iterator[Moved]:
        """The changes by row; rows that changed alike and have a part in common are told as one."""
        left = {one.key: one for one in changes}
        while (common := self._common(list(left.values()))) is not None:
            yield self._common_change(common)
            for key in common.keys:
                del left[key]
        for one in left.values():
            yield self._amount(self._named(one.key), one.before or 0.0, one.after or 0.0, 1)

    def _common(self, left: Sequence[RowChange]) -> _Common | None:
        """What most of the difference has in common; None if single rows tell it better."""
        largest = sorted(left, key=lambda one: -abs(_difference(one)))[:_MOST_GROUPED]
        width = len(self.after.plan.columns)
        groups = self._by_part(largest, [*(range(width) if width > 1 else ()), None])
        return max(filter(None, map(_common_of, groups)), key=lambda one: one.weight, default=None)

    def _by_part(self, changes: Sequence[RowChange], columns: Sequence[int | None]) -> Iterator[_Group]:
        """The changes by the part of each column and by their direction; for None only those that moved alike."""
        for at in columns:
            groups: dict[tuple[int | str, bool], list[RowChange]] = {}
            for one in changes if at is not None else _alike(changes):
                part = "" if at is None else self._parts(one.key)[at]
                groups.setdefault((part, _difference(one) > 0), []).append(one)
            yield from ((at, part, members) for (part, _), members in groups.items())

    def _common_change(self, common: _Common) -> Moved:
        """All rows that have a part in common, also those whose own change may be chance."""
        at, part, rows = common.column, common.part, len(common.keys)
        if at is None:
            return self._amount((), rate_of(self.before.totals), rate_of(self.after.totals), rows)
        before, after = (
            sum(_rate(side, key) for key in side.totals.rows if side.parts.get(key, ())[at : at + 1] == (part,))
            for side in (self.before, self.after)
        )
        return self._amount(((self.after.plan.columns[at], part),), before, after, rows)

    # Shapes and levels.

    def _shape(self, one: RowChange, *, is_rate: bool) -> Moved:
        share = max(one.before or 0.0, one.after or 0.0) / (self._larger or 1.0)
        magnitude = _WHOLE_SHIFT * one.shift * share / (share + _FLOOR_SHARE)
        return self._moved(
            self._named(one.key),
            "shape",
            one.before or 0.0,
            one.after or 0.0,
            max(magnitude, self._magnitude(one.before or 0.0, one.after or 0.0) if is_rate else 0.0),
            distance=one.shift,
            buckets_before=one.buckets_before,
            buckets_after=one.buckets_after,
        )

    def _levels(self) -> _MapChanges:
        """Averages, extremes and assigned numbers that changed."""
        both = [key for key in self.after.levels if key in self.before.levels]
        least = least_score(len(both))
        moved = []
        for key in both:
            before, after = self.before.levels[key], self.after.levels[key]
            if abs(level_score(before, after)) >= least:
                moved.append(self._level(key, before, after))
        return _MapChanges(moved, len(both), len(both) - len(moved))

    def _level(self, key: str, before: Level, after: Level) -> Moved:
        floor = _FLOOR_SHARE * max(abs(before.mean), abs(after.mean))
        magnitude = abs(math.log2((abs(after.mean) + floor) / (abs(before.mean) + floor)))
        if (before.mean < 0) != (after.mean < 0):
            magnitude = max(magnitude, 1.0)
        return self._moved(self._named(key), "level", before.mean, after.mean, magnitude)

    # Names.

    def _moved(
        self,
        parts: Sequence[tuple[Column, int | str]],
        kind: ChangeKind,
        before: float,
        after: float,
        magnitude: float,
        *,
        is_new: bool = False,
        is_gone: bool = False,
        rows: int = 1,
        distance: float = 0.0,
        buckets_before: tuple[Bucket, ...] = (),
        buckets_after: tuple[Bucket, ...] = (),
    ) -> Moved:
        return Moved(
            self.pair.index,
            self.pair.after.name,
            self.name,
            self.after.plan,
            tuple(parts),
            kind,
            before,
            after,
            magnitude,
            is_new,
            is_gone,
            rows,
            distance,
            buckets_before,
            buckets_after,
            is_scaled=self.before.totals.is_scaled or self.after.totals.is_scaled,
            is_alone=self.is_alone,
        )

    def _named(self, key: str) -> tuple[tuple[Column, int | str], ...]:
        return tuple(zip(self.after.plan.columns, self._parts(key), strict=False))

    def _parts(self, key: str) -> Parts:
        found = self.after.parts.get(key) or self.before.parts.get(key) or ()
        return (*found, *([""] * (len(self.after.plan.columns) - len(found))))


def _rate(side: MapGroups, key: str) -> float:
    row = side.totals.rows.get(key)
    found = 0.0 if row is None else abs(amount(row.value) or 0.0)
    return found / side.totals.seconds if side.totals.seconds > 0 else 0.0
