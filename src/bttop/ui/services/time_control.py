"""Moves the time cursor, shows its position and finds marks. The cursor itself is in `board/time_cursor.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic

from bttop.engine.session import Session
from bttop.engine.tracer.stop_detector import LATE_NS
from bttop.model.format.text import visible
from bttop.store.snapshot.recording_events import MarkSet
from bttop.ui.board.board import Board
from bttop.ui.board.time_cursor import TimeCursor
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.render.spans import Glyphs, Span
from bttop.ui.services.screen_access import ScreenAccess

NEAR_NS = 5_000_000_000
"""The header shows a mark for this many ns after its moment."""


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

    def ask(self) -> None:
        """Ask for a time."""

        def done(text: str | None) -> None:
            if text is not None and text.strip():
                self._moved(self.cursor.go(text))

        self._screen.ask(InputQuestion("go to 03:11, 03:11:04, -5m or +30s: ", done))

    def begin(self, moment: int | None) -> None:
        """Begin a review: paused at a moment, or playing from the beginning if that is None."""
        self.cursor.to_start()
        if moment is not None:
            self.cursor.show(max(moment, self.cursor.moment))
        else:
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
            self._screen.tell(f"no mark {'after' if step > 0 else 'before'} this moment; m sets one", "warn")
            return
        self.cursor.show(found[0].stamp.boot_ns)
        self._moved(self._mark_text(found[0]))

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

    def _mark_text(self, mark: MarkSet) -> str:
        marks = self.marks
        words = f"{mark.note} ({mark.cause})" if mark.cause != "user" else mark.note
        return f"mark {marks.index(mark) + 1} of {len(marks)}: {words}"

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

    def mark_spans(self) -> tuple[Span, ...]:
        """The mark that was set just before the moment on show; empty when live or if there is none."""
        at = self.cursor.at
        near = [] if at is None else [mark for mark in self.marks if 0 <= at - mark.stamp.boot_ns <= NEAR_NS]
        if not near:
            return ()
        note = visible(near[-1].note)
        return (Span(f"{self._glyphs.mark} {note[:24]}{'…' if len(note) > 24 else ''}  ", "match"),)
