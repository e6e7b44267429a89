"""What keeps flushes exact while a program runs: a longer interval, or banks in the place of a growing map.

Two banks are exact only while bpftrace prints and clears one within the interval, and a map that is never cleared
is printed whole each time and loses keys once it is full. Both show in the flushes (measured on 0.17 to 0.27).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bttop.model.flush import Doubt, Flush
from bttop.model.plan import Scheme

LATE_FLUSHES = 2
"""Late flushes in a row after which the interval doubles; a single one can be the host's own hiccup."""
MOST_ENTRIES = 1024
"""Entries above which a cumulative map restarts as banks: a quarter of bpftrace's default limit."""
LONGEST_INTERVAL_MS = 60_000


@dataclass(frozen=True, slots=True)
class Tuning:
    """How one program departs from the settings that hold for all."""

    factor: int = 1
    """Times the interval of the settings."""
    banked: frozenset[str] = frozenset()
    """Maps that were cumulative and grew."""

    @property
    def schemes(self) -> Mapping[str, Scheme]:
        """For `prepare`."""
        return dict.fromkeys(self.banked, "bank")

    def interval_ms(self, interval_ms: int) -> int:
        """The program's own interval under the settings' one."""
        return interval_ms * self.factor


class Tuner:
    """Follows the flushes of one program."""

    def __init__(self) -> None:
        self.tuning = Tuning()
        self._late = 0
        self._late_came_ns = 0

    def reset(self) -> None:
        """Forget everything: the user has chosen other settings, or started the program anew."""
        self.tuning, self._late = Tuning(), 0

    def look(self, flush: Flush, interval_ms: int) -> bool:
        """Whether this flush asks for another tuning, which is then in `tuning`."""
        before = self.tuning
        self._look_at_lateness(flush, interval_ms)
        grown = frozenset(grown_maps(flush)) - before.banked
        if grown:
            self.tuning = replace(self.tuning, banked=before.banked | grown)
        return self.tuning != before

    def _look_at_lateness(self, flush: Flush, interval_ms: int) -> None:
        if Doubt.LATE not in flush.doubts:
            self._late = 0
            return
        # What was stopped prints all at once when it goes on: one delay, which no longer interval would have met.
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
    """The cumulative maps of a flush that have become too large."""
    for name, data in flush.maps.items():
        if data.plan.scheme == "cumulative" and data.entries > MOST_ENTRIES:
            yield name
