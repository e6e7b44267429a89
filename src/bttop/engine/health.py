"""Whether a generation is well: what its silence, its losses and its age say."""

from __future__ import annotations

from typing import NamedTuple

from bttop.engine.generation import SECOND, Generation
from bttop.engine.status import State

RENEWAL = 3600 * SECOND
"""A process that collects descriptors (3 to 4 a second were measured) is renewed so often."""
WELL = (State.ATTACHED, State.LIVE)
ILL = (State.SILENT, State.DAMAGED)


class Ailment(NamedTuple):
    """What is wrong with a generation."""

    state: State
    """The state that it is in by that; still `starting` when it never attached."""
    reason: str


def ailment(generation: Generation, state: State, now: int) -> Ailment | None:
    """What is wrong with a program's current generation at a moment; None when it is well, or known to be ill."""
    overdue = generation.overdue(now)
    if state is State.STARTING and overdue:
        return Ailment(State.STARTING, f"it did not attach within {generation.quiet_seconds(now):.0f} s")
    if state in (*WELL, State.SILENT) and (missing := generation.damage(now)):
        return Ailment(State.DAMAGED, f"bpftrace closed {missing} of its own; only a restart mends it")
    if state in WELL and overdue:
        return Ailment(State.SILENT, f"no heartbeat for {generation.quiet_seconds(now):.0f} s")
    return None


def is_worn(generation: Generation, renewed_ns: int, now: int) -> bool:
    """Whether it has run for so long since its start, or the last renewal, that it should be replaced."""
    return generation.attempt.wears_out and now - max(generation.started_ns, renewed_ns) > RENEWAL
