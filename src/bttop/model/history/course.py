"""A figure over time: one value per flush, read once and kept while it is on show.

`History` packs older flushes, and decoding 600 of them takes longer than a screen may wait. A `CourseReader` decodes
each flush once, keeps only the figure, and reads the newest flushes first and in pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from bttop.model.flush.flush import Flush
    from bttop.model.history.timeline import Timeline


T = TypeVar("T")

_SPARE: Final = 2
"""Lengths of a course that are kept beyond the one on show, so that moving in time reads nothing twice."""


class Point(Struct, Generic[T], frozen=True):
    """The figure of one flush. Times are in ns on the clock of bpftrace's `nsecs`."""

    number: int
    """Of the flush in its timeline, counted from 0 as flushes were added."""
    generation: int
    start_ns: int
    end_ns: int
    value: T

    @property
    def seconds(self) -> float:
        """Length of the flush; above zero."""
        return max(self.end_ns - self.start_ns, 1) / 1e9


class Course(Struct, Generic[T], frozen=True):
    """A figure over consecutive flushes."""

    points: tuple[Point[T], ...] = ()
    """The flushes that have the figure, oldest first."""
    unread: int = 0
    """Flushes that are still to be read."""


class CourseReader(Generic[T]):
    """Keeps the course of one figure up to date."""

    def __init__(self, read: Callable[[Flush], T | None]) -> None:
        """`read` returns the figure of a flush, or None for a flush that does not have it. It must depend on the flush
        alone."""
        self._read = read
        self._known: dict[int, Point[T] | None] = {}

    def follow(self, timeline: Timeline, first: int, end: int, may_read: Callable[[], bool]) -> Course[T]:
        """Return the course of the flushes with the numbers [first, end), as far as it is read. Before each flush
        `may_read` is asked; once it refuses, `unread` is above 0, and the next call goes on."""
        first = max(first, timeline.dropped)
        for number in range(end - 1, first - 1, -1):
            if number not in self._known and not (may_read() and self._take(timeline, number)):
                break
        self._forget(first, end)
        found = [self._known[number] for number in range(first, end) if number in self._known]
        points = tuple(_without_old_generations([point for point in found if point is not None]))
        return Course(points, max(0, end - first - len(found)))

    def _take(self, timeline: Timeline, number: int) -> bool:
        """Read a flush by number. Return False if flushes were dropped meanwhile: then indexes mean other flushes."""
        dropped = timeline.dropped
        found = timeline.window(1, number + 1 - dropped)
        if timeline.dropped != dropped:
            return False
        flush = found[0] if found else None
        value = None if flush is None else self._read(flush)
        if flush is None or value is None:
            self._known[number] = None
        else:
            self._known[number] = Point(number, flush.generation, flush.start_ns, flush.end_ns, value)
        return True

    def _forget(self, first: int, end: int) -> None:
        room = _SPARE * (end - first)
        if len(self._known) > room + end - first:
            kept = range(first - room // 2, end + room // 2)
            self._known = {number: point for number, point in self._known.items() if number in kept}


def _without_old_generations(points: list[Point[T]]) -> Iterator[Point[T]]:
    """The points without those of a generation that had been replaced: for a moment both count the same events."""
    newest = -1
    for point in points:
        newest = max(newest, point.generation)
        if point.generation == newest:
            yield point
