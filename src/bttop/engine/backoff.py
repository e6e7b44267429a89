"""When to try again: pauses that double, and start small again after a while of calm."""

from __future__ import annotations

SECOND = 1_000_000_000
LONGEST_PAUSE = 30
"""Seconds between two tries at most."""
CALM = 60
"""Seconds of life after which the next pause is short again."""


class Backoff:
    """The next try of one program. Times are CLOCK_BOOTTIME in ns."""

    def __init__(self) -> None:
        self.at: int | None = None
        """When the next try is due; None when there is none to come."""
        self._pause = 1

    def later(self, now: int) -> None:
        """Try again after 1, 2, 4 and up to 30 seconds."""
        self.at = now + self._pause * SECOND
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def soon(self, now: int) -> None:
        """The same, but for the first time at once."""
        self.at = now + (self._pause - 1) * SECOND
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def cancel(self) -> None:
        """No try is to come."""
        self.at = None

    def due(self, now: int) -> bool:
        """Whether it is time."""
        return self.at is not None and now >= self.at

    def lived(self, nanoseconds: int) -> None:
        """What was started has worked for so long."""
        if nanoseconds > CALM * SECOND:
            self._pause = 1

    def reset(self) -> None:
        """Forget what was: the user started it."""
        self.at, self._pause = None, 1
