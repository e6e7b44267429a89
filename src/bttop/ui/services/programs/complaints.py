"""Tells whether a program has complained since it was asked to run something else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bttop.engine.program.program import Program


def no_complaint_since(programs: Sequence[Program]) -> Callable[[], bool]:
    """Whether none of the programs has reported since now that what it was asked to run cannot run."""
    before = {program: program.status for program in programs}

    def holds() -> bool:
        return all(program.status is then or program.status.complaint is None for program, then in before.items())

    return holds
