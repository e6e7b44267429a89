"""Who follows what programs do: a recorder, a stream. Called on the engine's thread, in the order of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bttop.model.flush import Flush
from bttop.model.records import StampedLine

if TYPE_CHECKING:
    from bttop.engine.attention import Gap
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

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:
        """A flush of a generation joined the program's history."""

    def ended(self, generation: Generation) -> None:
        """A generation has ended: nothing more of it is shown."""

    def cut(self, program: Program, why: str) -> None:
        """A bpftrace of the program ended before it printed what it had counted last."""

    def spent(self, program: Program | None, cost: Mapping[str, float]) -> None:
        """What a program cost in the last ten seconds, on average (see `Cost.ledger`); without a program, what bttop
        itself did."""

    def changed(self, program: Program) -> None:
        """A program's page may have changed."""

    def missed(self, gap: Gap) -> None:
        """Nothing could be heard of any program for a while."""


class Observers(Observer):
    """All who follow, told one after the other."""

    def __init__(self) -> None:
        self._all: tuple[Observer, ...] = ()

    def join(self, observer: Observer) -> None:
        """One more, who is told last."""
        self._all = (*self._all, observer)

    def added(self, program: Program) -> None:
        for one in self._all:
            one.added(program)

    def begun(self, program: Program, generation: Generation) -> None:
        for one in self._all:
            one.begun(program, generation)

    def came(self, generation: Generation, line: StampedLine) -> None:
        for one in self._all:
            one.came(generation, line)

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:
        for one in self._all:
            one.flushed(program, generation, flush)

    def ended(self, generation: Generation) -> None:
        for one in self._all:
            one.ended(generation)

    def cut(self, program: Program, why: str) -> None:
        for one in self._all:
            one.cut(program, why)

    def spent(self, program: Program | None, cost: Mapping[str, float]) -> None:
        for one in self._all:
            one.spent(program, cost)

    def changed(self, program: Program) -> None:
        for one in self._all:
            one.changed(program)

    def missed(self, gap: Gap) -> None:
        for one in self._all:
            one.missed(gap)
