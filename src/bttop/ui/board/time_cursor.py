"""The time cursor: the moment that all panes show, in a live session as in a review."""

from __future__ import annotations

import time
from datetime import datetime

from bttop.engine.engine import boot_ns
from bttop.engine.session import Session
from bttop.errors import BttopError
from bttop.model.format import numbers
from bttop.model.history.timeline import Timeline
from bttop.model.record.records import FOREVER, Stamp
from bttop.store.times import parse_time

SPEEDS = (1, 2, 5, 10, 20, 60)
"""Seconds of the recording per second of real time."""


class TimeCursor:
    """The moment on show, limited by the histories of the programs."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.at: int | None = None if session.end is None else session.end.boot_ns
        """The moment on show, on CLOCK_BOOTTIME in ns; None is live: always the newest."""
        self.playing = False
        self.speed = SPEEDS[0]

    # Position.

    @property
    def newest(self) -> Stamp:
        """The last possible moment: the end of the recording, or now."""
        return self._session.end or Stamp(boot_ns(), time.time_ns())

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
        found = None if self.at is None else timeline.index_at(self.at)
        here = len(timeline) - 1 if self.at is None else -1 if found is None else found
        wanted = here + flushes
        if wanted >= len(timeline):
            return self.to_end()
        flush = timeline.at(max(0, wanted))
        if flush is None:
            return "no flush yet"
        self.playing = False
        self.at = flush.end_ns
        return self._beginning(timeline) if wanted < 0 else ""

    def go(self, text: str) -> str:
        """Move to a time of day, or by a distance such as -5m or +30s."""
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
        self.playing = False
        self.at = wanted
        return ""

    def to_start(self) -> str:
        """Move to the oldest flush."""
        self.playing = False
        self.at = self.oldest.boot_ns
        longest = min((program.history for program in self._session.programs), key=_age_of_oldest, default=None)
        return "" if longest is None else self._beginning(longest)

    def to_end(self) -> str:
        """Go live, or move to the end of the recording."""
        self.playing = False
        end = self._session.end
        self.at = None if end is None else end.boot_ns
        return "live" if end is None else "the recording ends here"

    def show(self, moment: int) -> None:
        """Move to a moment and pause."""
        self.playing = False
        self.at = min(moment, self.newest.boot_ns)

    # Playing.

    def play(self) -> str:
        """Play or pause. At the end of a recording, play it from its beginning."""
        if self.at is None:
            return "already live"
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
