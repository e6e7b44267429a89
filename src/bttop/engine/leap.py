"""Look before you leap: a script that could be hot runs as a count-only twin for half a second first.

A text is cleared once for a program and its pin: restarts, other intervals and repairs of what was cleared do not wait.
Shipped probes are trusted as they were shipped; what was reloaded is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from bttop.engine.attempts import Attempt
from bttop.engine.budget import Budget
from bttop.engine.frames import Exited, Failed, Frame, Refused, Totals
from bttop.engine.generation import START_SECONDS, Generation
from bttop.engine.host import Bpftrace, Host
from bttop.engine.pointlist import Told
from bttop.engine.verdict import REFUSED_ABOVE, Measured, Verdict, count_probes, judge_cost, judge_probes
from bttop.model.records import Notice, Ready, StampedLine
from bttop.paths import shipped
from bttop.script.hot import why_hot
from bttop.script.reader import AttachPoint, Script

if TYPE_CHECKING:
    from bttop.engine.program import Program
    from bttop.script.hooks import HookPrices
    from bttop.script.twin import Twin

LOOK_SECONDS: Final = 0.5
LONGEST_LOOK: Final = 3.0
"""Seconds after which a twin on busy CPUs, which skip ticks, is judged by what it has told."""

_SAID_NOTHING: Final = Verdict("ask", "could not be measured: its count-only twin said nothing")

_Key: TypeAlias = tuple[str, str]
"""A script's text and the condition of its pin."""


class Runner(Protocol):
    """Whoever can run a twin."""

    @property
    def prices(self) -> HookPrices:
        """What hooks cost here, as far as that is known now."""

    def run_twin(self, program: Program, attempt: Attempt) -> Generation:
        """Start a bpftrace whose frames come to `Leaps.on_frame`."""

    def list_points(self, points: tuple[AttachPoint, ...], told: Told) -> None:
        """Have bpftrace list attach points; `told` is called once."""

    def tell_costs(self) -> None:
        """Have the tracer tell all costs now, those of twins included."""

    def stop(self, generation: Generation, grace: float) -> None:
        """Detach it."""

    def taken_by_others(self, program: Program) -> float:
        """CPU seconds a second that all other programs take of the budget already."""


@dataclass(slots=True)
class _Look:
    """One twin at work."""

    program: Program
    attempt: Attempt
    key: _Key
    twin: Twin
    generation: Generation
    left_out: frozenset[str] = frozenset()
    """Maps of the twin's that no probe fills here."""
    codes: frozenset[str] = frozenset()
    """The instructions that its user probes are on, in hex; none until the tracer has told them."""
    flushes: int = 0
    measured: Measured = field(default_factory=Measured)


