"""How much CPU time a background thread may take: a small share of a core, with a reserve for the beginning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

SHARE: Final = 0.01
"""CPU seconds that are added each second."""
RESERVE: Final = 1.0
"""CPU seconds that can be saved up; this many are there at the beginning."""


class Allowance:
    """The CPU time that is left."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left = RESERVE
        self._at = clock()

    def spend(self, seconds: float) -> float:
        """Take CPU seconds; return the seconds to rest until the thread may take more."""
        now = self._clock()
        self._left = min(RESERVE, self._left + (now - self._at) * SHARE) - seconds
        self._at = now
        return max(0.0, -self._left / SHARE)
