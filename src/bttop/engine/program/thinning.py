"""How one program is thinned: whether it can be, and the change to more or fewer events."""

from __future__ import annotations

from bttop.engine.cost.thinned_cost import Thinned
from bttop.engine.generation.candidates import Candidate
from bttop.engine.program.parts import ProgramParts
from bttop.engine.program.start_steps import StartSteps
from bttop.script.language.reader import Script

TAKEN_OVER_AFTER = 2_000_000_000
"""Most ns that a thinned generation, once attached, counts beside the one before: with a long interval, its first flush
would come too late for the budget."""


class ProgramThinning:
    """The thinning of one program. Engine thread only."""

    def __init__(self, parts: ProgramParts, steps: StartSteps) -> None:
        self._parts = parts
        self._steps = steps

    @property
    def one_in(self) -> int:
        """The present factor of the generation that is shown; 1: it takes all events."""
        return self._parts.pair.plan.one_in

    @property
    def wanted(self) -> Thinned | None:
        """How the program was last told to be thinned."""
        return self._parts.tuner.tuning.thinned

    @property
    def changes(self) -> bool:
        """Whether a next generation is about to take over."""
        return self._parts.pair.next is not None

    def why_not(self) -> str:
        """Why the program cannot be thinned, a clause without a period; empty if it can."""
        current = self._parts.pair.steady
        return "it is being stopped" if current is None else why_not_thinned(current.candidate)

    def thin(self, thinned: Thinned | None, now: int) -> None:
        """Run with fewer events, or with more; None: with all. The next generation takes over as after an edit."""
        self._parts.thin(thinned)
        self._steps.begin(now, "")

    def hasten(self, now: int, *, at_once: bool = False) -> None:
        """Let a next generation take over that counts beside the current one for too long; `at_once`: in any case."""
        following = self._parts.pair.next
        if following is None:
            return
        is_ready = following.ready_ns is not None and now - following.ready_ns > TAKEN_OVER_AFTER
        if at_once or is_ready:
            self._steps.take_over(following, now)


def why_not_thinned(candidate: Candidate) -> str:
    """Why the script of a candidate cannot be thinned, a clause without a period; empty if it can."""
    # Imported only here: few programs are thinned, and the import would delay every start.
    from bttop.script.thinning.sampling import sampling_of

    script = candidate.source.filled
    if not candidate.edited or not candidate.prepared.plan.heartbeats or not isinstance(script, Script):
        return "bttop cannot edit it"
    found = sampling_of(script)
    return found if isinstance(found, str) else ""
