"""The meter: what each program and bttop itself cost, from what the tracer tells once a second. Engine thread only;
what it gives out is frozen."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bttop.engine import attention
from bttop.engine.cost import Bill, Cost, between, hits_between, together
from bttop.engine.frames import Metering, Totals
from bttop.engine.fuse import Load
from bttop.script.hooks import TIMED, Hits, HookPrices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bttop.engine.program import Program
    from bttop.model.flush import Tally

LEDGER_ROUNDS: Final = 10
"""Readings that one entry of the cost ledger is the mean of: at one a second a recording would be half of costs."""
HIDDEN: Final = "bpftrace has more rights than bttop's tracer, which may not read what the kernel counts for it"
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def own_totals(round_end: Totals) -> Totals:
    """What this process has cost, at the moment of the tracer's reading."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Totals(0, round_end.stamp, time.process_time_ns(), pages * _PAGE)


@dataclass(frozen=True, slots=True)
class _Round:
    """What the last round left behind, to count from."""

    own: Totals
    tracer: Totals
    tallies: Mapping[Program, Tally]


class Meter:
    """Turns readings into costs: `program.cost` of each program, and the `bill` of all."""

    def __init__(self, cpus: int, prices: Callable[[], HookPrices], *, statistics: bool = True) -> None:
        """`prices` gives what is known now: a measurement may come later."""
        self.wanted = statistics
        """Whether the kernel's statistics are to be switched on."""
        self.metering = ""
        """How they are on: `bpf`, `sysctl`; empty while they are not."""
        self.reason = ""
        """Why they are not on although they are wanted."""
        self.bill: Bill | None = None
        self._cpus = cpus
        self._prices = prices
        self._before: dict[int, Totals] = {}
        self._hits: dict[int, list[Hits]] = {}
        """By generation: what is on one place shares its trap."""
        self._costs: dict[Program, dict[int, Cost]] = {}
        self._late: set[int] = set()
        """Generations whose last reading came too late to be used."""
        self._last: _Round | None = None
        self._ledger: list[tuple[Program | None, Cost]] = []
        self._rounds = 0

    def switched(self, frame: Metering) -> None:
        """The tracer has switched the statistics on, or could not."""
        self.metering, self.reason = frame.by, frame.reason if self.wanted else ""

    def take(self, totals: Totals, program: Program, providers: Iterable[str] = ()) -> None:
        """A reading of one of the program's generations, whose attach points have these providers."""
        before = self._before.get(totals.generation)
        self._before[totals.generation] = totals
        if before is not None and not self._spans_gap(before, totals):
            hits = self._hits_between(before, totals, providers)
            self._hits[totals.generation] = hits
            cost = between(
                before,
                totals,
                statistics=bool(self.metering) and not totals.hidden,
                hook_ns=self._prices().paid(hits, self._hits_of_others(totals.generation)),
            )
            unseen = self._why_unseen(totals) if cost.run is None else ""
            cost = replace(cost, unseen=unseen, assumed=self._why_assumed(hits))
            self._costs.setdefault(program, {})[totals.generation] = cost
            program.cost = together(self._costs[program].values())

    def _hits_between(self, before: Totals, totals: Totals, providers: Iterable[str]) -> list[Hits]:
        """With a kind for those whose kind the kernel does not tell."""
        hits = hits_between(before, totals)
        if all(one.kind for one in hits):
            return hits
        dearest = self._prices().dearest(providers)
        return [one if one.kind else one._replace(kind=dearest) for one in hits]

    def _hits_of_others(self, generation: int) -> list[Hits]:
        return [one for other, hits in self._hits.items() if other != generation for one in hits]

    def _why_assumed(self, hits: Iterable[Hits]) -> str:
        """By the first price that is not measured but could be elsewhere: the trap of a probe on a function."""
        reasons = (self._prices().unmeasured(one.kind) for one in hits if one.kind in TIMED)
        return next((reason for reason in reasons if reason), "")

    def _spans_gap(self, before: Totals, totals: Totals) -> bool:
        """Whether something was stopped since the reading before, so that the rate is none of the present; never twice
        in a row, since on a host without CPU for the tracer all readings are late."""
        is_late = (
            totals.stamp.boot_ns - before.stamp.boot_ns > attention.LATE_NS and totals.generation not in self._late
        )
        (self._late.add if is_late else self._late.discard)(totals.generation)
        return is_late

    def _why_unseen(self, totals: Totals) -> str:
        if totals.hidden:
            return HIDDEN
        return f"the kernel's statistics could not be switched on: {self.reason}" if self.reason else ""

    def ended(self, generation: int, program: Program) -> None:
        """A generation is gone, and costs nothing any more."""
        self._before.pop(generation, None)
        self._hits.pop(generation, None)
        self._late.discard(generation)
        costs = self._costs.get(program, {})
        costs.pop(generation, None)
        program.cost = together(costs.values()) if costs else None

    def lost(self, programs: Iterable[Program]) -> None:
        """The tracer is gone, and everything with it."""
        self._before.clear()
        self._hits.clear()
        self._late.clear()
        self._costs.clear()
        self._last = None
        self.bill, self.metering = None, ""
        for program in programs:
            program.cost = None

    def close_round(self, tracer: Totals, programs: Iterable[Program]) -> tuple[dict[Program, Load], float]:
        """The tracer's own reading ends a round: make out the bill. Gives what runs puts on the host, for the fuse,
        and the seconds of the round (0 in the first, which has nothing to count from)."""
        programs = tuple(programs)
        now = _Round(own_totals(tracer), tracer, {program: program.tally for program in programs})
        last, self._last = self._last, now
        if last is None:
            return {}, 0.0
        own = (last.own, now.own), (last.tracer, tracer)
        bttop = together(between(before, after, statistics=False) for before, after in own)
        costs = [(program, program.cost) for program in programs if program.cost is not None]
        self.bill = Bill(together(cost for _, cost in costs), bttop, self._cpus)
        self._ledger += [*costs, (None, bttop)]
        self._rounds += 1
        seconds = (tracer.stamp.boot_ns - last.tracer.stamp.boot_ns) / 1e9
        loads = {
            program: _load(cost, last.tallies.get(program), now.tallies[program], seconds)
            for program, cost in costs
            if program.status.running
        }
        return loads, seconds

    def take_ledger(self) -> dict[Program | None, dict[str, float]]:
        """The mean costs since the last call, once enough rounds are together; bttop's own stand under None."""
        if self._rounds < LEDGER_ROUNDS:
            return {}
        entries, self._ledger, self._rounds = self._ledger, [], 0
        found: dict[Program | None, list[dict[str, float]]] = {}
        for program, cost in entries:
            found.setdefault(program, []).append(cost.ledger())
        return {program: _mean(ledgers) for program, ledgers in found.items()}


def _load(cost: Cost, before: Tally | None, now: Tally, seconds: float) -> Load:
    if before is None or seconds <= 0:
        return Load(cost)
    return Load(
        cost, (now.helper_errors - before.helper_errors) / seconds, (now.lost_events - before.lost_events) / seconds
    )


def _mean(ledgers: list[dict[str, float]]) -> dict[str, float]:
    names = {name for ledger in ledgers for name in ledger}
    values = {name: [ledger[name] for ledger in ledgers if name in ledger] for name in names}
    return {name: sum(known) / len(known) for name, known in values.items()}
