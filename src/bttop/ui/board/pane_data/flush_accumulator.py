"""What a pane reads from a history: flush by flush while it grows, or up to an earlier moment."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from bttop.model.history.trends import Trend
from bttop.ui.board.pane_data.merged_maps import MergedMaps
from bttop.ui.views.log import Log

if TYPE_CHECKING:
    from bttop.model.flush.flush import Flush
    from bttop.model.history.timeline import Timeline


WINDOW = 60
"""Flushes in a trend."""
LOG_WINDOW = 240
"""Flushes whose printed texts are the log of an earlier moment."""
MOST_TRENDS = 512
"""Maximum number of maps with a trend. Maps that are not in the newest flush, such as those of another heartbeat, keep
their trend up to this limit: damaged lines may bring ever new names."""
AT_ONCE = 0.008
"""Maximum seconds of reading at once: a minute of a map with thousands of keys takes a second to read, and keys must
work meanwhile."""


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
        """Add the next flushes, the oldest first."""
        for flush in flushes:
            for name, data in flush.maps.items():
                self.trend(name).advance(self._merged_maps.merged(data), flush.seconds)
            if len(self._trends) > MOST_TRENDS:
                self._trends = {name: self._trends[name] for name in flush.maps}
            self._show(flush)
            self.newest = flush
            earlier = tuple([one for one in self.ending if one.generation == flush.generation])
            self.ending = (*earlier, flush) if flush.is_last else earlier
        self.log.extend(flushes)

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
        """Show merged flushes, one per interval block, in place of those that were taken."""
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


class PastMoment:
    """An earlier moment of a history. Its flush is shown at once; the minute before it and the log are read in pieces
    if they are long, and shown when they are complete."""

    def __init__(self, history: Timeline, maps: MergedMaps) -> None:
        self._history = history
        self._merged_maps = maps
        self.shown = FlushAccumulator(maps)
        self._end = 0
        """Number of the first flush after the moment on show; flushes are numbered from 0 as they were appended."""
        self._ripening: FlushAccumulator | None = None
        self._next = 0
        """Number of the flush that `_ripen` reads next."""
        self._seconds = AT_ONCE
        """Seconds that reading the last flush took."""

    @property
    def unfinished(self) -> bool:
        """Whether there is more to read for the moment on show."""
        return self._ripening is not None

    def go(self, at: int) -> None:
        """Show the data of a moment (CLOCK_BOOTTIME in ns), and read more for at most AT_ONCE seconds."""
        history = self._history
        index = history.index_at(at)
        end = history.dropped + (0 if index is None else index + 1)
        news = end - self._end
        if news == 1 or (0 <= news < WINDOW and news * self._seconds < AT_ONCE):
            self.shown.take(self._flushes(self._end, end, at))
        elif 0 < news < WINDOW and self._ripening is not None:
            self.shown.take(self._flushes(end - 1, end, at))
        elif news:
            self._jump(end, at)
        self._end = end
        self._ripen(at)

    def _jump(self, end: int, at: int) -> None:
        self.shown, self._ripening = FlushAccumulator(self._merged_maps), FlushAccumulator(self._merged_maps)
        found = self._flushes(end - 1, end, at)
        if any(flush.is_last for flush in found):  # it may not be the one to show
            found = self._flushes(max(end - 2, self._history.dropped), end, at)
        self.shown.take(found)
        self._next = max(self._history.dropped, end - WINDOW)
        if self.shown.log or not self.shown.has_maps:
            self._next = max(self._history.dropped, end - LOG_WINDOW)

    def _ripen(self, at: int) -> None:
        stop = perf_counter() + AT_ONCE
        while self._ripening is not None and (now := perf_counter()) < stop:
            if self._next >= self._end:
                self.shown, self._ripening = self._ripening, None
                return
            self._ripening.take(self._flushes(self._next, self._next + 1, at))
            self._next += 1
            self._seconds = perf_counter() - now

    def _flushes(self, first: int, end: int, at: int) -> list[Flush]:
        """The flushes with these numbers. The oldest may have been dropped meanwhile, so an index may give a later
        flush."""
        found = self._history.window(end - first, end - self._history.dropped) if first >= 0 else ()
        return [flush for flush in found if flush.end_ns <= at]
