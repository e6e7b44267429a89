"""When to try again: pauses that double, and become short again after a calm minute."""

from __future__ import annotations

SECOND = 1_000_000_000
LONGEST_PAUSE = 30
"""Maximum seconds between two tries."""
CALM = 60
"""Seconds without a failure after which the next pause is short again."""


class Backoff:
    """The next try of one program. Times are CLOCK_BOOTTIME in ns."""

    def __init__(self) -> None:
        self.at: int | None = None
        """When the next try is due; None if none is planned."""
        self._pause = 1

    def later(self, now: int) -> None:
        """Plan a try after 1, 2, 4, 8, 16, then 30 seconds."""
        self.at = now + self._pause * SECOND
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def soon(self, now: int) -> None:
        """Plan a try one second earlier than `later`: the first one immediately."""
        self.at = now + (self._pause - 1) * SECOND
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def cancel(self) -> None:
        """Cancel the planned try."""
        self.at = None

    def due(self, now: int) -> bool:
        """Whether a try is due."""
        return self.at is not None and now >= self.at

    def lived(self, nanoseconds: int) -> None:
        """Record how long the started process has worked."""
        if nanoseconds > CALM * SECOND:
            self._pause = 1

    def reset(self) -> None:
        """Forget earlier failures: the user started the program."""
        self.at, self._pause = None, 1
