"""Whether the engine could hear its programs. While it was stopped (SIGSTOP, Ctrl-Z, a suspended machine, a frozen
control group), while the tracer was, or while lines wait to be read, the clock says nothing about a program."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bttop.model import numbers
from bttop.model.records import Stamp

LATE_NS: Final = 4_000_000_000
"""A tick, a round of the tracer or a line that is later than this was held up: half of the shortest silence."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which nothing could be heard."""

    what: str
    """What happened, as `bttop did not run`."""
    nanoseconds: int
    end: Stamp

    @property
    def text(self) -> str:
        """In one sentence, with its length and its times of day."""
        begin = self.end.wall_ns - self.nanoseconds
        length = numbers.duration(round(self.nanoseconds / 1e9))
        return f"{self.what} for {length}, from {_time_of_day(begin)} to {_time_of_day(self.end.wall_ns)}"

    def covers(self, begin_ns: int, end_ns: int) -> bool:
        """Whether no more of a stretch of CLOCK_BOOTTIME than a late tick lies outside this one."""
        own = range(self.end.boot_ns - self.nanoseconds, self.end.boot_ns)
        shared = min(end_ns, own.stop) - max(begin_ns, own.start)
        return end_ns - begin_ns - shared <= LATE_NS


class Attention:
    """Watches the engine's ticks, the tracer's rounds and the age of what is read. Engine thread only, but for
    `seconds`."""

    def __init__(self) -> None:
        self._ran: tuple[int, int] | None = None
        """How long the engine had run at its last tick, and when that was (CLOCK_BOOTTIME); one value, since other
        threads read it."""
        self._asleep_ns = 0
        self._heard: Stamp | None = None
        """The last round of the present tracer."""
        self._ran_then = 0
        """How long the engine had run at that round."""
        self._tracer_pid = 0
        """0 once it was said that it does not answer: it is said once."""
        self._is_behind = False
        self._last: Gap | None = None

    def seconds(self, now_ns: int) -> float:
        """How long the engine has run; of a gap no more than LATE_NS counts. From any thread."""
        return self._ran_ns(now_ns) / 1e9

    def tick(self, now: Stamp, awake_ns: int) -> Gap | None:
        """The engine looks at the clocks; the gap since the last look, if there was one. `awake_ns` is CLOCK_MONOTONIC,
        which a suspended machine stops."""
        ran, self._ran = self._ran, (self._ran_ns(now.boot_ns), now.boot_ns)
        asleep, self._asleep_ns = self._asleep_ns, now.boot_ns - awake_ns
        if ran is None or (passed := now.boot_ns - ran[1]) <= LATE_NS:
            return None
        is_suspended = self._asleep_ns - asleep > passed // 2
        return self._found("this machine was suspended" if is_suspended else "bttop did not run", passed, now)

    def meet(self, tracer_pid: int) -> None:
        """A tracer has begun."""
        self._tracer_pid = tracer_pid

    def hear(self, stamp: Stamp, now_ns: int) -> Gap | None:
        """The tracer has ended a round at `stamp`; the gap since the one before, unless the engine had the same."""
        before, self._heard = self._heard, stamp
        self._ran_then = self._ran_ns(now_ns)
        self._is_behind = now_ns - stamp.boot_ns > LATE_NS
        if before is None or (passed := stamp.boot_ns - before.boot_ns) <= LATE_NS:
            return None
        return self._found("bttop's tracer did not run", passed, stamp)

    def lose(self) -> None:
        """The tracer is gone."""
        self._heard, self._is_behind = None, False

    def read(self, stamp: Stamp, now_ns: int) -> None:
        """A line was read that came at `stamp`: behind an old one others may wait."""
        self._is_behind = now_ns - stamp.boot_ns > LATE_NS

    def is_complete(self, now_ns: int) -> bool:
        """Whether all that programs had said a moment ago has been read."""
        is_heard = self._heard is None or now_ns - self._heard.boot_ns <= LATE_NS
        return is_heard and not self._is_behind

    def missing(self, now_ns: int) -> str:
        """That the tracer has said nothing for long, although the engine ran; empty once that was told."""
        if self._tracer_pid == 0 or self._heard is None or self._ran_ns(now_ns) - self._ran_then <= 2 * LATE_NS:
            return ""
        pid, self._tracer_pid = self._tracer_pid, 0
        return f"bttop's tracer does not answer: it is stopped, or gets no CPU; kill -CONT {pid} lets it go on"

    def _ran_ns(self, now_ns: int) -> int:
        if self._ran is None:
            return 0
        ran_ns, at_ns = self._ran
        return ran_ns + min(now_ns - at_ns, LATE_NS)

    def _found(self, what: str, nanoseconds: int, end: Stamp) -> Gap | None:
        if self._last is not None and self._last.covers(end.boot_ns - nanoseconds, end.boot_ns):
            return None
        self._last = Gap(what, nanoseconds, end)
        return self._last


def _time_of_day(wall_ns: int) -> str:
    return f"{datetime.fromtimestamp(wall_ns / 1e9):%H:%M:%S}"
