"""The clock of another host, and the round trip to it, from questions and answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from bttop.engine.host.own_clock import own_clock
from bttop.model.record.records import Stamp

_KEPT: Final = 16
"""Samples of which the one with the shortest round trip counts: the others waited somewhere."""
JUMP_NS: Final = 2_000_000_000
"""A boot clock that differs by more from the one before is that of another boot."""


class ClockSample(NamedTuple):
    """One answer."""

    round_trip_ns: int
    boot_ns: int
    """The far boot clock minus the own one, in the middle of the round trip."""
    wall_ns: int
    """The same of the wall clocks."""


class FarClock:
    """How the clocks of another host relate to those of this one. One thread adds, any thread reads."""

    def __init__(self, clock: Callable[[], Stamp] = own_clock) -> None:
        self._clock = clock
        self._samples: deque[ClockSample] = deque(maxlen=_KEPT)
        self._best = ClockSample(0, 0, 0)
        self.round_trip_ns: int | None = None
        """The newest round trip; None before the first answer."""

    @property
    def is_known(self) -> bool:
        """Whether anything was heard of the far clock."""
        return bool(self._samples)

    @property
    def boot_offset_ns(self) -> int:
        """The far boot clock minus the own one; at most half of the best round trip wrong."""
        return self._best.boot_ns

    @property
    def wall_offset_ns(self) -> int:
        """The far wall clock minus the own one; at most half of the best round trip wrong."""
        return self._best.wall_ns

    @property
    def error_ns(self) -> int:
        """How wrong the offsets can be."""
        return self._best.round_trip_ns // 2

    def own_ns(self) -> int:
        """The boot clock of this host now."""
        return self._clock().boot_ns

    def now(self) -> Stamp:
        """The far clocks now."""
        own = self._clock()
        return Stamp(own.boot_ns + self._best.boot_ns, own.wall_ns + self._best.wall_ns)

    def boot_ns(self) -> int:
        """The far boot clock now."""
        return self.now().boot_ns

    def sent(self) -> Stamp:
        """The own clocks, to be given to `answered`."""
        return self._clock()

    def answered(self, sent: Stamp, far: Stamp) -> None:
        """An answer that the far side stamped has arrived now; the question was sent at `sent` (own clocks)."""
        sample = self._sample(sent, far)
        self.round_trip_ns = sample.round_trip_ns
        self._keep(sample)

    def met(self, opened: Stamp, far: Stamp) -> bool:
        """A connection has begun at `opened` (own clocks): a frame has arrived now that the far side has stamped since.
        Returns False, and changes nothing, if it is the clock of another boot."""
        sample = self._sample(opened, far)
        if self.is_known:
            return abs(sample.boot_ns - self._best.boot_ns) <= JUMP_NS + sample.round_trip_ns
        self._keep(sample)
        return True

    def _sample(self, sent: Stamp, far: Stamp) -> ClockSample:
        trip = max(0, self._clock().boot_ns - sent.boot_ns)
        return ClockSample(trip, far.boot_ns - sent.boot_ns - trip // 2, far.wall_ns - sent.wall_ns - trip // 2)

    def _keep(self, sample: ClockSample) -> None:
        self._samples.append(sample)
        self._best = min(self._samples)
