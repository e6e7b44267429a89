"""What a pane has read from a history: the flush on show, the trends up to it, and the log; and the newest moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import thread_time
from typing import TYPE_CHECKING, Final

from msgspec import Struct

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

IN_ORDER: Final = 2
"""Flushes up to which those that wait are taken in order. Of more, the newest is shown first: the others may take
seconds, and would show what is long over."""
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
            self.show(flush)
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

    def take_earlier(self, flushes: Sequence[Flush]) -> None:
        """Add the next flushes, which end before the one on show; of these only the maps of other interval blocks are
        shown."""
        for flush in flushes:
            if self.flush is not None and flush.generation == self.flush.generation:
                later = [name for name, one in self._of_map.items() if one.end_ns >= flush.end_ns]
                self._of_map |= dict.fromkeys([name for name in flush.maps if name not in later], flush)
            self.note(flush)

    def show(self, flush: Flush) -> None:
        """Show a flush, unless the one on show says more."""
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


class _Reading(Struct, frozen=True):
    """A flush that is read."""

    flushes: Sequence[Flush]
    """The flush; none if it is not kept any more."""
    steps: Iterator[None]
    """The rest of the steps in which its maps are merged."""


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
        self._ahead: int | None = None
        """Number of a flush that is to be shown before those ahead of it are taken."""
        self._shown_end = 0
        """Number of the first flush after the one that was shown last."""
        self._may_pass = True
        """Whether a flush was taken in order since one was shown before its turn: neither must wait for ever."""
        self._readings: dict[int, _Reading] = {}

    @property
    def has_begun(self) -> bool:
        """Whether it has followed a history that had a flush."""
        return self._end > 0

    @property
    def shown_end(self) -> int:
        """Number of the first flush after the one on show."""
        return max(self._next, self._shown_end)

    @property
    def is_behind(self) -> bool:
        """Whether flushes wait until they are merged."""
        return self._next < self._end

    def follow(self, *, reads: bool = True) -> bool:
        """Take in what is new; without `reads` it waits for `catch_up`. Return as `catch_up`."""
        self._end = self._history.appended
        self._next = max(self._next, self._end - WINDOW)
        if self._ahead is None and self._may_pass and self._end - self._next > IN_ORDER:
            self._ahead = self._newest_to_show()
        return reads and self.catch_up()

    def _newest_to_show(self) -> int | None:
        """The number of the newest flush that waits and is whole; the last ones of a program may be short."""
        numbers = range(self._end - 1, max(self._next, self._shown_end, self._end - 1 - IN_ORDER) - 1, -1)
        return next((one for one in numbers if not any(flush.is_last for flush in self._flush(one))), None)

    def catch_up(self) -> bool:
        """Read what waits for some milliseconds, and take what is merged. Return whether another flush is on show, or
        the last that waited is taken."""
        stop = thread_time() + AT_ONCE
        before = self.shown.flush
        took = was_large = False
        while self._next < self._end and not (was_large and thread_time() >= stop):
            number = self._next if self._ahead is None else self._ahead
            reading = self._readings[number] = self._readings.get(number) or self._reading(number)
            if thread_time() >= stop or not end_by(reading.steps, stop):
                break
            self._take(number, reading.flushes)
            was_large = any(len(data.rows) > SMALL for flush in reading.flushes for data in flush.maps.values())
            took = True
        return self.shown.flush is not before or (took and not self.is_behind)

    def _take(self, number: int, flushes: Sequence[Flush]) -> None:
        if number == self._ahead:
            self._ahead, self._shown_end, self._may_pass = None, number + 1, False
            for flush in flushes:
                self.shown.show(flush)
            return
        if number < self._shown_end:
            self.shown.take_earlier(flushes)
        else:
            self.shown.take(flushes)
        self._next, self._may_pass = number + 1, True
        self._readings = {one: reading for one, reading in self._readings.items() if one > number}

    def _reading(self, number: int) -> _Reading:
        found = self._flush(number)
        return _Reading(found, (step for flush in found for step in self._maps.merge_in_steps(flush)))

    def _flush(self, number: int) -> Sequence[Flush]:
        """The flush with a number, if it is kept."""
        return self._history.window(1, number + 1 - self._history.dropped)
