"""The keys of time: they move the clock, say where it stands, and find marks. The clock itself is in clock.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from bttop.engine.attention import LATE_NS
from bttop.model.text import visible
from bttop.store.happenings import Marked
from bttop.ui.ask import Question
from bttop.ui.clock import Clock
from bttop.ui.spans import Span

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp

NEAR_NS = 5_000_000_000
"""A mark is spoken of for this long after its moment."""


class Travel:
    """Moves the one clock of the dashboard."""

    def __init__(self, app: BttopApp) -> None:
        self._app = app
        self.clock = Clock(app.session)
        self._looked = monotonic()

    @property
    def marks(self) -> Sequence[Marked]:
        """All marks, the oldest first."""
        return sorted(self._app.recordings.marks, key=lambda mark: mark.stamp.boot_ns)

    def step(self, flushes: int) -> None:
        """By flushes of the focused pane."""
        self._moved(self.clock.step(self._app.pane.program.history, flushes))

    def start(self) -> None:
        """To the beginning of the history."""
        self._moved(self.clock.to_start())

    def end(self) -> None:
        """Live again, or to the end of the recording."""
        self._moved(self.clock.to_end())

    def ask(self) -> None:
        """Ask for a time."""

        def done(text: str | None) -> None:
            if text is not None and text.strip():
                self._moved(self.clock.go(text))

        self._app.ask(Question("go to 03:11, 03:11:04, -5m or +30s: ", done))

    def begin(self, moment: int | None) -> None:
        """Begin a review at a moment, or, without one, play from the beginning."""
        self.clock.to_start()
        if moment is not None:
            self.clock.show(max(moment, self.clock.moment))
        else:
            self.clock.play()
        self._moved("")

    def play(self) -> None:
        """Play from here, or stand still."""
        self._moved(self.clock.play())

    def faster(self, step: int) -> None:
        """Another speed of playing."""
        self._moved(self.clock.faster(step))

    def to_mark(self, step: int) -> None:
        """To the next mark after, or the last one before the moment on show."""
        here = self.clock.moment
        later = [mark for mark in self.marks if mark.stamp.boot_ns > here]
        earlier = [mark for mark in self.marks if mark.stamp.boot_ns < here]
        found = later[:1] if step > 0 else earlier[-1:]
        if not found:
            self._app.tell(f"no mark {'after' if step > 0 else 'before'} this moment; m sets one", "warn")
            return
        self.clock.show(found[0].stamp.boot_ns)
        self._moved(self._mark_text(found[0]))

    def pass_by(self) -> None:
        """Our own time has passed; called before every repaint. A recording does not play while bttop is stopped."""
        before, self._looked = self._looked, monotonic()
        told = self.clock.pass_by(min(self._looked - before, LATE_NS / 1e9))
        if told:
            self._moved(told)

    def _moved(self, told: str) -> None:
        self._looked = monotonic()
        self._app.moved_in_time()
        if told:
            self._app.tell(told)

    def _mark_text(self, mark: Marked) -> str:
        marks = self.marks
        words = f"{mark.note} ({mark.cause})" if mark.cause != "user" else mark.note
        return f"mark {marks.index(mark) + 1} of {len(marks)}: {words}"

    def wall_ns(self, moment: int) -> int:
        """The moment on show in ns since 1970: by the stamps of a flush beside it, since the wall clock may have been
        set since then."""
        flush = self._app.pane.feed.flush if self._app.board.panes else None
        if flush is None or abs(moment - flush.end_ns) > NEAR_NS:
            return self.clock.wall_ns(moment)
        return moment + flush.wall_ns - flush.end_ns

    # What the header says.

    def spans(self) -> tuple[Span, ...]:
        """Where the screen stands in time; nothing when it is live."""
        clock = self.clock
        if clock.at is None:
            return ()
        recorded = self._app.session.end is not None
        time = f"{datetime.fromtimestamp(self.wall_ns(clock.at) / 1e9):%H:%M:%S}"
        distance = clock.distance()
        if recorded:
            where = f"{distance} before the end" if distance else "the end"
        else:
            where = f"{distance or '0s'} ago, live goes on"
        glyph = self._app.glyphs.play if clock.playing else self._app.glyphs.pause
        playing = f" {glyph} {clock.speed}x" if clock.playing or recorded else ""
        return (Span(f"{time}, {where}{playing} ", "warn"),)

    def mark_spans(self) -> tuple[Span, ...]:
        """The mark that was set just before the moment on show; nothing when it is live."""
        at = self.clock.at
        near = [] if at is None else [mark for mark in self.marks if 0 <= at - mark.stamp.boot_ns <= NEAR_NS]
        if not near:
            return ()
        note = visible(near[-1].note)
        return (Span(f"{self._app.glyphs.mark} {note[:24]}{'…' if len(note) > 24 else ''}  ", "match"),)
