"""The time cursor: the moment that all panes show, in a live session as in a review."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bttop.engine.session import Session
from bttop.errors import BttopError
from bttop.model.format import numbers
from bttop.model.history.span import ChosenSpan, TimeSpan
from bttop.model.record.records import FOREVER, Stamp

if TYPE_CHECKING:
    from bttop.model.history.timeline import Timeline


SPEEDS = (1, 2, 5, 10, 20, 60)
"""Seconds of the recording per second of real time."""


class TimeCursor:
    """The moment on show, limited by the histories of the programs."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.at: int | None = None if session.end is None else session.end.boot_ns
        """The moment on show, on CLOCK_BOOTTIME in ns; None is live: always the newest."""
        self.chosen: ChosenSpan | None = None
        """The span on show, which ends at `at`; None if a single moment is."""
        self._before_span: int | None = self.at
        """The moment that was on show before the span."""
        self.playing = False
        self.speed = SPEEDS[0]

    # Position.

    @property
    def newest(self) -> Stamp:
        """The last possible moment: the end of the recording, or now."""
        return self._session.end or self._session.now()

    @property
    def moment(self) -> int:
        """The moment on show, on CLOCK_BOOTTIME in ns; now if live."""
        return self.newest.boot_ns if self.at is None else self.at

    @property
    def oldest(self) -> Stamp:
        """The end of the oldest flush of all programs; `newest` if there is no flush."""
        found = [flush for program in self._session.programs if (flush := program.history.at(0)) is not None]
        first = min(found, key=lambda flush: flush.end_ns, default=None)
        return self.newest if first is None else Stamp(first.end_ns, self.wall_ns(first.end_ns))

    def wall_ns(self, moment: int) -> int:
        """A moment in ns since 1970, by the wall clock at the newest moment."""
        newest = self.newest
        return moment + newest.wall_ns - newest.boot_ns

    def time_of_day(self, moment: int) -> str:
        """A moment as HH:MM:SS in the local time zone."""
        return f"{datetime.fromtimestamp(self.wall_ns(moment) / 1e9):%H:%M:%S}"

    # Moving. Each method returns a message for the user, or an empty string.

    def step(self, timeline: Timeline, flushes: int) -> str:
        """Move by flushes of one program; past its newest flush it goes live, or to the end of the recording."""
        if self.chosen is not None:
            return self._step_span(self.chosen, timeline, flushes)
        found = None if self.at is None else timeline.index_at(self.at)
        here = len(timeline) - 1 if self.at is None else -1 if found is None else found
        wanted = here + flushes
        if wanted >= len(timeline):
            return self.to_end()
        flush = timeline.at(max(0, wanted))
        if flush is None:
            return "no flush yet"
        self._go(flush.end_ns)
        return self._beginning(timeline) if wanted < 0 else ""

    def go(self, text: str) -> str:
        """Move to a time of day, or by a distance such as -5m or +30s; with `..` between two times, show that span."""
        from bttop.store.times import BETWEEN, parse_time

        if BETWEEN in text:
            return self.show_typed_span(text)
        here = Stamp(self.moment, self.wall_ns(self.moment))
        oldest, newest = self.oldest, self.newest
        is_step = text.strip().startswith(("+", "-"))
        try:
            wanted = parse_time(text, *((here, here) if is_step else (oldest, newest)))
        except BttopError as error:
            return error.cause
        if wanted < oldest.boot_ns:
            return self.to_start()
        if wanted >= newest.boot_ns:
            return self.to_end()
        self._go(wanted)
        return ""

    def to_start(self) -> str:
        """Move to the oldest flush."""
        self._go(self.oldest.boot_ns)
        longest = min((program.history for program in self._session.programs), key=_age_of_oldest, default=None)
        return "" if longest is None else self._beginning(longest)

    def to_end(self) -> str:
        """Go live, or move to the end of the recording."""
        end = self._session.end
        self._go(None if end is None else end.boot_ns)
        return "live" if end is None else "the recording ends here"

    def show(self, moment: int) -> None:
        """Move to a moment and pause."""
        self._go(min(moment, self.newest.boot_ns))

    def _go(self, at: int | None) -> None:
        self.playing, self.chosen, self.at = False, None, at

    # Spans.

    def show_span(self, chosen: ChosenSpan) -> str:
        """Show a span in all panes."""
        if self.chosen is None:
            self._before_span = self.at
        self.playing, self.chosen, self.at = False, chosen, chosen.span.end_ns
        return f"all panes show {numbers.duration(chosen.span.seconds)}; Esc ends the span, [ ] and {{ }} move it"

    def show_typed_span(self, text: str) -> str:
        """Show a span such as `03:10..03:12` or `-5m..`."""
        from bttop.store.times import parse_window

        try:
            begin, end = parse_window(text.strip(), self.oldest, self.newest)
        except BttopError as error:
            return error.cause
        return self.show_span(ChosenSpan(TimeSpan(begin, min(end, self.newest.boot_ns))))

    def end_span(self) -> None:
        """Show what was on show before the span."""
        self._go(self._before_span)

    def extend_span(self, timeline: Timeline, flushes: int) -> str:
        """Begin the span on show so many flushes of a program later, or earlier for a negative number; it keeps at
        least one. Without a span, the one of the moment on show is extended."""
        span = self._span_here(timeline) if self.chosen is None else self.chosen.span
        if span is None:
            return "no flush yet"
        first, end = span.numbers(timeline)
        number = max(timeline.dropped, min(first + flushes, end - 1))
        found = timeline.at(number - timeline.dropped)
        if found is None:
            return "no flush in this span"
        chosen = ChosenSpan(span) if self.chosen is None else self.chosen
        told = self.show_span(replace(chosen, span=TimeSpan(min(found.start_ns, found.end_ns - 1), span.end_ns)))
        return self._beginning(timeline) if first + flushes < timeline.dropped else told

    def _span_here(self, timeline: Timeline) -> TimeSpan | None:
        """The flush on show as a span."""
        index = len(timeline) - 1 if self.at is None else timeline.index_at(self.at)
        flush = None if index is None else timeline.at(index)
        return None if flush is None else TimeSpan(min(flush.start_ns, flush.end_ns - 1), flush.end_ns)

    def _step_span(self, chosen: ChosenSpan, timeline: Timeline, flushes: int) -> str:
        """Move the span by a flush; for more than one, by its own length."""
        span = chosen.span
        ns = span.end_ns - span.begin_ns if flushes > 0 else span.begin_ns - span.end_ns
        if abs(flushes) == 1:
            _, end = span.numbers(timeline)
            here, there = (timeline.at(end - 1 + by - timeline.dropped) if end else None for by in (0, flushes))
            if here is None or there is None:
                return "there is no flush beyond this span"
            ns = there.end_ns - here.end_ns
        moved = chosen.moved(ns)
        if moved.span.end_ns > self.newest.boot_ns or moved.span.end_ns < self.oldest.boot_ns:
            return "there is no flush beyond this span"
        self.show_span(moved)
        return ""

    # Playing.

    def play(self) -> str:
        """Play or pause. At the end of a recording, play it from its beginning; a span ends, and is played."""
        if self.at is None:
            return "already live"
        if self.chosen is not None:
            self._go(self.chosen.span.begin_ns)
        self.playing = not self.playing
        if self.playing and self._session.end is not None and self.at >= self._session.end.boot_ns:
            self.at = self.oldest.boot_ns
        return f"playing at {self.speed}x" if self.playing else "paused"

    def faster(self, step: int) -> str:
        """Change the speed by `step` steps."""
        at = max(0, min(len(SPEEDS) - 1, SPEEDS.index(self.speed) + step))
        self.speed = SPEEDS[at]
        return f"speed {self.speed}x"

    def pass_by(self, seconds: float) -> str:
        """Advance the playing by this many seconds of real time."""
        if not self.playing or self.at is None:
            return ""
        self.at += round(seconds * self.speed * 1e9)
        return self.to_end() if self.at >= self.newest.boot_ns else ""

    def _beginning(self, timeline: Timeline) -> str:
        first = timeline.at(0)
        if first is None:
            return ""
        since = f"{datetime.fromtimestamp(first.wall_ns / 1e9):%H:%M:%S}"
        gone = f"; {timeline.dropped:,} older flushes are not kept" if timeline.dropped else ""
        return f"history begins at {since}{gone}"

    def distance(self) -> str:
        """The distance to the newest moment; empty at that moment."""
        seconds = round((self.newest.boot_ns - self.moment) / 1e9)
        return numbers.duration(seconds) if seconds > 0 else ""


def _age_of_oldest(timeline: Timeline) -> int:
    first = timeline.at(0)
    return first.end_ns if first is not None else FOREVER
