"""Detects when the engine could not receive its programs' output: while it or the tracer was stopped (SIGSTOP, Ctrl-Z,
a suspended machine, a frozen cgroup), or while lines wait to be read. Silence then says nothing about a program."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct

from bttop.model.format import numbers
from bttop.model.record.records import Stamp

LATE_NS: Final = 4_000_000_000
"""A tick, a round of the tracer or a line that is later than this was delayed: half of the shortest silence."""

SUSPENDED: Final = "this machine was suspended"
STOPPED: Final = "bttop did not run"


class Gap(Struct, frozen=True):
    """A period in which no output could be received."""

    what: str
    """What happened, such as `bttop did not run`."""
    nanoseconds: int
    end: Stamp

    @property
    def text(self) -> str:
        """One sentence, with its length and its times of day."""
        begin = self.end.wall_ns - self.nanoseconds
        length = numbers.duration(round(self.nanoseconds / 1e9))
        return f"{self.what} for {length}, from {_time_of_day(begin)} to {_time_of_day(self.end.wall_ns)}"

    def covers(self, begin_ns: int, end_ns: int) -> bool:
        """Whether at most LATE_NS of the given period (CLOCK_BOOTTIME) is outside of this one."""
        own = range(self.end.boot_ns - self.nanoseconds, self.end.boot_ns)
        shared = min(end_ns, own.stop) - max(begin_ns, own.start)
        return end_ns - begin_ns - shared <= LATE_NS


class StopDetector:
    """Watches the engine's ticks, the tracer's rounds and the age of the lines read. Engine thread only, except for
    `seconds`."""

    def __init__(self) -> None:
        self._ran: tuple[int, int] | None = None
        """How long the engine had run at its last tick, and the time of that tick (CLOCK_BOOTTIME), both in ns. One
        value, because other threads read it."""
        self._here_ns = 0
        """The own clock (CLOCK_BOOTTIME) at the last tick."""
        self._asleep_ns = 0
        self._heard: Stamp | None = None
        """The last round of the current tracer."""
        self._ran_then = 0
        """How long the engine had run at that round, in ns."""
        self._tracer_pid = 0
        """0 after it was reported that the tracer does not answer: reported only once."""
        self._is_behind = False
        self._last: Gap | None = None

    def seconds(self, now_ns: int) -> float:
        """Seconds that the engine has run; at most LATE_NS of a gap counts. From any thread."""
        return self._ran_ns(now_ns) / 1e9

    def tick(self, now: Stamp, awake_ns: int, ahead_ns: int = 0) -> Gap | None:
        """A tick of the engine; returns the gap since the last tick, if any. `awake_ns` is CLOCK_MONOTONIC, which stops
        while the machine is suspended. `ahead_ns`: how far `now`, if it is the time of another host, is ahead of the
        own clock; that is known better from time to time, which is no gap."""
        ran, self._ran = self._ran, (self._ran_ns(now.boot_ns), now.boot_ns)
        before, self._here_ns = self._here_ns, now.boot_ns - ahead_ns
        asleep, self._asleep_ns = self._asleep_ns, self._here_ns - awake_ns
        if ran is None or (passed := self._here_ns - before) <= LATE_NS:
            return None
        is_suspended = self._asleep_ns - asleep > passed // 2
        return self._found(SUSPENDED if is_suspended else STOPPED, passed, now)

    def meet(self, tracer_pid: int) -> None:
        """A tracer has started."""
        self._tracer_pid = tracer_pid

    def hear(self, stamp: Stamp, now_ns: int) -> Gap | None:
        """The tracer has ended a round at `stamp`; returns the gap since the last round, unless `tick` reported it."""
        before, self._heard = self._heard, stamp
        self._ran_then = self._ran_ns(now_ns)
        self._is_behind = now_ns - stamp.boot_ns > LATE_NS
        if before is None or (passed := stamp.boot_ns - before.boot_ns) <= LATE_NS:
            return None
        return self._found("bttop's tracer did not run", passed, stamp)

    def lose(self) -> None:
        """The tracer has ended."""
        self._heard, self._is_behind = None, False

    def read(self, stamp: Stamp, now_ns: int) -> None:
        """A line that arrived at `stamp` was read: after an old line, others may be waiting."""
        self._is_behind = now_ns - stamp.boot_ns > LATE_NS

    def is_complete(self, now_ns: int) -> bool:
        """Whether all output that programs had printed up to LATE_NS ago has been read."""
        is_heard = self._heard is None or now_ns - self._heard.boot_ns <= LATE_NS
        return is_heard and not self._is_behind

    def missing(self, now_ns: int) -> str:
        """A message, once, if the tracer has sent nothing for 2 * LATE_NS while the engine ran; else empty."""
        if self._tracer_pid == 0 or self._heard is None or self._ran_ns(now_ns) - self._ran_then <= 2 * LATE_NS:
            return ""
        pid, self._tracer_pid = self._tracer_pid, 0
        return f"bttop's tracer does not answer: it is stopped, or gets no CPU; kill -CONT {pid} resumes it"

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
