"""The maps of a pane with their rows grouped, and the rows of one group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from bttop.engine.session import FrameNames
from bttop.model.flush.by_function import by_function
from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.flush.rates import is_additive
from bttop.model.grouping.group_columns import GroupColumn, ProcessColumn, group_column, group_columns
from bttop.model.grouping.group_rows import Grouped, group_rows, merged
from bttop.model.history.trends import DEFAULT_LENGTH, Trend, moment_of
from bttop.model.record.records import Value
from bttop.model.stacks.value_stacks import with_stacks_in_keys
from bttop.ui.views import quantiles, table
from bttop.ui.views.base import Drawing, Neighbour, Scene, View
from bttop.ui.views.rows.rows import matches

_HISTOGRAMS: Final = frozenset({"hist", "lhist"})


class _About(NamedTuple):
    """What a grouped map was made from."""

    data: MapData
    by: GroupColumn
    needle: str


class _Made(NamedTuple):
    """A grouped map, and what it was made from."""

    about: _About
    grouped: Grouped


class Groupings:
    """The grouped maps of one program. Each is kept until the map, the column or the filter changes."""

    def __init__(self, frame_names: FrameNames | None) -> None:
        self._namer = None if frame_names is None else frame_names.name
        self._columns: dict[str, tuple[Scene, tuple[GroupColumn, ...]]] = {}
        self._made: dict[str, _Made] = {}

    def columns(self, scene: Scene) -> tuple[GroupColumn, ...]:
        """The columns by which the scene's map can be grouped, the likeliest first."""
        name = scene.data.plan.name
        known = self._columns.get(name)
        if known is None or not _same_columns(known[0], scene):
            extra = None if scene.extra is None else ProcessColumn(scene.extra.title, scene.extra.of)
            known = self._columns[name] = scene, group_columns(scene.data.plan, scene.decoders, extra)
        return known[1]

    def members(self, name: str, group: str) -> Sequence[str]:
        """The raw keys of the rows in a group of the last drawing of a map; empty if there is no such group."""
        made = self._made.get(name)
        return () if made is None else made.grouped.members.get(group, ())

    def draw(self, view: View, scene: Scene) -> Drawing:
        """Draw the groups of a map, or the rows of one group with `view`."""
        by = group_column(self.columns(scene), scene.choice.group)
        if by is None:
            return replace(view.draw(scene), note=f"no column {scene.choice.group}")
        if scene.choice.inside is not None:
            return view.draw(inside(scene, by, scene.choice.inside))
        return self._draw_groups(scene, by)

    def only_group(self, scene: Scene, title: str, data: MapData, group: str) -> MapData:
        """A map of any flush with only the row of one group. The filter of the scene does not count."""
        by = group_column(self.columns(scene), title)
        if by is None:
            return replace(data, rows={})
        return group_rows(_of_group(by_function(data, self._namer), by, group), by).data

    def _draw_groups(self, scene: Scene, by: GroupColumn) -> Drawing:
        grouped = self._grouped(scene, by)
        shown = replace(
            scene,
            data=grouped.data,
            trend=self._trend(scene, by),
            choice=replace(scene.choice, needle=""),
            beside=beside_of(scene.beside, grouped.members),
            baseline=None if scene.baseline is None else group_rows(_passing(scene, scene.baseline), by).data,
            groups={group: len(keys) for group, keys in grouped.members.items()},
        )
        is_histogram = scene.data.plan.aggregation in _HISTOGRAMS
        drawing = (quantiles.VIEW if is_histogram else table.VIEW).draw(shown)
        summary = drawing.summary
        if scene.choice.needle:
            whole = quantiles.summary if is_histogram else table.summary
            summary = f"{summary} of {whole(scene, scene.data.rows)}"
        return replace(
            drawing,
            summary=summary,
            choice=replace(drawing.choice, needle=scene.choice.needle),
            grouped=grouped.rows,
        )

    def _grouped(self, scene: Scene, by: GroupColumn) -> Grouped:
        name, about = scene.data.plan.name, _About(scene.data, by, scene.choice.needle)
        made = self._made.get(name)
        if made is None or not all(one is other for one, other in zip(made.about, about, strict=True)):
            made = self._made[name] = _Made(about, group_rows(_passing(scene, scene.data), by))
        return made.grouped

    def _trend(self, scene: Scene, by: GroupColumn) -> Trend:
        """The last minute of the groups. A group has other rows in each flush, so each flush is grouped."""
        name, needle = scene.data.plan.name, scene.choice.needle

        def read(flush: Flush) -> Mapping[str, float] | None:
            data = flush.maps.get(name)
            data = None if data is None else with_stacks_in_keys(data)
            if data is None:
                return None
            grouped = group_rows(_passing(scene, by_function(data, self._namer)), by)
            return moment_of(grouped.data, flush.seconds)

        course = scene.past.course(("groups", name, by, needle), DEFAULT_LENGTH, read)
        return Trend.of_points(course.points, adds_up=is_additive(scene.data))


def inside(scene: Scene, by: GroupColumn, group: str) -> Scene:
    """The scene with the rows of one group only."""
    baseline = None if scene.baseline is None else _of_group(scene.baseline, by, group)
    return replace(scene, data=_of_group(scene.data, by, group), baseline=baseline)


def _of_group(data: MapData, by: GroupColumn, group: str) -> MapData:
    return replace(data, rows={key: value for key, value in data.rows.items() if by.of(key) == group})


def _same_columns(one: Scene, other: Scene) -> bool:
    return one.data.plan == other.data.plan and one.extra is other.extra and one.decoders is other.decoders


def _passing(scene: Scene, data: MapData) -> MapData:
    """The rows of a map that pass the filter of the scene."""
    needle = scene.choice.needle.casefold()
    if not needle:
        return data
    rows = {key: value for key, value in data.rows.items() if matches(scene, key, needle)}
    return replace(data, rows=rows)


def beside_of(beside: Neighbour | None, members: Mapping[str, Sequence[str]]) -> Neighbour | None:
    """The numbers of the other map by group. `members`: the raw keys of the rows in each group."""
    if beside is None:
        return None
    found: dict[str, Value] = {}
    for group, keys in members.items():
        values = [beside.numbers[key] for key in keys if key in beside.numbers]
        found[group] = merged(values, "sum") if values else 0
    return replace(beside, numbers=found)
