"""The interface to the engine that a program uses."""

from __future__ import annotations

from typing import Protocol, TypeVar

from bttop.engine.cost.trial_verdict import TrialVerdict
from bttop.engine.generation.candidates import Candidate, Candidates
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings, Source
from bttop.engine.tracer.attach_points import Told
from bttop.model.flush.flush import Flush
from bttop.script.language.reader import AttachPoint

P = TypeVar("P", contravariant=True)
"""The type of programs; a type variable because programs in turn depend on this protocol."""


class ProgramControl(Protocol[P]):
    """The engine, as a program sees it."""

    def candidates(self, sources: tuple[Source, ...], settings: Settings) -> Candidates:
        """The candidates on this host."""

    def look(self, program: P, candidate: Candidate) -> TrialVerdict | None:
        """Whether a candidate may start; None while a trial run decides: it then calls `program.on_look`."""

    def forget_look(self, program: P) -> None:
        """Drop the open question and the trial run of the program."""

    def launch(self, program: P, candidate: Candidate, number: int) -> Generation:
        """Start a bpftrace for the candidate."""

    def list_points(self, points: tuple[AttachPoint, ...], told: Told) -> None:
        """Have bpftrace list attach points; `told` is called once."""

    def stop(self, generation: Generation, grace: float) -> None:
        """Detach a bpftrace: SIGINT until it ends, SIGKILL after `grace` seconds."""

    def watch(self, generation: Generation) -> None:
        """Have the descriptors of a bpftrace counted from now on."""

    def flushed(self, program: P, generation: Generation, flush: Flush) -> None:
        """A flush of a generation joined the history."""

    def cut(self, program: P, why: str) -> None:
        """A generation ended before it printed its last counts."""

    def changed(self, program: P) -> None:
        """The status changed or a first flush arrived: redraw before the next tick."""
