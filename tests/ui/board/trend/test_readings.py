"""The points of a line: gaps stay gaps."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from bttop.model.flush.flush import Flush
from bttop.model.history.course import Course, Point
from bttop.model.history.figures import NOTHING, Reading
from bttop.ui.board.trend.readings import TrendData, extremes, segments_of, series_of, thinned
from bttop.ui.views.base import TrendLine, ViewChoice
from tests.ui.scenes import scene

T = TypeVar("T")

SECOND = 1_000_000_000


def point(number: int, value: float) -> Point[Reading]:
    """A flush of one second that ends after `number` seconds."""
    return Point(number, 1, (number - 1) * SECOND, number * SECOND, Reading(value))


def segments(*points: Point[Reading]) -> list[list[tuple[float, float]]]:
    return [list(one) for one in segments_of(points, lambda value: value)]


def test_consecutive_flushes_are_one_segment_from_left_to_right() -> None:
    assert segments(point(1, 5), point(2, 6), point(3, 7)) == [[(0.0, 5), (0.5, 6), (1.0, 7)]]


def test_missing_flushes_and_values_are_gaps() -> None:
    found = segments(point(1, 5), point(2, 6), point(8, 7), point(9, math.nan), point(10, 8), point(11, math.inf))
    assert [[y for _, y in segment] for segment in found] == [[5, 6], [7], [8]]


def test_one_flush_is_at_the_right() -> None:
    assert segments(point(1, 5)) == [[(1.0, 5)]]
    assert segments() == []


def test_the_last_reading_is_unknown_if_the_last_flush_has_none() -> None:
    last, least, largest = extremes([point(1, 5), point(2, 9), point(3, math.nan)])
    assert math.isnan(last.value)
    assert (least.value, largest.value) == (5, 9)
    assert extremes([point(1, math.nan)]) == (NOTHING,) * 3


def test_several_flushes_are_one_point_with_the_largest_value_and_the_groups_stay() -> None:
    points = [point(number, value) for number, value in enumerate([3, 9, 4, 1, 5, 2])]
    assert [one.value.value for one in thinned(points, 2)] == [9, 4, 5]
    assert [one.value.value for one in thinned(points[1:], 2)] == [9, 4, 5]
    assert thinned(points, 1) is points


class PartlyRead:
    """A past of which only the newest flushes have been read."""

    def __init__(self, read: int, unread: int) -> None:
        self._read, self._unread = read, unread
        self.asked: list[Hashable] = []

    def course(self, about: Hashable, _length: int, _read: Callable[[Flush], T | None]) -> Course[T]:
        """The points that have been read; their values are made up."""
        self.asked.append(about)
        value: Any = (Reading(1.0),)
        points = [Point(n, 1, n * SECOND, (n + 1) * SECOND, value) for n in range(self._read)]
        return Course(tuple(points), self._unread)


DATA = TrendData(lambda data, _key: data, lambda _title, data, _key: data, lambda _at: 0.0)


@pytest.mark.parametrize(("read", "drawn"), [(0, 0), (1, 1), (50, 32), (64, 64), (100, 64)])
def test_while_more_is_read_the_drawing_changes_only_at_each_doubling(read: int, drawn: int) -> None:
    shown = scene({"a": 1}, choice=ViewChoice(trend=(TrendLine("a", "rate"),)))
    (partly,) = series_of(replace(shown, past=PartlyRead(read, 500)), DATA)
    assert (len(partly.points), partly.unread) == (drawn, 500)
    (whole,) = series_of(replace(shown, past=PartlyRead(read, 0)), DATA)
    assert len(whole.points) == read


def test_rows_are_read_one_after_the_other() -> None:
    lines = tuple(TrendLine(key, "rate") for key in "abc")
    past = PartlyRead(5, 500)
    assert len(series_of(replace(scene({"a": 1}, choice=ViewChoice(trend=lines)), past=past), DATA)) == 3
    assert len(past.asked) == 1
