"""The programs that trace, as keys: one more of them, stop, allow and close one, another interval for all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bttop.engine.attempts import Settings
from bttop.engine.questions import Question

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp

INTERVALS_MS = (100, 250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000)
"""The intervals that can be chosen."""


class Tracing:
    """Tells the engine what to run and how. In a review everything but the settings raises Recorded."""

    def __init__(self, app: BttopApp, settings: Settings) -> None:
        self._app = app
        self.settings = settings
        """How a new program is run."""

    def unique_name(self, wanted: str) -> str:
        """A name for one more pane."""
        taken = {program.name for program in self._app.engine.programs}
        names = (wanted, *(f"{wanted} ({count})" for count in range(2, len(taken) + 3)))
        return next(name for name in names if name not in taken)

    def open(self, question: Question, settings: Settings) -> None:
        """Run one more program; its pane comes at the engine's next ring."""
        self._app.engine.open(question, settings)
        self._app.reloads.follow()

    def toggle(self) -> None:
        """Stop or start the pane's program."""
        self._app.engine.toggle(self._app.running)

    def approve(self) -> None:
        """Run what is held back in the pane."""
        if self._app.running.status.asks:
            self._app.engine.approve(self._app.running)
        else:
            self._app.tell("nothing is held back here that could be allowed", "warn")

    def close(self) -> None:
        """Detach the pane's program; the pane goes with it."""
        program = self._app.running
        self._app.engine.remove(program)
        self._app.tell(f"{program.name} is closed")

    def step_interval(self, step: int) -> None:
        """Ask all programs for an interval so many steps longer, or shorter."""
        now = self.settings.interval_ms
        at = min(range(len(INTERVALS_MS)), key=lambda i: abs(INTERVALS_MS[i] - now))
        wanted = INTERVALS_MS[max(0, min(len(INTERVALS_MS) - 1, at + step))]
        if wanted == now:
            self._app.tell(f"{wanted / 1000:g} s is the end of the scale", "warn")
            return
        self.settings = replace(self.settings, interval_ms=wanted)
        self._app.engine.set_interval(wanted)
        self._app.restart_ticker()
        self._app.tell(f"interval {wanted / 1000:g} s: each pane changes over at its first new flush")
