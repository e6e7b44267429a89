"""Reports problems of programs on stderr when there is no screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bttop.engine.any_run import AnyRun
from bttop.engine.cost.cost import UNKNOWN, blind_spot
from bttop.engine.headless.run_length import is_starting
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState, Status
from bttop.engine.recording.losses import cut_text
from bttop.engine.remote.link import Link, LinkState
from bttop.output import warn

OVER = frozenset(
    {
        ProgramState.FAILED,
        ProgramState.UNAVAILABLE,
        ProgramState.COSTLY,
        ProgramState.HELD,
        ProgramState.STOPPED,
        ProgramState.ENDED,
    }
)
"""States after which a program produces nothing more."""
USELESS = frozenset({ProgramState.FAILED, ProgramState.UNAVAILABLE, ProgramState.COSTLY, ProgramState.HELD})


class ProblemReporter:
    """Reports each problem once."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        """`before` is called before each report, for example to clear a status line."""
        self._before = before
        self._told: dict[str, str] = {}
        self._seen: dict[Program, Status] = {}
        """The status of each program at the last look."""
        self._links: dict[str, LinkState] = {}
        """The connection to each host at the last look."""

    def tell_all(self, engine: AnyRun) -> None:
        """Report the current problems of the engine and its programs, the badges of their numbers, and the tracepoints
        that could replace their probes."""
        for problem in engine.problems:
            self.tell(problem, "", problem)
        self._tell_links(engine.links)
        lost = {link.name for link in engine.links if link.state.lost}
        for program in engine.programs:
            status = program.status
            # Most have not changed, and many hosts have hundreds of programs.
            if self._seen.get(program) is not status:
                self._seen[program] = status
                is_said = status.state is ProgramState.RETRYING and (not program.host or program.host in lost)
                if not (lost and is_said):
                    self._tell_status(full_name(program), status)
            if program.cost is not None and program.cost.unseen:
                self.tell(UNKNOWN, UNKNOWN, blind_spot(program.cost))

    def _tell_links(self, links: Iterable[Link]) -> None:
        """Report the connections that have changed, in one line for each host instead of one for each program."""
        for link in links:
            state, before = link.state, self._links.get(link.name, LinkState())
            text = _trouble_of_link(state)
            if _trouble_of_link(before) != text:
                self._say(link.name, text or ("it answers" if before.is_new else "it answers again"))
            self._links[link.name] = state

    def _tell_status(self, name: str, status: Status) -> None:
        self.tell(f"trouble of {name}", name, _trouble(status))
        # While it starts, it may still change to another text with other badges.
        is_on = status.state in (ProgramState.ATTACHED, ProgramState.LIVE)
        for badge in status.badges if is_on else ():
            self.tell(f"{badge.text} of {name}", name, f"{badge.text}: {badge.why}")
        for hint in status.hints:
            self.tell(f"{hint} for {name}", name, hint)

    def tell_unattached(self, programs: Iterable[Program]) -> bool:
        """Report the programs that were still starting when the run ended; return whether there are any."""
        found = [program for program in programs if is_starting(program)]
        for program in found:
            self.tell(f"attach of {full_name(program)}", full_name(program), "it was not attached before the run ended")
        return bool(found)

    def tell_unchecked(self, programs: Iterable[Program]) -> None:
        """Report the attach points that had not been checked when the run ended."""
        for program in programs:
            if program.unchecked:
                why = f"it ended before bpftrace reported whether these exist: {', '.join(program.unchecked)}"
                self.tell(f"check of {full_name(program)}", full_name(program), why)

    def tell_missing(self, programs: Iterable[Program]) -> bool:
        """Report the programs that ended before they printed their last counts; return whether there are any."""
        found = [program for program in programs if program.missing]
        for program in found:
            self.tell(f"end of {full_name(program)}", full_name(program), cut_text("it", program.missing))
        return bool(found)

    def tell(self, about: str, who: str, text: str) -> None:
        """Report a text for `who`, unless it equals the last report about `about`."""
        if text and self._told.get(about) != text:
            self._told[about] = text
            self._say(who, text)

    def _say(self, who: str, text: str) -> None:
        self._before()
        first, *others = text.split("\n")
        names_it = not who or first.startswith((f"{who}:", f"{who}.bt:"))
        warn(f"bttop: {first}" if names_it else f"bttop: {who}: {first}", *others)


def full_name(program: Program) -> str:
    """The name of a program; of one of several hosts, behind the name of its host."""
    return f"{program.host}:{program.name}" if program.host else program.name


def all_in(programs: Iterable[Program], states: frozenset[ProgramState]) -> bool:
    """Whether every program is in one of these states."""
    return all(program.status.state in states for program in programs)


def could_not_run(programs: Iterable[Program]) -> bool:
    """Whether any program could not run, was not started because of its cost, was detached before the end, or has
    nothing to show."""
    return any(program.status.state in USELESS or program.shows_nothing for program in programs)


def _trouble_of_link(state: LinkState) -> str:
    if state.is_new:
        hint = f"\n  {state.hint}" if state.hint else ""
        return f"{state.lost}{hint}" if state.is_final else f"{state.lost}; it is tried again"
    if state.lost:
        return f"no connection: {state.lost}; it is made again"
    return "it does not answer" if state.unheard else ""


def _trouble(status: Status) -> str:
    """The problem that a status reports; empty if there is none."""
    if status.complaint is not None:
        return "\n  ".join([status.complaint.title, *status.complaint.lines])
    if status.state is ProgramState.COSTLY:
        return f"{status.reason}; {status.asks} runs it" if status.asks else status.reason
    if status.state is ProgramState.HELD:
        return f"{status.reason}; it stays detached"
    if status.state in (ProgramState.SILENT, ProgramState.DAMAGED):
        return f"{status.state}: {status.reason}"
    if status.state is ProgramState.STOPPING:  # the state that follows has the reason
        return ""
    return "" if status.running else status.reason
