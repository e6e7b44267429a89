"""An earlier moment of a history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import thread_time
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from bttop.ui.board.pane_data.flush_accumulator import WINDOW, FlushAccumulator
from bttop.ui.board.pane_data.merged_maps import MergedMaps, end_by

if TYPE_CHECKING:
    from bttop.model.flush.flush import Flush
    from bttop.model.history.timeline import Timeline


LOG_WINDOW: Final = 240
"""Flushes whose printed texts are the log of an earlier moment."""
AT_ONCE: Final = 0.008
"""Maximum seconds of CPU time for reading at once: a minute of a map with thousands of keys takes a second to read, and
keys must work meanwhile."""


class _Read(Struct, frozen=True):
    """Flushes that were read, and the rest of the steps in which their maps are merged."""

    end: int
    """Number of the first flush after them."""
    flushes: Sequence[Flush]
    merging: Iterator[None]


class PastMoment:
    """An earlier moment of a history. Its flush is shown at once, or when its thousands of stacks are merged; the
    minute before it and the log are read in pieces if they are long, and shown when they are complete."""

    def __init__(self, history: Timeline, maps: MergedMaps) -> None:
        self._history = history
        self._merged_maps = maps
        self.shown = FlushAccumulator(maps)
        self._end = 0
        """Number of the first flush after the moment on show; flushes are numbered from 0 as they were appended."""
        self._coming: _Read | None = None
        """The flush of a moment that was asked for, until it is on show."""
        self._is_put_off = False
        self._ripening: FlushAccumulator | None = None
        self._next = 0
        """Number of the flush that `_ripen` reads next."""
        self._read: _Read | None = None
        """The flush that `_ripen` is reading."""
        self._seconds = AT_ONCE
        """Seconds that reading the last flush took."""

    @property
    def unfinished(self) -> bool:
        """Whether there is more to read for the moment on show."""
        return self._ripening is not None or self._coming is not None or self._is_put_off

    @property
    def has_begun(self) -> bool:
        """Whether it shows a moment, and does not only read the first one."""
        return self.shown.flush is not None or not (self._coming is not None or self._is_put_off)

    def put_off(self) -> bool:
        """Leave what is on show until the next `go`, because there is no time to read now. Return that nothing else is
        shown than before."""
        self._is_put_off = True
        return False

    def go(self, at: int) -> bool:
        """Show the data of a moment (CLOCK_BOOTTIME in ns), and read more for at most AT_ONCE seconds. Return whether
        it shows anything else than before."""
        before = self.shown, self.shown.newest
        self._go_on(at)
        return before[0] is not self.shown or before[1] is not self.shown.newest

    def _go_on(self, at: int) -> None:
        index = self._history.index_at(at)
        end = self._history.dropped + (0 if index is None else index + 1)
        stop, self._is_put_off = thread_time() + AT_ONCE, False
        while end != self._end:
            # One that is begun is shown first: while a recording plays, none would ever be complete.
            self._coming = self._coming or self._reading(end - 1, end, at)
            if not end_by(self._coming.merging, stop):
                return
            self._show(self._coming, at)
            self._coming = None
        self._coming = None
        self._ripen(at, stop)

    def _show(self, coming: _Read, at: int) -> None:
        end, news = coming.end, coming.end - self._end
        if news == 1 or (0 < news < WINDOW and news * self._seconds < AT_ONCE):
            self.shown.take([*self._flushes(self._end, end - 1, at), *coming.flushes])
        elif 0 < news < WINDOW and self._ripening is not None:
            self.shown.take(coming.flushes)
        else:
            self._jump(coming, at)
        self._end = end

    def _jump(self, coming: _Read, at: int) -> None:
        end, found = coming.end, coming.flushes
        self.shown, self._ripening = FlushAccumulator(self._merged_maps), FlushAccumulator(self._merged_maps)
        if any(flush.is_last for flush in found):  # it may not be the one to show
            found = self._flushes(max(end - 2, self._history.dropped), end, at)
        self.shown.take(found)
        self._read = None
        self._next = max(self._history.dropped, end - WINDOW)
        if self.shown.log or not self.shown.has_maps:
            self._next = max(self._history.dropped, end - LOG_WINDOW)

    def _ripen(self, at: int, stop: float) -> None:
        while self._ripening is not None and (now := thread_time()) < stop:
            if self._next >= self._end:
                self.shown, self._ripening = self._ripening, None
                return
            self._read = self._read or self._reading(self._next, self._next + 1, at)
            if not end_by(self._read.merging, stop):
                self._seconds = AT_ONCE
                return
            self._ripening.take(self._read.flushes)
            self._read = None
            self._next += 1
            self._seconds = max(self._seconds / 2, thread_time() - now)

    def _reading(self, first: int, end: int, at: int) -> _Read:
        found = self._flushes(first, end, at)
        return _Read(end, found, (step for flush in found for step in self._merged_maps.merge_in_steps(flush)))

    def _flushes(self, first: int, end: int, at: int) -> list[Flush]:
        """The flushes with these numbers. The oldest may have been dropped meanwhile, so an index may give a later
        flush."""
        found = self._history.window(end - first, end - self._history.dropped) if first >= 0 else ()
        return [flush for flush in found if flush.end_ns <= at]
