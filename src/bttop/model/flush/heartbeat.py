"""The heartbeats of one interval block: real step lengths, lost ticks and lost messages.

The kernel counts the number at each tick: a gap in the numbers means that messages were lost on the way; a long step of
`nsecs` without a gap means that ticks were lost.
"""

from __future__ import annotations

from msgspec import Struct


class HeartbeatStep(Struct, frozen=True):
    """What one heartbeat says about the time since the previous one."""

    nanoseconds: int
    """In ns; 0 for the first heartbeat, and if the clock did not advance."""
    lost_messages: int
    lost_ticks: int


class HeartbeatTrack:
    """Follows the heartbeats of one mark."""

    def __init__(self, period_ns: int, *, learns: bool) -> None:
        """`learns`: the period of the block is unknown, so the shortest step seen is used."""
        self._period_ns = max(period_ns, 1)
        self._shortest_ns = 0
        self._learns = learns
        self.number = 0
        self.nsecs = 0
        """Of the last heartbeat; 0 before the first."""

    @property
    def next_ns(self) -> int:
        """When the next heartbeat is due; 0 before the first."""
        return self.nsecs + self._period_ns if self.nsecs else 0

    def is_past(self, number: int, nsecs: int) -> bool:
        """Whether this heartbeat cannot follow the last one: in the kernel, numbers and times only grow."""
        return bool(self.nsecs) and number <= self.number and nsecs <= self.nsecs

    def beat(self, number: int, nsecs: int) -> HeartbeatStep:
        """Take the next heartbeat."""
        is_first = not self.nsecs
        nanoseconds = 0 if is_first else max(0, nsecs - self.nsecs)
        lost_messages = 0 if is_first else max(0, number - self.number - 1)
        self.number, self.nsecs = number, nsecs
        if self._learns and nanoseconds:
            self._learn(nanoseconds // (lost_messages + 1))
        return HeartbeatStep(nanoseconds, lost_messages, self._lost_ticks(nanoseconds, lost_messages))

    def lost_since(self, start_ns: int, step: HeartbeatStep) -> int:
        """Ticks that were lost in a flush that began at `start_ns`. Before the first heartbeat they are known by the
        period alone."""
        if step.nanoseconds or self._learns:
            return step.lost_ticks
        return self._lost_ticks(self.nsecs - start_ns, 0)

    def _learn(self, nanoseconds: int) -> None:
        self._shortest_ns = min(self._shortest_ns or nanoseconds, nanoseconds)
        self._period_ns = max(1, self._shortest_ns)

    def _lost_ticks(self, nanoseconds: int, lost_messages: int) -> int:
        if nanoseconds * 2 <= self._period_ns * 3:
            return 0
        return max(0, (nanoseconds + self._period_ns // 2) // self._period_ns - 1 - lost_messages)
