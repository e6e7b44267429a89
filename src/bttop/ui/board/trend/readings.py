"""The lines of a trend as readings over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Final, cast

from msgspec import Struct

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.format import numbers
from bttop.model.history.course import Course, Point
from bttop.model.history.figures import NOTHING, PERCENTILES, Number, Reading, read_number
from bttop.model.plan import MapPlan
from bttop.ui.render.line_chart import Segment
from bttop.ui.views.base import Scene, TrendLine, mark_of

FLUSHES: Final = 600
"""Flushes of a trend: ten minutes at one a second."""
_MISSING: Final = 0.5
"""Time without a flush, as a share of the flush after it, above which a line has a gap."""
COST: Final = "cost"
TOTAL: Final = "total"
_OF_NO_ROW: Final = frozenset({TOTAL, COST})
"""Numbers of the whole map or of the program."""


class TrendData(Struct, frozen=True):
    """Where the readings come from, besides the scene."""

    only_row: Callable[[MapData, str], MapData]
    """Returns a map with only the row of a key, as the pane shows it."""
    only_group: Callable[[str, MapData, str], MapData]
    """Returns a map with only the row of a group, by the title of the column, the map and the group."""
    cost_at: Callable[[int], float]
    """The cost of the program at a moment (CLOCK_BOOTTIME in ns) in percent of one core; NaN if it is not known."""


class Series(Struct, frozen=True):
    """The readings of one line."""

    line: TrendLine
    points: Sequence[Point[Reading]]
    unread: int
    """Flushes that are still to be read."""


def series_of(scene: Scene, data: TrendData) -> list[Series]:
    """The readings of each line of the scene's trend in the last FLUSHES flushes that have the map.

    The lines of one row are read together, and rows one after the other: decoding a flush is what takes time.
    """
    found: list[Series] = []
    is_reading = False
    for _, lines in groupby(scene.choice.trend, key=lambda line: (line.key, line.group)):
        together = tuple(lines)
        course = Course[tuple[Reading, ...]]((), FLUSHES) if is_reading else _course(scene, together, data)
        is_reading = course.unread > 0
        points = _shown(course)
        for place, line in enumerate(together):
            own = [Point(one.number, one.generation, one.start_ns, one.end_ns, one.value[place]) for one in points]
            found.append(Series(line, own, course.unread))
    return found


def _shown(course: Course[tuple[Reading, ...]]) -> Sequence[Point[tuple[Reading, ...]]]:
    """The points to draw: while more is read, only the newest 1, 2, 4, 8 …, because each drawing takes longer than
    reading some more."""
    points = course.points
    return points[-(1 << len(points).bit_length() - 1) :] if course.unread and points else points


def _course(scene: Scene, lines: tuple[TrendLine, ...], data: TrendData) -> Course[tuple[Reading, ...]]:
    name = scene.data.plan.name

    def read(flush: Flush) -> tuple[Reading, ...] | None:
        found = flush.maps.get(name)
        if found is None:
            return None
        row = _rows_of(lines[0], found, data) if any(line.number not in _OF_NO_ROW for line in lines) else found
        return tuple([_reading(line, found if line.number == TOTAL else row, flush, data) for line in lines])

    return scene.past.course(("trend", name, lines), FLUSHES, read)


def _reading(line: TrendLine, rows: MapData, flush: Flush, data: TrendData) -> Reading:
    if line.number == COST:
        return Reading(data.cost_at(flush.end_ns))
    return read_number(rows, line.key, cast(Number, line.number), flush.seconds)


def _rows_of(line: TrendLine, found: MapData, data: TrendData) -> MapData:
    """The map with only the row or the group of a line."""
    return data.only_group(line.group, found, line.key) if line.group else data.only_row(found, line.key)


def segments_of(
    points: Sequence[Point[Reading]], place: Callable[[float], float], together: int = 1
) -> tuple[Segment, ...]:
    """The points as (moment, share of the height), with a gap where flushes are missing or have no value; one point for
    each `together` flushes. The moment is a share of the time from the first to the last flush."""
    if not points:
        return ()
    first, last = points[0].end_ns, points[-1].end_ns
    found: list[tuple[tuple[float, float], ...]] = []
    for run in _runs(points):
        shown = thinned(run, together)
        moments = [1.0 if first == last else (point.end_ns - first) / (last - first) for point in shown]
        found.append(tuple(zip(moments, [place(point.value.value) for point in shown], strict=True)))
    return tuple(found)


def _runs(points: Sequence[Point[Reading]]) -> list[list[Point[Reading]]]:
    """Consecutive flushes that have a value."""
    runs: list[list[Point[Reading]]] = []
    before: Point[Reading] | None = None
    for point in points:
        is_known = math.isfinite(point.value.value)
        if is_known:
            if before is None or _is_gap(before, point):
                runs.append([])
            runs[-1].append(point)
        before = point if is_known else None
    return runs


def thinned(points: Sequence[Point[Reading]], together: int) -> Sequence[Point[Reading]]:
    """One point for each group of consecutive flushes: the one with the largest value. The groups do not move with
    time."""
    if together <= 1:
        return points
    groups = groupby(points, key=lambda point: point.number // together)
    return [max(group, key=lambda point: point.value.value) for _, group in groups]


def _is_gap(before: Point[Reading], after: Point[Reading]) -> bool:
    return after.start_ns - before.end_ns > _MISSING * (after.end_ns - after.start_ns)


def unit_of(plan: MapPlan, number: str) -> str:
    """What the numbers of a line are in: lines with the same unit share a scale."""
    if number == COST:
        return "%"
    if number in ("rate", "total"):
        return f"{plan.unit if plan.aggregation == 'sum' else ''}/s"
    return f"{plan.unit}{'/s' if number == 'sum' else ''}"


def text_of(reading: Reading, plan: MapPlan, number: str) -> str:
    """A reading with its unit; the range that holds it for a percentile; `-` if there is none."""
    if number in PERCENTILES:
        return numbers.quantile_text(reading.range, plan.unit)
    if math.isnan(reading.value):
        return "-"
    if number == COST:
        return f"{numbers.short(reading.value)}%"
    grows = number in ("rate", "total", "sum")
    unit = "" if number in ("rate", "total") and plan.aggregation != "sum" else plan.unit
    return f"{mark_of(plan) if grows else ''}{numbers.with_unit(reading.value, unit)}{'/s' if grows else ''}"


def extremes(points: Sequence[Point[Reading]]) -> tuple[Reading, Reading, Reading]:
    """The last, the smallest and the largest reading; NOTHING where there is none."""
    known = [point.value for point in points if not math.isnan(point.value.value)]
    if not known:
        return NOTHING, NOTHING, NOTHING
    last = points[-1].value
    return last, min(known, key=lambda one: one.value), max(known, key=lambda one: one.value)
