"""What goes wrong with programs, told on standard error where there is no screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bttop.engine.cost import UNKNOWN, blind_spot
from bttop.engine.engine import Engine
from bttop.engine.losses import cut_text
from bttop.engine.program import Program
from bttop.engine.runlength import is_starting
from bttop.engine.status import State
from bttop.output import warn

OVER = frozenset({State.FAILED, State.UNAVAILABLE, State.COSTLY, State.HELD, State.STOPPED, State.ENDED})
"""States from which nothing more is to be expected."""
USELESS = frozenset({State.FAILED, State.UNAVAILABLE, State.COSTLY, State.HELD})


class Troubles:
    """Says each thing once."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        """`before` is called before something is said, such as to end a line that is being rewritten."""
        self._before = before
        self._told: dict[str, str] = {}

    def tell_all(self, engine: Engine) -> None:
        """Say what is wrong with the engine and with its programs now, and which caveats their numbers have."""
        for problem in engine.problems:
            self.tell(problem, "", problem)
        for program in engine.programs:
            self.tell(f"trouble of {program.name}", program.name, _trouble(program))
            # While it starts it may yet change over to another text, with other caveats.
            is_on = program.status.state in (State.ATTACHED, State.LIVE)
            for badge in program.status.badges if is_on else ():
                self.tell(f"{badge.text} of {program.name}", program.name, f"{badge.text}: {badge.why}")
            if program.cost is not None and program.cost.unseen:
                self.tell(UNKNOWN, UNKNOWN, blind_spot(program.cost))

    def tell_unattached(self, programs: Iterable[Program]) -> bool:
        """Say which programs were never attached although they could still be; whether there are any."""
        found = [program for program in programs if is_starting(program)]
        for program in found:
            self.tell(f"attach of {program.name}", program.name, "it was not attached before the run ended")
        return bool(found)

    def tell_unchecked(self, programs: Iterable[Program]) -> None:
        """Say of which attach points it was not known yet whether they exist."""
        for program in programs:
            if program.unchecked:
                why = f"it ended before bpftrace had said whether these exist: {', '.join(program.unchecked)}"
                self.tell(f"check of {program.name}", program.name, why)

    def tell_missing(self, programs: Iterable[Program]) -> bool:
        """Say which programs ended before they printed what they had counted last; whether there are any."""
        found = [program for program in programs if program.missing]
        for program in found:
            self.tell(f"end of {program.name}", program.name, cut_text("it", program.missing))
        return bool(found)

    def tell(self, about: str, who: str, text: str) -> None:
        """Say something, unless it was the last thing said about this."""
        if text and self._told.get(about) != text:
            self._told[about] = text
            self._before()
            first, *others = text.split("\n")
            warn(f"bttop: {who}: {first}" if who else f"bttop: {first}", *others)


def all_in(programs: Iterable[Program], states: frozenset[State]) -> bool:
    """Whether every program is in one of these states."""
    return all(program.status.state in states for program in programs)


def could_not_run(programs: Iterable[Program]) -> bool:
    """Whether a program could not run, was held back, or was detached for its cost before the end."""
    return any(program.status.state in USELESS for program in programs)


def _trouble(program: Program) -> str:
    """What is wrong with a program now; empty when nothing is."""
    status = program.status
    if status.complaint is not None:
        return "\n  ".join([status.complaint.title, *status.complaint.lines])
    if status.state is State.COSTLY:
        return f"{status.reason}; {status.asks} runs it" if status.asks else status.reason
    if status.state is State.HELD:
        more = ", and --budget allows more" if "budget" in status.reason else ""
        return f"{status.reason}; it stays detached{more}"
    if status.state in (State.SILENT, State.DAMAGED):
        return f"{status.state}: {status.reason}"
    return "" if status.running else status.reason
