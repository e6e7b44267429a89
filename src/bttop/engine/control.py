"""What a program asks of whoever runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bttop.engine.attempts import Attempt, Attempts, Settings, Source
from bttop.engine.generation import Generation
from bttop.engine.pointlist import Told
from bttop.engine.verdict import Verdict
from bttop.model.flush import Flush
from bttop.script.reader import AttachPoint

if TYPE_CHECKING:
    from bttop.engine.program import Program


class Control(Protocol):
    """The engine, as a program sees it."""

    def attempts(self, sources: tuple[Source, ...], settings: Settings) -> Attempts:
        """What can be tried on this host."""

    def look(self, program: Program, attempt: Attempt) -> Verdict | None:
        """Whether an attempt may start; None while that is being found out, and `program.on_look` will be told."""

    def forget_look(self, program: Program) -> None:
        """The program waits for no answer any more."""

    def launch(self, program: Program, attempt: Attempt, number: int) -> Generation:
        """Start a bpftrace for the attempt."""

    def list_points(self, points: tuple[AttachPoint, ...], told: Told) -> None:
        """Have bpftrace list attach points; `told` is called once."""

    def stop(self, generation: Generation, grace: float) -> None:
        """Detach a bpftrace: SIGINT until it ends, SIGKILL after `grace` seconds."""

    def watch(self, generation: Generation) -> None:
        """Have the descriptors of a bpftrace counted from now on."""

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:
        """A flush of a generation joined the history."""

    def cut(self, program: Program, why: str) -> None:
        """A generation ended before it printed what it had counted last."""

    def changed(self, program: Program) -> None:
        """The status changed or a first flush came: the screen should not wait for its tick."""
