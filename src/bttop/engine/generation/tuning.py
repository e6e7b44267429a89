"""Keeps flushes exact while a program runs: by a longer interval, or by banks instead of a growing map.

Two banks are exact only while bpftrace prints and clears one within the interval. A map that is never cleared is
printed completely each time, and loses keys when it is full. Flushes show both (measured on 0.17 to 0.27).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from bttop.engine.cost.thinned_cost import Thinned
from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.model.plan import Scheme

LATE_FLUSHES = 2
"""Late flushes in a row after which the interval doubles; the host may have caused a single one."""
MOST_ENTRIES = 1024
"""Entries above which a cumulative map is changed to banks: a quarter of bpftrace's default limit."""
LONGEST_INTERVAL_MS = 60_000


class Tuning(Struct, frozen=True):
    """How one program differs from the common settings."""

    factor: int = 1
    """Multiplier of the interval in the settings."""
    banked: frozenset[str] = frozenset()
    """Cumulative maps that grew and now use banks."""
    thinned: Thinned | None = None
    """How it is thinned; None: it takes all events."""

    @property
    def schemes(self) -> Mapping[str, Scheme]:
        """The schemes by map name, for `prepare`."""
        return dict.fromkeys(self.banked, "bank")

    def interval_ms(self, interval_ms: int) -> int:
        """The interval of the program in ms, for the interval in the settings."""
        return interval_ms * self.factor


class Tuner:
    """Chooses the tuning by the flushes of one program."""

    def __init__(self) -> None:
        self.tuning = Tuning()
        self._late = 0
        self._late_came_ns = 0

    def reset(self, thinned: Thinned | None = None) -> None:
        """Start without tuning, but for `thinned`: the user has changed the settings or restarted the program."""
        self.tuning, self._late = Tuning(thinned=thinned), 0

    def thin(self, thinned: Thinned | None) -> None:
        """Take fewer events, or more; None: all."""
        self.tuning = replace(self.tuning, thinned=thinned)

    def look(self, flush: Flush, interval_ms: int) -> bool:
        """Update `tuning` by a flush; return whether it changed."""
        before = self.tuning
        self._look_at_lateness(flush, interval_ms)
        grown = frozenset(grown_maps(flush)) - before.banked
        if grown:
            self.tuning = replace(self.tuning, banked=before.banked | grown)
        return self.tuning != before

    def _look_at_lateness(self, flush: Flush, interval_ms: int) -> None:
        if Caveat.LATE not in flush.caveats:
            self._late = 0
            return
        # A stopped process prints everything at once when it continues: a longer interval cannot avoid this delay.
        came_ns = flush.end_ns + flush.lag_ns
        is_burst = (came_ns - self._late_came_ns) * 2 < self.tuning.interval_ms(interval_ms) * 1_000_000
        self._late_came_ns = came_ns
        if is_burst:
            return
        self._late += 1
        if self._late < LATE_FLUSHES:
            return
        self._late = 0
        if self.tuning.interval_ms(interval_ms) * 2 <= LONGEST_INTERVAL_MS:
            self.tuning = replace(self.tuning, factor=self.tuning.factor * 2)


def grown_maps(flush: Flush) -> Iterator[str]:
    """Yield the names of cumulative maps with more than MOST_ENTRIES entries."""
    for name, data in flush.maps.items():
        if data.plan.scheme == "cumulative" and data.entries > MOST_ENTRIES:
            yield name
