"""The courses that the views of a pane show: figures of the last flushes, kept while a view asks for them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bttop.model.history.course import Course, CourseReader

if TYPE_CHECKING:
    from bttop.model.flush.flush import Flush
    from bttop.model.history.timeline import Timeline


T = TypeVar("T")

READ_SECONDS: Final = 0.008
"""Seconds of reading per drawing; keys are handled in between."""
_UNUSED: Final = 3
"""Number of moments after which a course that no view has asked for is forgotten."""


class Courses:
    """Implements `Past` for one program (see `ui/views/base.py`). It reads nothing until a view asks."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._readers: dict[Hashable, CourseReader[Any]] = {}
        self._unused: dict[Hashable, int] = {}
        self._unread: dict[Hashable, int] = {}
        self._begin_ns: int | None = None
        self._end_ns: int | None = None
        self._numbers: tuple[int, int] | None = (0, 0)
        """First and end of the flushes on show; None until a view asks for a past moment."""

    def go_to_number(self, end: int) -> None:
        """Show the flushes with numbers below `end`, counted from 0 as flushes were added."""
        self._numbers = 0, end
        self._forget_unused()

    def go(self, end_ns: int, begin_ns: int | None = None) -> None:
        """Show the flushes up to a moment (CLOCK_BOOTTIME in ns), or only those that ended after `begin_ns`."""
        self._begin_ns, self._end_ns, self._numbers = begin_ns, end_ns, None
        self._forget_unused()

    def _forget_unused(self) -> None:
        self._unused = {about: count + 1 for about, count in self._unused.items() if count < _UNUSED}
        for about in [about for about in self._readers if about not in self._unused]:
            del self._readers[about]
            self._unread.pop(about, None)

    @property
    def unfinished(self) -> bool:
        """Whether a course on show is not read completely; then draw again."""
        return any(self._unread.values())

    def course(self, about: Hashable, length: int, read: Callable[[Flush], T | None]) -> Course[T]:
        """See `Past.course`."""
        reader = self._readers.setdefault(about, CourseReader(read))
        self._unused[about] = 0
        first, end = self._shown()
        stop = perf_counter() + READ_SECONDS
        found = reader.follow(self._timeline, max(first, end - length), end, lambda: perf_counter() < stop)
        self._unread[about] = found.unread
        return found

    def _shown(self) -> tuple[int, int]:
        if self._numbers is None:
            begin = 0 if self._begin_ns is None else self._number_after(self._begin_ns)
            assert self._end_ns is not None
            self._numbers = (begin, self._number_after(self._end_ns))
        return self._numbers

    def _number_after(self, moment: int) -> int:
        """Number of the first flush that ended after a moment."""
        dropped, index = self._timeline.dropped, self._timeline.index_at(moment)
        return dropped if index is None else dropped + index + 1
