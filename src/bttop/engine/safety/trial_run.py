"""Trial runs: a script that may be expensive first runs as a count-only twin for half a second.

A text is cleared once for a program and its pin: restarts, other intervals and repairs of a cleared text do not wait.
A file with the content of a shipped probe needs none: its cost is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from bttop.engine.cost.budget import Budget
from bttop.engine.cost.trial_verdict import (
    REFUSED_ABOVE,
    Measured,
    TrialVerdict,
    judge_cost,
)
from bttop.engine.generation.candidates import Candidate
from bttop.engine.generation.generation import START_SECONDS, Generation
from bttop.engine.generation.shipped_probes import is_shipped
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.program.permission import TrialKey
from bttop.engine.program.thinning import why_not_thinned
from bttop.engine.tracer.frames import CostTotals, Exited, Failed, Frame, StartRefused
from bttop.model.record.records import Notice, Ready, StampedLine
from bttop.script.cost.hot_probes import why_hot
from bttop.script.language.reader import Script

if TYPE_CHECKING:
    from bttop.engine.program.program import Program
    from bttop.script.cost.hook_costs import HookPrices
    from bttop.script.rewrite.twin import Twin

LOOK_SECONDS: Final = 0.5
LONGEST_LOOK: Final = 3.0
"""Seconds after which a twin is judged by what it has counted so far: busy CPUs skip ticks."""

_SAID_NOTHING: Final = TrialVerdict("ask", "could not be measured: its count-only twin printed nothing")


class Runner(Protocol):
    """Runs twins: the engine."""

    @property
    def prices(self) -> HookPrices:
        """The hook prices known so far."""

    def run_twin(self, program: Program, candidate: Candidate) -> Generation:
        """Start a bpftrace whose frames come to `TrialRuns.on_frame`."""

    def tell_costs(self) -> None:
        """Request all costs from the tracer now, including those of twins."""

    def stop(self, generation: Generation, grace: float) -> None:
        """Detach a twin; it is killed after `grace` seconds."""

    def taken_by_others(self, program: Program) -> float:
        """CPU seconds a second of the budget that all other programs already take."""


class _Look(Struct):
    """One running trial run."""

    program: Program
    candidate: Candidate
    key: TrialKey
    twin: Twin
    generation: Generation
    left_out: frozenset[str] = frozenset()
    """Maps of the twin that no probe fills here."""
    codes: frozenset[str] = frozenset()
    """The instructions that its user probes are on, in hex; empty until the tracer has reported them."""
    flushes: int = 0
    measured: Measured = field(default_factory=Measured)


class TrialRuns:
    """All trial runs of an engine. Engine thread only."""

    def __init__(self, budget: Budget, host: Host, bpftrace: Bpftrace, runner: Runner) -> None:
        self._budget = budget
        self._host = host
        self._bpftrace = bpftrace
        self._runner = runner
        self._looks: dict[int, _Look] = {}

    def look(self, program: Program, candidate: Candidate) -> TrialVerdict | None:
        """Whether a candidate may start; None while a trial run decides: it then calls `program.on_look`."""
        program.permission.forget()
        self.cancel(program)
        key = _key(program, candidate)
        if self._is_clear(program, candidate, key):
            return TrialVerdict("go")
        return None if self._run_twin(program, candidate, key) else self._said(program, key, TrialVerdict("go"))

    def _run_twin(
        self, program: Program, candidate: Candidate, key: TrialKey, left_out: frozenset[str] = frozenset()
    ) -> bool:
        """Start the twin without the maps in `left_out`; return False if there is nothing to count."""
        # Imported only here: shipped probes do not need it, and the import would delay their start.
        from bttop.script.rewrite.twin import twin_of

        twin = twin_of(candidate.prepared, self._bpftrace.release, left_out)
        if twin is None:
            return False
        counting = Candidate(candidate.source, twin.prepared, edited=True, badges=(), all_probes=False)
        generation = self._runner.run_twin(program, counting)
        self._looks[generation.id] = _Look(program, candidate, key, twin, generation, left_out)
        return True

    def cancel(self, program: Program) -> None:
        """Cancel the trial run of a program."""
        for look in [one for one in self._looks.values() if one.program is program]:
            self._end(look)

    def lost(self) -> None:
        """The tracer has ended, and all twins with it."""
        self._looks.clear()

    def on_frame(self, frame: Frame) -> None:
        """Handle a frame of a twin; ignore other frames."""
        look = self._looks.get(frame.generation)
        if look is None:
            return
        if isinstance(frame, StampedLine):
            self._on_line(look, frame)
        elif isinstance(frame, CostTotals):
            look.codes = frozenset(code for _, code, *_ in frame.hooks if code)
        elif isinstance(frame, Exited):
            self._on_exit(look, frame)
        elif isinstance(frame, Failed | StartRefused):
            # bpftrace cannot be started; the script's own start reports it better.
            self._decide(look, frame.stamp.boot_ns, TrialVerdict("go"), ended=True)

    def excuse(self, now: int) -> None:
        """No output could be received until `now`: do not count that time."""
        for look in self._looks.values():
            look.generation.excuse(now)

    def _on_exit(self, look: _Look, frame: Exited) -> None:
        undefined = look.generation.undefined_maps() - look.left_out
        if undefined and not look.measured.seconds:
            # Some of its probes do not exist here (0.24 and newer): count the others.
            self._end(look, stop=False)
            if not self._run_twin(look.program, look.candidate, look.key, look.left_out | undefined):
                look.program.on_look(self._said(look.program, look.key, TrialVerdict("go")), frame.stamp.boot_ns)
            return
        self._decide(look, frame.stamp.boot_ns, _unmeasured(look.generation, frame.code), ended=True)

    def tick(self, now: int) -> None:
        """Judge the trial runs that take too long."""
        for look in list(self._looks.values()):
            if look.generation.attended_seconds(now) > (LONGEST_LOOK if look.generation.ready_ns else START_SECONDS):
                self._decide(look, now)

    def _is_clear(self, program: Program, candidate: Candidate, key: TrialKey) -> bool:
        source = candidate.source
        script = source.filled
        if program.permission.is_cleared(key) or not isinstance(script, Script):
            return True
        return not why_hot(script) or is_shipped(source.text)

    def _on_line(self, look: _Look, line: StampedLine) -> None:
        decoded, flush = look.generation.take(line)
        record = decoded.record
        if isinstance(record, Ready):
            look.generation.ready(line.stamp.boot_ns)
            self._runner.tell_costs()
        elif isinstance(record, Notice):
            look.generation.note(record.text)
        if flush is None or not flush.mark:
            return
        look.flushes += 1
        counted = Measured().plus(flush, look.twin, self._runner.prices, look.codes)
        # The first flush covers an unknown time: other probes were still being attached.
        if look.flushes > 1:
            look.measured = look.measured.plus(flush, look.twin, self._runner.prices, look.codes)
        limit = self._budget.cpu_seconds(self._host.cpus)
        is_far_above = look.flushes > 1 and counted.cpus > limit * REFUSED_ABOVE
        # The twin slows its target too: stop at the CPU time that a full trial run within the budget may take.
        is_above = look.measured.busy_ns / 1e9 > limit * LOOK_SECONDS
        if look.measured.seconds >= LOOK_SECONDS or is_far_above or is_above:
            self._decide(look, line.stamp.boot_ns)

    def _decide(self, look: _Look, now: int, unmeasured: TrialVerdict = _SAID_NOTHING, *, ended: bool = False) -> None:
        """Judge by what was counted; `unmeasured` is the verdict if nothing was counted."""
        self._end(look, stop=not ended)
        found = unmeasured
        if look.measured.seconds:
            taken = self._runner.taken_by_others(look.program)
            twin = look.twin
            found = judge_cost(
                look.measured,
                self._budget,
                self._host.cpus,
                at_most=twin.at_most,
                taken=taken,
                can_thin=not why_not_thinned(look.candidate),
            )
        verdict = _with_suggestion(found, look.candidate)
        look.program.on_look(self._said(look.program, look.key, verdict), now)

    def _said(self, program: Program, key: TrialKey, verdict: TrialVerdict) -> TrialVerdict:
        if verdict.decision == "go":
            program.permission.clear(key)
        elif verdict.decision == "ask":
            program.permission.hold(key, verdict.allowed)
        return verdict

    def _end(self, look: _Look, *, stop: bool = True) -> None:
        del self._looks[look.generation.id]
        if stop:
            look.generation.doom()
            self._runner.stop(look.generation, 2.0)


def _unmeasured(twin: Generation, code: int) -> TrialVerdict:
    """The verdict for a twin that ended early. If bpftrace refuses its text or an attach point, it also refuses the
    script: let that start, as its error refers to the user's own line."""
    if twin.is_refused():
        return TrialVerdict("go")
    said = twin.said()
    return TrialVerdict(
        "ask", f"could not be measured: {twin.ending(code)} on its count-only twin{f': {said}' if said else ''}"
    )


def _with_suggestion(verdict: TrialVerdict, candidate: Candidate) -> TrialVerdict:
    """Add to the verdict that a single probe can count the same, if there is such an offer."""
    if verdict.decision == "go" or all(suggestion.code != "one-probe" for suggestion in candidate.prepared.suggestions):
        return verdict
    return replace(verdict, why=f"{verdict.why}; one probe, raw_syscalls, counts the same", offered=True)


def _key(program: Program, candidate: Candidate) -> TrialKey:
    pin = program.settings.pin
    return candidate.source.text, "" if pin is None else pin.condition
