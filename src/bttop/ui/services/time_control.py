"""Moves the time cursor, shows its position and finds marks. The cursor itself is in `board/time_cursor.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from bttop.engine.session import Session
from bttop.engine.tracer.stop_detector import LATE_NS
from bttop.model.format import numbers
from bttop.model.history.span import ChosenSpan, TimeSpan
from bttop.ui.board.board import Board
from bttop.ui.board.screen_bars.timeline_bar import TimelinePosition
from bttop.ui.board.time_cursor import TimeCursor
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.render.spans import Glyphs, Span

if TYPE_CHECKING:
    from bttop.store.snapshot.recording_events import MarkSet
    from bttop.ui.dialogs.palette import PaletteEntry
    from bttop.ui.services.screen_access import ScreenAccess

NEAR_NS = 5_000_000_000
"""A flush within this many ns of a moment knows the wall clock of that moment."""


class TimeControl:
    """Moves the time cursor of the dashboard."""

    def __init__(
        self,
        session: Session,
        board: Board,
        glyphs: Glyphs,
        marks: Callable[[], Sequence[MarkSet]],
        screen: ScreenAccess,
    ) -> None:
        """`marks` returns all marks, in any order."""
        self.cursor = TimeCursor(session)
        self._session = session
        self._board = board
        self._glyphs = glyphs
        self._all_marks = marks
        self._screen = screen
        self._looked = monotonic()

    @property
    def marks(self) -> Sequence[MarkSet]:
        """All marks, the oldest first."""
        return sorted(self._all_marks(), key=lambda mark: mark.stamp.boot_ns)

    def step(self, flushes: int) -> None:
        """Move by flushes of the focused pane."""
        self._moved(self.cursor.step(self._board.focused_pane.program.history, flushes))

    def start(self) -> None:
        """Move to the start of the history."""
        self._moved(self.cursor.to_start())

    def end(self) -> None:
        """Go live, or move to the end of the recording."""
        self._moved(self.cursor.to_end())

    def go_live(self) -> None:
        """Go live if an earlier moment is on show."""
        if self.cursor.at is not None:
            self.end()

    def ask(self) -> None:
        """Ask for a time."""

        def done(text: str | None) -> None:
            if text is not None and text.strip():
                self._moved(self.cursor.go(text))

        self._screen.ask(InputQuestion("go to 03:11, 03:11:04, -5m, +30s or 03:10..03:12: ", done))

    def ask_span(self) -> None:
        """Ask for a span."""

        def done(text: str | None) -> None:
            if text is not None and text.strip():
                self._moved(self.cursor.show_typed_span(text))

        self._screen.ask(InputQuestion("show the span 03:10..03:12, -5m.. or ..+30s: ", done))

    def show_span(self, chosen: ChosenSpan) -> None:
        """Show a span in all panes."""
        self._moved(self.cursor.show_span(chosen))

    def extend_span(self, flushes: int) -> None:
        """Begin the span on show earlier or later by flushes of the focused pane."""
        self._moved(self.cursor.extend_span(self._board.focused_pane.program.history, flushes))

    def end_span(self) -> bool:
        """Show what was on show before the span. Return whether there was a span."""
        if self.cursor.chosen is None:
            return False
        self.cursor.end_span()
        self._moved("")
        return True

    def palette_entries(self) -> Iterator[PaletteEntry]:
        """The entries of the palette without a key of their own."""
        from bttop.ui.dialogs.palette import PaletteEntry

        yield PaletteEntry(
            "Show the span from … to …", "Time: g, then 03:10..03:12", self.ask_span, "period window range"
        )

    def begin(self, where: int | TimeSpan | None, *, plays: bool) -> None:
        """Begin a review at a moment, with a span, or at the beginning if that is None."""
        self.cursor.to_start()
        if isinstance(where, TimeSpan):
            self.cursor.show(where.end_ns)
            self.cursor.show_span(ChosenSpan(where))
        elif where is not None:
            self.cursor.show(max(where, self.cursor.moment))
        if plays:
            self.cursor.play()
        self._moved("")

    def play(self) -> None:
        """Play or pause."""
        self._moved(self.cursor.play())

    def faster(self, step: int) -> None:
        """Change the speed of playing by `step` steps."""
        self._moved(self.cursor.faster(step))

    def to_mark(self, step: int) -> None:
        """Move to the next mark after the moment on show, or to the last one before it."""
        here = self.cursor.moment
        later = [mark for mark in self.marks if mark.stamp.boot_ns > here]
        earlier = [mark for mark in self.marks if mark.stamp.boot_ns < here]
        found = later[:1] if step > 0 else earlier[-1:]
        if not found:
            where = "after" if step > 0 else "before"
            advice = "" if self._session.tracing is None else "; m sets one"
            self._screen.tell(f"no mark {where} this moment{advice}", "warn")
            return
        self.cursor.show(found[0].stamp.boot_ns)
        self._moved("")

    def pass_by(self) -> None:
        """Advance the playing by the real time since the last call. Called before every repaint. Time while bttop was
        stopped does not count."""
        before, self._looked = self._looked, monotonic()
        told = self.cursor.pass_by(min(self._looked - before, LATE_NS / 1e9))
        if told:
            self._moved(told)

    def _moved(self, told: str) -> None:
        self._looked = monotonic()
        self._screen.moved_in_time()
        if told:
            self._screen.tell(told)

    def wall_ns(self, moment: int) -> int:
        """A moment (CLOCK_BOOTTIME in ns) in ns since 1970. Uses the stamps of a flush near it, because the wall clock
        may have been set since."""
        flush = self._board.focused_pane.model.flush if self._board.panes else None
        if flush is None or abs(moment - flush.end_ns) > NEAR_NS:
            return self.cursor.wall_ns(moment)
        return moment + flush.wall_ns - flush.end_ns

    # For the header.

    def spans(self) -> tuple[Span, ...]:
        """The moment on show and its distance from now or the end; empty when live."""
        cursor = self.cursor
        if cursor.at is None:
            return ()
        if cursor.chosen is not None:
            return (Span(f"{self._span_text(cursor.chosen.span)} ", "warn"),)
        recorded = self._session.tracing is None
        time = f"{datetime.fromtimestamp(self.wall_ns(cursor.at) / 1e9):%H:%M:%S}"
        distance = cursor.distance()
        if recorded:
            where = f"{distance} before the end" if distance else "the end"
        else:
            where = f"{distance or '0s'} ago, still tracing"
        glyph = self._glyphs.play if cursor.playing else self._glyphs.pause
        playing = f" {glyph} {cursor.speed}x" if cursor.playing or recorded else ""
        return (Span(f"{time}, {where}{playing} ", "warn"),)

    def _span_text(self, span: TimeSpan) -> str:
        begin, end = (
            f"{datetime.fromtimestamp(self.wall_ns(at) / 1e9):%H:%M:%S}" for at in (span.begin_ns, span.end_ns)
        )
        return f"{begin}..{end}, {numbers.duration(span.seconds)}"

    def position(self) -> TimelinePosition | None:
        """The moment on show between the oldest and the newest flush, and the marks; None when live."""
        cursor = self.cursor
        if cursor.at is None:
            return None
        oldest, newest, marks = cursor.oldest.boot_ns, cursor.newest.boot_ns, self.marks
        passed = [mark for mark in marks if mark.stamp.boot_ns <= cursor.at]
        return TimelinePosition(
            oldest,
            newest,
            cursor.at,
            cursor.time_of_day(oldest),
            cursor.time_of_day(newest),
            [mark.stamp.boot_ns for mark in marks],
            _words(passed[-1]) if passed else "",
            None if cursor.chosen is None else cursor.chosen.span.begin_ns,
        )


def _words(mark: MarkSet) -> str:
    """The note of a mark, with its cause if bttop has set it."""
    return mark.note if mark.cause == "user" else f"{mark.note} ({mark.cause})"
