"""The rows of short-lived processes of one name as one row, while the user has not asked for all rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.flush.rates import is_additive
from bttop.model.grouping.group_rows import merged_rows
from bttop.model.grouping.short_lived import (
    LOOKED_AT,
    Folded,
    Names,
    ProcessKeys,
    ProcessRow,
    fold,
    may_fold,
    names_of,
    process_keys,
    short_lived,
)
from bttop.model.history.course import Course, Point
from bttop.model.history.trends import DEFAULT_LENGTH, Trend, moment_of
from bttop.model.stacks.value_stacks import with_stacks_in_keys
from bttop.ui.board.groups.groupings import beside_of
from bttop.ui.views.base import Drawing, Neighbour, Scene, View


class _Moment(Struct, frozen=True):
    """What one flush says about the processes of each name."""

    names: Names
    sums: Mapping[str, float]
    """The value of each folded row if all processes were folded, as a trend shows it."""


class _Rows(Struct, frozen=True):
    """The keys of a map, read."""

    data: MapData
    keys: ProcessKeys
    rows: Sequence[ProcessRow]
    names: Names


class _Made(NamedTuple):
    """The last result for a map, and what it was made from."""

    data: MapData
    kept: str | None
    folded: Folded | None
    course: Course[_Moment] | None


class ShortLivedRows:
    """Folds the rows of short-lived processes in the maps of one program."""

    def __init__(self) -> None:
        self._made: dict[str, _Made] = {}
        self._read: dict[str, _Rows] = {}

    def members(self, name: str, key: str) -> Sequence[str]:
        """The raw keys behind a folded row of the last drawing of a map; empty if it is no folded row."""
        made = self._made.get(name)
        return () if made is None or made.folded is None else made.folded.members.get(key, ())

    def names(self, name: str) -> Mapping[str, int]:
        """How many processes of each name are folded in the last drawing of a map."""
        made = self._made.get(name)
        return {} if made is None or made.folded is None else made.folded.names

    def draw(self, view: View, scene: Scene) -> Drawing:
        """Draw the scene with short-lived processes folded, or the rows behind one folded row."""
        keys = process_keys(scene.data.plan)
        made = None if keys is None else self._fold(scene, keys)
        inside = scene.choice.inside
        if inside is not None:
            members = {} if made is None or made.folded is None else made.folded.members
            rows = {key: scene.data.rows[key] for key in members.get(inside, ())}
            return view.draw(replace(scene, data=replace(scene.data, rows=rows)))
        if keys is None or made is None or made.folded is None or made.course is None or not made.folded.members:
            return view.draw(scene)
        apart = _apart(made.folded, self._rows(made.data, keys).rows)
        trend = FoldedTrend(scene.trend, made.course, apart, adds_up=is_additive(scene.data))
        beside = folded_beside(scene.beside, made.folded.members)
        shown = replace(scene, data=made.folded.data, trend=trend, folds=made.folded.processes, beside=beside)
        return replace(view.draw(shown), folded=made.folded.names)

    def _fold(self, scene: Scene, keys: ProcessKeys) -> _Made:
        name, data = scene.data.plan.name, scene.data
        # A row that the user has chosen stays as it is; a folded row that he has chosen stays folded.
        kept = scene.choice.selected if scene.choice.moved and scene.choice.inside is None else None
        known = self._made.get(name)
        if known is not None and known.data is data and known.folded is None and known.course is None:
            return known
        read = self._rows(data, keys)
        if not may_fold(read.names):
            self._made[name] = _Made(data, kept, None, None)
            return self._made[name]
        course = scene.past.course(("short-lived", name, keys.columns), DEFAULT_LENGTH, self._reader(name))
        if known is None or known.data is not data or known.kept != kept or known.course != course:
            moments = [point.value.names for point in course.points if point.end_ns <= scene.flush.end_ns]
            folded = fold(data, read.rows, short_lived(read.names, moments[-LOOKED_AT:]), kept)
            known = self._made[name] = _Made(data, kept, folded, course)
        return known

    def _rows(self, data: MapData, keys: ProcessKeys) -> _Rows:
        """The keys of the map on show, read once per flush."""
        known = self._known_rows(data, keys) or _read_rows(data, keys)
        self._read[data.plan.name] = known
        return known

    def _known_rows(self, data: MapData, keys: ProcessKeys) -> _Rows | None:
        """The keys of a map, if it is the one on show."""
        known = self._read.get(data.plan.name)
        return known if known is not None and known.data is data and known.keys == keys else None

    def _reader(self, name: str) -> Callable[[Flush], _Moment | None]:
        """Reads the processes of a map in a flush."""

        def read(flush: Flush) -> _Moment | None:
            data = flush.maps.get(name)
            data = None if data is None else with_stacks_in_keys(data)
            keys = None if data is None else process_keys(data.plan)
            if data is None or keys is None:
                return None
            found = self._known_rows(data, keys) or _read_rows(data, keys)
            members: dict[str, list[str]] = {}
            for key, _, _, into in found.rows:
                members.setdefault(into, []).append(key)
            folded = replace(data, rows=merged_rows(data, members))
            return _Moment(found.names, moment_of(folded, flush.seconds))

        return read


def _read_rows(data: MapData, keys: ProcessKeys) -> _Rows:
    rows = keys.rows(data)
    return _Rows(data, keys, rows, names_of(rows))


class FoldedTrend(Trend):
    """The trends of rows, and those of folded rows: each is made when it is drawn."""

    def __init__(
        self, rows: Trend, course: Course[_Moment], apart: Mapping[str, Sequence[str]], *, adds_up: bool
    ) -> None:
        """`apart`: for each folded row the rows of its own that a process of its name has."""
        super().__init__(rows.length)
        self._rows = rows
        self._points = course.points
        self._apart = apart
        self._adds_up = adds_up
        self._folded: dict[str, Trend] = {}

    def values(self, key: str) -> list[float]:
        return self._of(key).values(key)

    def mean(self, key: str) -> float | None:
        return self._of(key).mean(key)

    def peaks(self, key: str, count: int) -> list[float]:
        return self._of(key).peaks(key, count)

    def _of(self, key: str) -> Trend:
        if key not in self._apart:
            return self._rows
        if key not in self._folded:
            self._folded[key] = self._fold(key, self._apart[key])
        return self._folded[key]

    def _fold(self, key: str, apart: Sequence[str]) -> Trend:
        """The last minute of a folded row: all processes of the name without those that have a row of their own."""
        sums = [{key: one.value.sums[key]} if key in one.value.sums else {} for one in self._points]
        for row in apart if self._adds_up else ():
            for moment, value in zip(reversed(sums), reversed(self._rows.values(row)), strict=False):
                moment[key] = max(0.0, moment.get(key, 0.0) - value)
        points: list[Point[Mapping[str, float]]] = [
            Point(one.number, one.generation, one.start_ns, one.end_ns, sum_)
            for one, sum_ in zip(self._points, sums, strict=True)
        ]
        return Trend.of_points(points, adds_up=self._adds_up)


def _apart(folded: Folded, rows: Sequence[ProcessRow]) -> Mapping[str, Sequence[str]]:
    """For each folded row the rows of its own that a process of its name has."""
    found: dict[str, list[str]] = {key: [] for key in folded.members}
    for key, _, _, into in rows:
        if into in found and key in folded.data.rows:
            found[into].append(key)
    return found


def folded_beside(beside: Neighbour | None, members: Mapping[str, Sequence[str]]) -> Neighbour | None:
    """The numbers of the other map with those of folded rows added up."""
    added = beside_of(beside, members)
    if beside is None or added is None:
        return beside
    return replace(beside, numbers={**beside.numbers, **added.numbers})