class Leaps:
    """All looks of an engine. Engine thread only."""

    def __init__(self, budget: Budget, host: Host, bpftrace: Bpftrace, runner: Runner) -> None:
        self._budget = budget
        self._host = host
        self._bpftrace = bpftrace
        self._runner = runner
        self._looks: dict[int, _Look] = {}
        self._cleared: dict[int, set[_Key]] = {}
        """By the id of the program."""
        self._held: dict[int, _Key] = {}
        self._edited: set[int] = set()
        self._listings: dict[int, _Key] = {}
        """Programs that wait for the number of their probes, by id."""

    def look(self, program: Program, attempt: Attempt) -> Verdict | None:
        """Whether an attempt may start; None while that is being found out: `program.on_look` is told."""
        self.forget(program)
        key = _key(program, attempt)
        if self._is_clear(program, attempt, key):
            return Verdict("go")
        points = attempt.prepared.attach_points
        unknown = tuple(one for one in points if count_probes((one,), self._host) is None)
        if not unknown:
            return self._measure(program, attempt, key, count_probes(points, self._host))
        self._listings[id(program)] = key
        known = count_probes((one for one in points if one not in unknown), self._host) or 0
        self._runner.list_points(unknown, partial(self._on_list, program, attempt, known, unknown))
        return None

    def _on_list(
        self,
        program: Program,
        attempt: Attempt,
        known: int,
        unknown: tuple[AttachPoint, ...],
        found: Mapping[str, int],
        now: int,
    ) -> None:
        """bpftrace has listed the wildcards that tracefs does not tell of."""
        key = _key(program, attempt)
        if self._listings.get(id(program)) != key:
            return
        del self._listings[id(program)]
        probes = [found.get(one.text) for one in unknown]
        total = None if None in probes else known + sum(one or 0 for one in probes)
        verdict = self._measure(program, attempt, key, total)
        if verdict is not None:
            program.on_look(verdict, now)

    def _measure(self, program: Program, attempt: Attempt, key: _Key, probes: int | None) -> Verdict | None:
        by_probes = judge_probes(probes, self._budget)
        if by_probes.decision == "go" and self._run_twin(program, attempt, key):
            return None
        return self._said(program, key, _with_offer(by_probes, attempt))

    def _run_twin(self, program: Program, attempt: Attempt, key: _Key, left_out: frozenset[str] = frozenset()) -> bool:
        """Start the twin, without those of its maps that no probe fills here; whether there is anything to count."""
        # Only now: the stock probes do not need it, and would start later by its import.
        from bttop.script.twin import twin_of

        twin = twin_of(attempt.prepared, self._bpftrace.release, left_out)
        if twin is None:
            return False
        counting = Attempt(attempt.source, twin.prepared, edited=True, badges=(), all_probes=False)
        generation = self._runner.run_twin(program, counting)
        self._looks[generation.id] = _Look(program, attempt, key, twin, generation, left_out)
        return True

    def approve(self, program: Program) -> bool:
        """Run what was held back; whether anything was."""
        key = self._held.pop(id(program), None)
        if key is not None:
            self._cleared.setdefault(id(program), set()).add(key)
        return key is not None

    def edited(self, program: Program) -> None:
        """Its text is no longer the one that was shipped."""
        self._edited.add(id(program))

    def forget(self, program: Program) -> None:
        """Nobody waits for the look any more."""
        self._held.pop(id(program), None)
        self._listings.pop(id(program), None)
        for look in [one for one in self._looks.values() if one.program is program]:
            self._end(look)

    def close(self, program: Program) -> None:
        """The program is gone."""
        self.forget(program)
        self._cleared.pop(id(program), None)
        self._edited.discard(id(program))

    def lost(self) -> None:
        """All twins are gone, with the tracer."""
        self._looks.clear()

    def on_frame(self, frame: Frame) -> None:
        """What a twin says; frames of others are not looked at."""
        look = self._looks.get(frame.generation)
        if look is None:
            return
        if isinstance(frame, StampedLine):
            self._on_line(look, frame)
        elif isinstance(frame, Totals):
            look.codes = frozenset(code for _, code, *_ in frame.hooks if code)
        elif isinstance(frame, Exited):
            self._on_exit(look, frame)
        elif isinstance(frame, Failed | Refused):
            # There is no bpftrace that could run; the script's own start says so better.
            self._decide(look, frame.stamp.boot_ns, Verdict("go"), ended=True)

    def excuse(self, now: int) -> None:
        """No twin could be heard until now."""
        for look in self._looks.values():
            look.generation.excuse(now)

    def _on_exit(self, look: _Look, frame: Exited) -> None:
        undefined = look.generation.undefined_maps() - look.left_out
        if undefined and not look.measured.seconds:
            # Some of its probes do not exist here (0.24 and newer): the others are counted.
            self._end(look, stop=False)
            if not self._run_twin(look.program, look.attempt, look.key, look.left_out | undefined):
                look.program.on_look(self._said(look.program, look.key, Verdict("go")), frame.stamp.boot_ns)
            return
        self._decide(look, frame.stamp.boot_ns, _unmeasured(look.generation, frame.code), ended=True)

    def tick(self, now: int) -> None:
        """Judge what takes too long."""
        for look in list(self._looks.values()):
            if look.generation.attended_seconds(now) > (LONGEST_LOOK if look.generation.ready_ns else START_SECONDS):
                self._decide(look, now)

    def _is_clear(self, program: Program, attempt: Attempt, key: _Key) -> bool:
        source = attempt.source
        if key in self._cleared.get(id(program), ()) or not isinstance(source.script, Script):
            return True
        is_shipped = source.path is not None and source.path.resolve().is_relative_to(shipped("probes").resolve())
        return (is_shipped and id(program) not in self._edited) or not why_hot(source.script)

    def _on_line(self, look: _Look, line: StampedLine) -> None:
        record, flush = look.generation.take(line)
        if isinstance(record, Ready):
            look.generation.ready(line.stamp.boot_ns)
            self._runner.tell_costs()
        elif isinstance(record, Notice):
            look.generation.note(record.text)
        if flush is None or not flush.mark:
            return
        look.flushes += 1
        counted = Measured().plus(flush, look.twin, self._runner.prices, look.codes)
        # What was counted while other probes were still being attached is of no known length.
        if look.flushes > 1:
            look.measured = look.measured.plus(flush, look.twin, self._runner.prices, look.codes)
        limit = self._budget.cpu_seconds(self._host.cpus)
        is_far_above = look.flushes > 1 and counted.cpus > limit * REFUSED_ABOVE
        # The twin slows its target too: what a whole look within the budget may take is enough.
        is_above = look.measured.busy_ns / 1e9 > limit * LOOK_SECONDS
        if look.measured.seconds >= LOOK_SECONDS or is_far_above or is_above:
            self._decide(look, line.stamp.boot_ns)

    def _decide(self, look: _Look, now: int, unmeasured: Verdict = _SAID_NOTHING, *, ended: bool = False) -> None:
        """Judge by what was counted; `unmeasured` holds where nothing was."""
        self._end(look, stop=not ended)
        found = unmeasured
        if look.measured.seconds:
            taken = self._runner.taken_by_others(look.program)
            twin = look.twin
            found = judge_cost(look.measured, self._budget, self._host.cpus, at_most=twin.at_most, taken=taken)
        look.program.on_look(self._said(look.program, look.key, found), now)

    def _said(self, program: Program, key: _Key, verdict: Verdict) -> Verdict:
        if verdict.decision == "go":
            self._cleared.setdefault(id(program), set()).add(key)
        elif verdict.decision == "ask":
            self._held[id(program)] = key
        return verdict

    def _end(self, look: _Look, *, stop: bool = True) -> None:
        del self._looks[look.generation.id]
        if stop:
            look.generation.doomed = True
            self._runner.stop(look.generation, 2.0)


def _unmeasured(twin: Generation, code: int) -> Verdict:
    """A twin that ended by itself. What bpftrace has against a place in its text, or against an attach point, it has
    against the script as well, which does not run either and says it at the user's own line."""
    if twin.is_refused():
        return Verdict("go")
    said = twin.said()
    return Verdict(
        "ask", f"could not be measured: {twin.ending(code)} on its count-only twin{f': {said}' if said else ''}"
    )


def _with_offer(verdict: Verdict, attempt: Attempt) -> Verdict:
    """Say so where the same can be had by a single probe."""
    if verdict.decision == "go" or all(offer.code != "one-probe" for offer in attempt.prepared.offers):
        return verdict
    return replace(verdict, why=f"{verdict.why}; one probe, raw_syscalls, counts the same", offered=True)


def _key(program: Program, attempt: Attempt) -> _Key:
    pin = program.settings.pin
    return attempt.source.text, "" if pin is None else pin.condition
