"""Tells whether what a notice says of a program still holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bttop.engine.program.status import ProgramState
from bttop.engine.session import RunningProgram

_RUNS = frozenset({ProgramState.STARTING, ProgramState.ATTACHED, ProgramState.LIVE})


def no_complaint_since(programs: Sequence[RunningProgram]) -> Callable[[], bool]:
    """Whether none of the programs has reported since now that what it was asked to run cannot run."""
    before = {program: program.status for program in programs}

    def holds() -> bool:
        return all(program.status is then or program.status.complaint is None for program, then in before.items())

    return holds


def starts_or_runs(programs: Callable[[], Sequence[RunningProgram]], name: str) -> Callable[[], bool]:
    """Whether the programs of this name start or run; also before there is one."""
    return lambda: all(program.status.state in _RUNS for program in programs() if program.name == name)
