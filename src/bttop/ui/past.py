"""What a pane takes in of a history: flush by flush while it grows, or up to an earlier moment."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from bttop.model.flush import Flush
from bttop.model.timeline import Timeline
from bttop.model.trends import Trend
from bttop.ui.views.log import Log

WINDOW = 60
"""Flushes that a trend looks back."""
LOG_WINDOW = 240
"""Flushes whose printed texts make up the log of an earlier moment."""
MOST_TRENDS = 512
"""Maps whose minute is kept while they are not in the newest flush: those of another heartbeat. Damaged lines have new
names."""
AT_ONCE = 0.008
"""Seconds of reading in one go: a minute of a map with thousands of keys takes a second, in which keys must work."""


class Intake:
    """What has been taken in, flush by flush: the newest flush, the trends up to it and the log."""

    def __init__(self) -> None:
        self.flush: Flush | None = None
        self.log = Log()
        self._trends: dict[str, Trend] = {}

    def take(self, flushes: Sequence[Flush]) -> None:
        """The next flushes, the oldest first."""
        for flush in flushes:
            for name, data in flush.maps.items():
                self.trend(name).advance(data, flush.seconds)
            if len(self._trends) > MOST_TRENDS:
                self._trends = {name: self._trends[name] for name in flush.maps}
            if flush.replaces(self.flush):
                self.flush = flush
        self.log.extend(flushes)

    @property
    def has_maps(self) -> bool:
        """Whether there is anything but texts."""
        return bool(self._trends)

    def trend(self, name: str) -> Trend:
        """The last minute of a map."""
        return self._trends.setdefault(name, Trend(WINDOW))


class Past:
    """An earlier moment of a history. The flush of then is there at once; the minute before it, and the log, are read
    in pieces when they are long, and shown when they are whole."""

    def __init__(self, history: Timeline) -> None:
        self._history = history
        self.shown = Intake()
        self._end = 0
        """Number of the first flush after the moment on show, as it was appended, from 0."""
        self._ripening: Intake | None = None
        self._next = 0
        """Number of the flush that ripens next."""
        self._seconds = AT_ONCE
        """What the last flush took to be read."""

    @property
    def unfinished(self) -> bool:
        """Whether there is more to read for the moment on show."""
        return self._ripening is not None

    def go(self, at: int) -> None:
        """Show what there was at a moment (CLOCK_BOOTTIME in ns), and read on for a while."""
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
        self.shown, self._ripening = Intake(), Intake()
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
        """Flushes by their numbers. The oldest may have gone since: then an index means a later flush."""
        found = self._history.window(end - first, end - self._history.dropped) if first >= 0 else ()
        return [flush for flush in found if flush.end_ns <= at]
