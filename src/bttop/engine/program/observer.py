"""Receivers of program events, such as a recorder. Called on the engine's thread, in the order of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bttop.model.flush.flush import Flush
from bttop.model.record.decode import DecodedLine

if TYPE_CHECKING:
    from bttop.engine.generation.generation import Generation
    from bttop.engine.program.program import Program
    from bttop.engine.tracer.stop_detector import Gap


class Observer:
    """Ignores all events; subclasses override what they need. No method may block."""

    def added(self, program: Program) -> None:
        """A program joined the session."""

    def begun(self, program: Program, generation: Generation) -> None:
        """A bpftrace was started for the program."""

    def came(self, generation: Generation, decoded: DecodedLine) -> None:
        """A line arrived; the generation has decoded it and takes it next."""

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:
        """A flush of a generation joined the program's history."""

    def ended(self, generation: Generation) -> None:
        """A generation has ended: it produces no more flushes."""

    def cut(self, program: Program, why: str) -> None:
        """A bpftrace of the program ended before it printed its last counts."""

    def spent(self, program: Program | None, cost: Mapping[str, float]) -> None:
        """The average cost of a program in the last ten seconds (see `Cost.ledger`); of bttop itself if `program` is
        None."""

    def changed(self, program: Program) -> None:
        """A program's status may have changed."""

    def missed(self, gap: Gap) -> None:
        """No output of any program could be received for a while."""


class Observers(Observer):
    """Passes each event to all observers, in the order in which they joined."""

    def __init__(self) -> None:
        self._all: tuple[Observer, ...] = ()

    def join(self, observer: Observer) -> None:
        """Add an observer; it is called last."""
        self._all = (*self._all, observer)

    def added(self, program: Program) -> None:
        for one in self._all:
            one.added(program)

    def begun(self, program: Program, generation: Generation) -> None:
        for one in self._all:
            one.begun(program, generation)

    def came(self, generation: Generation, decoded: DecodedLine) -> None:
        for one in self._all:
            one.came(generation, decoded)

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
