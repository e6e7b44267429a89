"""What a pane has read from a history: the flush on show, the trends up to it, and the log; and the newest moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import thread_time
from typing import TYPE_CHECKING, Final

from bttop.model.history.trends import Trend
from bttop.ui.board.pane_data.merged_maps import SMALL, MergedMaps, end_by
from bttop.ui.views.log import Log

if TYPE_CHECKING:
    from bttop.model.flush.flush import Flush
    from bttop.model.history.timeline import Timeline


WINDOW = 60
"""Flushes in a trend."""
MOST_TRENDS = 512
"""Maximum number of maps with a trend. Maps that are not in the newest flush, such as those of another heartbeat, keep
their trend up to this limit: damaged lines may bring ever new names."""

AT_ONCE: Final = 0.004
"""Seconds of CPU time for reading at once in each pane; keys are handled in between."""


class FlushAccumulator:
    """The newest flush, the trends up to it and the log, collected flush by flush."""

    def __init__(self, maps: MergedMaps) -> None:
        self._merged_maps = maps
        self.flush: Flush | None = None
        """The flush on show."""
        self.newest: Flush | None = None
        """The flush that was added last, on show or not."""
        self.ending: tuple[Flush, ...] = ()
        """The last flushes of a program that has ended, one for each of its interval blocks."""
        self.log = Log()
        self._of_map: dict[str, Flush] = {}
        self._trends: dict[str, Trend] = {}

    def take(self, flushes: Sequence[Flush]) -> None:
        """Add the next flushes, the oldest first, and show the newest."""
        for flush in flushes:
            self._show(flush)
            self.note(flush)

    def note(self, flush: Flush) -> None:
        """Add the next flush without showing it."""
        for name, data in flush.maps.items():
            self.trend(name).advance(self._merged_maps.merged(data), flush.seconds)
        if len(self._trends) > MOST_TRENDS:
            self._trends = {name: self._trends[name] for name in flush.maps}
        self.newest = flush
        earlier = tuple([one for one in self.ending if one.generation == flush.generation])
        self.ending = (*earlier, flush) if flush.is_last else earlier
        self.log.extend([flush])

    def _show(self, flush: Flush) -> None:
        if self.flush is not None and flush.generation > self.flush.generation:
            self._of_map.clear()
        if len(self._of_map) > MOST_TRENDS:
            self._of_map = {name: one for name, one in self._of_map.items() if name in flush.maps}
        for name, data in flush.maps.items():
            if data.plan.occasional or flush.replaces(self._of_map.get(name)):
                self._of_map[name] = flush
        if flush.replaces(self.flush):
            self.flush = flush

    def show_merged(self, flushes: Sequence[Flush]) -> None:
        """Show merged flushes, one per interval block."""
        for flush in flushes:
            self._of_map |= dict.fromkeys(flush.maps, flush)
            self.flush = flush

    def flush_of(self, name: str) -> Flush | None:
        """The flush on show that has a map: each interval block of a script has its own flushes and maps."""
        return self._of_map.get(name)

    @property
    def maps(self) -> tuple[str, ...]:
        """The names of the maps that a flush on show has."""
        return tuple(self._of_map)

    @property
    def has_maps(self) -> bool:
        """Whether any flush had a map."""
        return bool(self._trends)

    def trend(self, name: str) -> Trend:
        """The trend of a map over the last WINDOW flushes."""
        return self._trends.setdefault(name, Trend(WINDOW))


class LiveMoment:
    """Takes the flushes of a history. One with thousands of stacks is shown when these are merged by function, which is
    done in steps; until then the one before stays on show."""

    def __init__(self, history: Timeline, maps: MergedMaps) -> None:
        self._history = history
        self._maps = maps
        self.shown = FlushAccumulator(maps)
        self._next = 0
        """Number of the flush to take next; flushes are numbered from 0 as they were appended."""
        self._end = 0
        """Number of the first flush that is not to be taken yet."""
        self._read: tuple[int, tuple[Flush, ...], Iterator[None]] | None = None
        """A number, its flush, and the rest of the steps in which its maps are merged."""

    @property
    def has_begun(self) -> bool:
        """Whether it has followed a history that had a flush."""
        return self._end > 0

    @property
    def taken(self) -> int:
        """Number of the first flush that is not taken yet."""
        return self._next

    @property
    def is_behind(self) -> bool:
        """Whether flushes wait until they are merged."""
        return self._next < self._end

    def follow(self, *, reads: bool = True) -> bool:
        """Take in what is new; without `reads` it waits for `catch_up`. Return whether it took a flush."""
        self._end = self._history.appended
        self._next = max(self._next, self._end - WINDOW)
        return reads and self.catch_up()

    def catch_up(self) -> bool:
        """Read what waits for some milliseconds, and take what is merged. Return whether it took a flush."""
        stop = thread_time() + AT_ONCE
        took = was_large = False
        while self._next < self._end and not (was_large and thread_time() >= stop):
            number, found, steps = self._read = self._reading()
            if thread_time() >= stop or not end_by(steps, stop):
                break
            self._read = None
            self.shown.take(found)
            self._next = number + 1
            was_large = any(len(data.rows) > SMALL for flush in found for data in flush.maps.values())
            took = True
        return took

    def _reading(self) -> tuple[int, tuple[Flush, ...], Iterator[None]]:
        """The flush to take next, which may be half merged."""
        number = self._next
        if self._read is not None and self._read[0] == number:
            return self._read
        found = self._history.window(1, number + 1 - self._history.dropped)
        return number, found, (step for flush in found for step in self._maps.merge_in_steps(flush))
