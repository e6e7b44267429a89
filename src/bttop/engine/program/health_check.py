"""Detects unhealthy generations of a program by time and by their flushes, and replaces them."""

from __future__ import annotations

from msgspec import Struct

from bttop.engine.generation.generation import SECOND, Generation
from bttop.engine.program.parts import ProgramParts
from bttop.engine.program.start_steps import StartSteps
from bttop.engine.program.status import ProgramState
from bttop.model.flush.flush import Flush

RENEWAL = 3600 * SECOND
"""Maximum age in ns of a process that collects descriptors (3 to 4 a second, measured) before it is replaced."""
WELL = (ProgramState.ATTACHED, ProgramState.LIVE)


class Ailment(Struct, frozen=True):
    """What is wrong with a generation."""

    state: ProgramState
    """The resulting state of the program; `starting` if the generation never attached."""
    reason: str


def ailment(generation: Generation, state: ProgramState, now: int) -> Ailment | None:
    """What is wrong with a program's current generation; None if it is healthy, or if `state` says so already."""
    overdue = generation.overdue(now)
    if state is ProgramState.STARTING and overdue:
        return Ailment(ProgramState.STARTING, f"it did not attach within {generation.quiet_seconds(now):.0f} s")
    if state in (*WELL, ProgramState.SILENT) and (missing := generation.damage(now)):
        return Ailment(ProgramState.DAMAGED, f"bpftrace lost descriptors ({missing}); only a restart fixes it")
    if state in WELL and overdue:
        return Ailment(ProgramState.SILENT, f"no heartbeat for {generation.quiet_seconds(now):.0f} s")
    return None


def is_worn(generation: Generation, renewed_ns: int, now: int) -> bool:
    """Whether it should be replaced because of its age since its start or the last renewal."""
    return generation.candidate.wears_out and now - max(generation.started_ns, renewed_ns) > RENEWAL


class HealthCheck:
    """Watches the generations of one program. Engine thread only."""

    def __init__(self, parts: ProgramParts, steps: StartSteps) -> None:
        self._parts = parts
        self._steps = steps
        self._renewed_ns = 0

    def tick(self, now: int) -> None:
        """Check the generations; called about once a second."""
        if (steady := self._parts.pair.steady) is not None:
            self._check_health(steady, now)
        if self._parts.pair.next is not None:
            self._check_next(self._parts.pair.next, now)

    def _check_health(self, generation: Generation, now: int) -> None:
        found = ailment(generation, self._parts.status.state, now)
        if found is None:
            if (
                is_worn(generation, self._renewed_ns, now)
                and self._parts.pair.next is None
                and self._parts.status.state is ProgramState.LIVE
            ):
                self._renewed_ns = now
                self._steps.begin(now, "")
        elif found.state is ProgramState.STARTING:
            self._parts.pair.retire(generation)
            self._steps.let_go(now, found.reason)
        else:
            self._repair(found.state, now, found.reason)

    def _repair(self, state: ProgramState, now: int, reason: str) -> None:
        """Report what is wrong and plan a new start beside it, unless one is running or planned."""
        if self._parts.pair.next is None and self._parts.retry.at is None:
            self._parts.retry.soon(now)
        self._parts.enter(state, now, reason, unplanned=True)

    def _check_next(self, generation: Generation, now: int) -> None:
        if generation.overdue(now):
            self._parts.pair.retire(generation)
            self._parts.pair.drop(generation)
            waited = f"the new bpftrace sent nothing for {generation.quiet_seconds(now):.0f} s"
            self._steps.give_up_for_now(now, generation.complaint(waited))
        elif generation.settled(now):
            self._steps.take_over(generation, now)

    def tune(self, flush: Flush, now: int) -> None:
        """Lengthen the interval or change a map's scheme if the flush shows that this is necessary."""
        current = self._parts.pair.current
        if (
            self._parts.pair.next is not None
            or current is None
            or not self._parts.tuner.look(flush, self._parts.settings.interval_ms)
        ):
            return
        self._parts.candidates.tune(self._parts.tuner.tuning)
        wanted = self._parts.candidates.current(self._steps.unavailable, current.plan.nonce)
        if wanted is not None and wanted.prepared.text != current.candidate.prepared.text:
            self._steps.begin(now, "")
