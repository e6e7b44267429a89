"""What a pane shows of a span: its flushes, merged in steps."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter, thread_time
from typing import Final

from bttop.model.history.span import TimeSpan
from bttop.model.history.timeline import Timeline
from bttop.store.compare.spans import SpanFlush, SpanMerge
from bttop.ui.board.pane_data.flush_accumulator import FlushAccumulator
from bttop.ui.board.pane_data.merged_maps import MergedMaps, end_by

READ_SECONDS: Final = 0.004
"""Maximum seconds of reading at once, in each pane: all panes read a span at the same time."""
SHOWN_EACH: Final = 0.25
"""Seconds of reading after which what is read is shown again, if that takes little time."""
_READING: Final = 4
"""How many times as much time goes into reading as into showing what is read."""


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
        self._maps = maps
        self._merge = SpanMerge()
        self._flushes = span.flushes(history)
        self._steps = self._read_in_steps()

    def read(self) -> bool:
        """Read for at most READ_SECONDS of CPU time. Return whether it shows anything else than before."""
        before = self.merged, self.unfinished
        self.unfinished = not end_by(self._steps, thread_time() + READ_SECONDS)
        return before[0] is not self.merged or before[1] is not self.unfinished

    def _read_in_steps(self) -> Iterator[None]:
        show_at = 0.0
        for flush in self._flushes:
            yield  # reading a packed flush is a step
            yield from self._maps.merge_in_steps(flush)
            self.shown.note(flush)
            yield
            yield from self._merge.add_in_steps(flush)
            if (begin := perf_counter()) >= show_at:
                yield from self._show_in_steps()
                now = perf_counter()
                show_at = now + max(SHOWN_EACH, _READING * (now - begin))
        yield from self._show_in_steps()

    def _show_in_steps(self) -> Iterator[None]:
        """Show what is read."""
        merged = yield from self._merge.result_in_steps()
        for flush in merged.flushes:
            yield from self._maps.merge_in_steps(flush)
        self.merged = merged
        self.shown.show_merged(merged.flushes)

    @property
    def progress(self) -> str:
        """How many flushes are read, as text; empty if all are."""
        return f"{self.merged.merged} of {self._expected} flushes read" if self.unfinished else ""
