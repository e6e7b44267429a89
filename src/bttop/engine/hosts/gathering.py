"""Fewer turns of an event loop: what many hosts send within a short pause is read in one turn."""

from __future__ import annotations

import time
from selectors import EpollSelector, SelectorKey
from typing import Final

PAUSE: Final = 0.05
"""Seconds between two turns at least. A turn costs as much as the work of several flushes, because other processes have
used the caches of the CPU in between."""
HURRY: Final = 0.25
"""Seconds without pauses in which answers are read at once."""
EVERY: Final = 4
"""Seconds from one of these times to the next."""


class GatheringSelector(EpollSelector):
    """Waits for the first event as usual, but returns at most once in each PAUSE."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0
        """When the next turn may begin (monotonic clock)."""
        self._hurries_until = 0.0

    def hurry(self) -> bool:
        """Make no pauses for HURRY, once in EVERY seconds: return whether it is such a time."""
        now = time.monotonic()
        if now >= self._hurries_until and int(now) % EVERY == 0:
            self._hurries_until = now + HURRY
        return now < self._hurries_until

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """As `EpollSelector.select`. Timers wait for the pause, too; a `timeout` of 0 does not: more is to be done in
        this turn."""
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        found = super().select(timeout)
        now = time.monotonic()
        if self._hurries_until <= now < self._next:
            time.sleep(self._next - now)
            found = super().select(0)
        self._next = time.monotonic() + PAUSE
        return found
