"""What a pane shows of a span: its flushes, merged in pieces."""

from __future__ import annotations

from time import perf_counter
from typing import Final

from bttop.model.history.span import TimeSpan
from bttop.model.history.timeline import Timeline
from bttop.store.compare.spans import SpanFlush, SpanMerge
from bttop.ui.board.pane_data.flush_accumulator import FlushAccumulator
from bttop.ui.board.pane_data.merged_maps import MergedMaps

READ_SECONDS: Final = 0.004
"""Maximum seconds of reading at once, in each pane: all panes read a span at the same time."""


class SpanMoment:
    """Reads the flushes of a span. Until all are read it shows those that are, and says how many."""

    def __init__(self, history: Timeline, maps: MergedMaps, span: TimeSpan) -> None:
        self.span = span
        self.shown = FlushAccumulator(maps)
        """The merged flushes, the trends within the span and its log."""
        self.merged = SpanFlush()
        self.unfinished = True
        first, end = span.numbers(history)
        self._expected = max(0, end - first)
        self._merge = SpanMerge()
        self._flushes = span.flushes(history)

    def read(self) -> None:
        """Read for at most READ_SECONDS."""
        stop = perf_counter() + READ_SECONDS
        while self.unfinished and perf_counter() < stop:
            flush = next(self._flushes, None)
            if flush is None:
                self.unfinished = False
            else:
                self._merge.add(flush)
                self.shown.take([flush])
        self.merged = self._merge.result()
        self.shown.show_merged(self.merged.flushes)

    @property
    def progress(self) -> str:
        """How many flushes are read, as text; empty if all are."""
        return f"{self.merged.merged} of {self._expected} flushes read" if self.unfinished else ""
