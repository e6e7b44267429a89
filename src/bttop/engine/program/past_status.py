"""The state of a program at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from bttop.engine.cost.cost import Cost
from bttop.engine.program.status import Status
from bttop.model.plan import Plan

if TYPE_CHECKING:
    from bttop.engine.generation.source import Source
    from bttop.script.process.pin import Pin


NOTED_NS = 250_000_000
"""A change that a flush causes (the state `live`, a new generation) is stored at most this many ns after the end of the
flush: the past status that belongs to a flush is the one at its end plus this."""


class PastStatus(Struct, frozen=True):
    """A program at one moment, as a pane shows it with the flush of that moment."""

    status: Status
    plan: Plan
    """The plan of the generation that is shown."""
    sources: tuple[Source, ...] = ()
    """The script of the program and its fallbacks, the preferred one first."""
    pin: Pin | None = None
    """The pin of the generation that is shown; that of the next start if none runs."""
    cost: Cost | None = None
    """What it costs; for past moments only a recording's ledger has it. None if unknown."""
    alarm: str = ""
    """The limit that it exceeds now, with the numbers; empty if none."""

    @property
    def source(self) -> Source | None:
        """The script that is shown: the fallback if one runs."""
        first = self.sources[0] if self.sources else None
        return next((one for one in self.sources if one.name == self.status.source), first)
