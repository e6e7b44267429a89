"""When the screen is painted: at every tick, soon after the engine notifies, and again while panes still read."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual.message_pump import MessagePump
from textual.timer import Timer

LONGEST_TICK, SHORTEST_TICK = 1.0, 0.25
"""Bounds of the seconds between two ticks."""
SOON = 0.01
"""Seconds until more of an earlier moment is read; keys are handled in between."""
CALM = 0.1
"""Minimum seconds between two repaints that the engine asks for."""


class Repaints:
    """Calls `look`, which takes in what is new and paints it, and `go_on`, which paints what is still being read, at
    the right times."""

    def __init__(self, pump: MessagePump, look: Callable[[], None], go_on: Callable[[], None]) -> None:
        self._pump = pump
        self._look = look
        self._go_on = go_on
        self._ticker: Timer | None = None
        self._looked_at = 0.0
        self._goes_on = False

    def tick_every(self, seconds: float) -> None:
        """Call `look` at this interval from now on, limited to SHORTEST_TICK and LONGEST_TICK."""
        if self._ticker is not None:
            self._ticker.stop()
        self._ticker = self._pump.set_interval(max(SHORTEST_TICK, min(LONGEST_TICK, seconds)), self._look)

    def looked(self) -> None:
        """Call this when a `look` begins, to limit their rate."""
        self._looked_at = monotonic()

    def on_notify(self) -> None:
        """The engine has news that should not wait for the tick: call `look` now, but at most once per CALM seconds."""
        early = self._looked_at + CALM - monotonic()
        if early <= 0:
            self._look()
        else:
            self._pump.set_timer(early, self._look)

    def go_on_soon(self) -> None:
        """Call `go_on` in SOON seconds; keys are handled in between."""

        def go_on() -> None:
            self._goes_on = False
            self._go_on()

        if not self._goes_on:
            self._goes_on = True
            self._pump.set_timer(SOON, go_on)
