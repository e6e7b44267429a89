"""Fewer turns of an event loop: what many hosts send within a short pause is read in one turn."""

from __future__ import annotations

import time
from selectors import EpollSelector, SelectorKey
from typing import Final

PAUSE: Final = 0.05
"""Seconds between two turns at least. A turn costs as much as the work of several flushes, because other processes have
used the caches of the CPU in between."""


class GatheringSelector(EpollSelector):
    """Waits for the first event as usual, but returns at most once in each PAUSE."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0
        """When the next turn may begin (monotonic clock)."""

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """As `EpollSelector.select`. Timers wait for the pause, too; a `timeout` of 0 does not: more is to be done in
        this turn."""
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        found = super().select(timeout)
        pause = self._next - time.monotonic()
        if pause > 0:
            time.sleep(pause)
            found = super().select(0)
        self._next = time.monotonic() + PAUSE
        return found
