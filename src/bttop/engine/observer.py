"""Who follows what programs do: a recorder, a stream. Called on the engine's thread, in the order of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bttop.model.flush import Flush
from bttop.model.records import StampedLine

if TYPE_CHECKING:
    from bttop.engine.generation import Generation
    from bttop.engine.program import Program


class Observer:
    """Follows nothing; whoever wants to know more overrides what it wants. Nothing here may wait."""

    def added(self, program: Program) -> None:
        """A program joined the session."""

    def begun(self, program: Program, generation: Generation) -> None:
        """A bpftrace was started for the program."""

    def came(self, generation: Generation, line: StampedLine) -> None:
        """A line came, and is about to be decoded."""

    def flushed(self, program: Program, generation: Generation | None, flush: Flush) -> None:
        """A flush joined the program's history; None where its generation is known no more."""

    def ended(self, generation: Generation) -> None:
        """A generation was retired or has ended: nothing more of it is shown."""

    def spent(self, program: Program | None, cost: Mapping[str, float]) -> None:
        """What a program cost in the last ten seconds, on average (see `Cost.ledger`); without a program, what bttop
        itself did."""

    def changed(self, program: Program) -> None:
        """A program's page may have changed."""
