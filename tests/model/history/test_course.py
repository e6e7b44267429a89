from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.history.course import CourseReader
from bttop.model.history.history import History, decoded_bytes
from tests.ui.scenes import SECOND, START, flush_of, map_plan


def numbered(number: int, generation: int = 1) -> Flush:
    """A flush of the second `number`."""
    flush = flush_of(MapData(map_plan(), "map", {"1,a": number}))
    start = START + number * SECOND
    return replace(flush, number=number, generation=generation, start_ns=start, end_ns=start + SECOND)


def history(count: int, limit: int = 1 << 20) -> History:
    found = History(limit)
    for number in range(count):
        found.append(numbered(number))
    return found


def counting(read: list[int]) -> Callable[[Flush], int | None]:
    """Notes the flushes that are read; odd ones have no figure."""

    def figure(flush: Flush) -> int | None:
        read.append(flush.number)
        return None if flush.number % 2 else flush.number

    return figure


def values(reader: CourseReader[int], timeline: History, first: int, end: int) -> list[int]:
    return [point.value for point in reader.follow(timeline, first, end, lambda: True).points]


def test_each_flush_is_read_once_however_one_moves() -> None:
    read: list[int] = []
    timeline, reader = history(50), CourseReader(counting(read))
    assert values(reader, timeline, 20, 40) == list(range(20, 40, 2))
    timeline.append(numbered(50))
    assert values(reader, timeline, 31, 51) == list(range(32, 51, 2))
    assert values(reader, timeline, 21, 41) == list(range(22, 41, 2))
    assert sorted(read) == list(range(20, 51))


def test_a_long_course_is_read_in_pieces_from_its_newest_flush() -> None:
    read: list[int] = []
    timeline, reader = history(35), CourseReader(counting(read))
    turns = iter([True] * 10 + [False])
    found = reader.follow(timeline, 0, 35, lambda: next(turns))
    assert read == list(range(34, 24, -1))
    assert (found.unread, [point.number for point in found.points]) == (25, [26, 28, 30, 32, 34])
    assert reader.follow(timeline, 0, 35, lambda: True).unread == 0


def test_a_replaced_generation_that_still_counts_is_left_out() -> None:
    timeline = History(1 << 20)
    for number, generation in enumerate([1, 1, 2, 1, 2]):
        timeline.append(numbered(number, generation))
    found = CourseReader(lambda flush: flush.number).follow(timeline, 0, 5, lambda: True)
    assert [point.value for point in found.points] == [0, 1, 2, 4]


def test_flushes_that_the_history_has_dropped_are_not_missing() -> None:
    timeline = history(100, limit=3 * decoded_bytes(numbered(0)))
    assert timeline.dropped > 0
    found = CourseReader(lambda flush: flush.number).follow(timeline, 0, 100, lambda: True)
    assert found.unread == 0
    assert [point.value for point in found.points] == list(range(timeline.dropped, 100))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12), st.lists(st.booleans(), max_size=30))
def test_a_course_is_that_of_its_flushes_however_it_was_read(
    ranges: list[tuple[int, int]], allowed: list[bool]
) -> None:
    timeline, reader, turns = history(60), CourseReader(lambda flush: flush.number), iter(allowed)
    for first, end in ranges:
        found = reader.follow(timeline, first, end, lambda: next(turns, False))
        assert {point.value for point in found.points} <= set(range(first, end))
        assert len(found.points) + found.unread == max(0, end - first)
    for first, end in ranges:
        assert values(reader, timeline, first, end) == list(range(first, end))
