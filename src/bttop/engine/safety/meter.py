"""The meter: computes what each program and bttop itself cost, from the tracer's readings once a second. Engine thread
only; the results are immutable."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from bttop.engine.cost.cost import Bill, Cost, between, hits_between, together
from bttop.engine.host.memory import OwnMemory
from bttop.engine.safety.budget_guard import Load
from bttop.engine.tracer import stop_detector
from bttop.engine.tracer.frames import CostTotals, Metering
from bttop.script.cost.hook_costs import TIMED, Hits, HookPrices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bttop.engine.program.program import Program
    from bttop.model.flush.flush import LossCounts

LEDGER_ROUNDS: Final = 10
"""Readings per entry of the cost ledger, which is their mean: with one a second, costs would be half of a recording."""
HIDDEN: Final = "bpftrace has more rights than bttop's tracer, which may not read what the kernel counts for it"


class _Round(Struct, frozen=True):
    """The totals at the end of the last round."""

    own: CostTotals
    tracer: CostTotals
    tallies: Mapping[Program, LossCounts]


class Meter:
    """Converts readings into costs: `program.cost` of each program, and the `bill` of all."""

    def __init__(
        self, cpus: int, prices: Callable[[], HookPrices], *, statistics: bool = True, is_here: bool = True
    ) -> None:
        """`prices` returns the hook prices known so far: a measurement may come later. `is_here`: whether bttop itself
        runs on the traced host."""
        self.wanted = statistics
        """Whether the kernel's statistics should be on."""
        self.metering = ""
        """How they were switched on: `bpf` or `sysctl`; empty while they are off."""
        self.reason = ""
        """Why they are off although they are wanted."""
        self.bill: Bill | None = None
        self._cpus = cpus
        self._prices = prices
        self._before: dict[int, CostTotals] = {}
        self._hits: dict[int, list[Hits]] = {}
        """By generation. All are needed for a price: probes at the same place share one trap."""
        self._costs: dict[Program, dict[int, Cost]] = {}
        self._late: set[int] = set()
        """Generations whose last reading was late and therefore not used."""
        self._last: _Round | None = None
        self._ledger: list[tuple[Program | None, Cost]] = []
        self._rounds = 0
        self._memory = OwnMemory()
        self._is_here = is_here

    def switched(self, frame: Metering) -> None:
        """The tracer has switched the statistics on, or failed to."""
        self.metering, self.reason = frame.by, frame.reason if self.wanted else ""

    def take(self, totals: CostTotals, program: Program, providers: Iterable[str] = ()) -> None:
        """Take a reading of one of the program's generations; `providers` are those of its attach points."""
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

    def _hits_between(self, before: CostTotals, totals: CostTotals, providers: Iterable[str]) -> list[Hits]:
        """The hits; where the kernel does not report the kind, the most expensive kind of the providers is assumed."""
        hits = hits_between(before, totals)
        if all(one.kind for one in hits):
            return hits
        dearest = self._prices().dearest(providers)
        return [one if one.kind else replace(one, kind=dearest) for one in hits]

    def _hits_of_others(self, generation: int) -> list[Hits]:
        return [one for other, hits in self._hits.items() if other != generation for one in hits]

    def _why_assumed(self, hits: Iterable[Hits]) -> str:
        """The reason for the first price that is assumed although it can be measured: the trap of a probe on a
        function. Empty if all are measured."""
        reasons = (self._prices().unmeasured(one.kind) for one in hits if one.kind in TIMED)
        return next((reason for reason in reasons if reason), "")

    def _spans_gap(self, before: CostTotals, totals: CostTotals) -> bool:
        """Whether bttop or the tracer was stopped since the last reading, so that the rate is not a current one. Never
        true twice in a row: on a host without CPU for the tracer all readings are late."""
        is_late = (
            totals.stamp.boot_ns - before.stamp.boot_ns > stop_detector.LATE_NS and totals.generation not in self._late
        )
        (self._late.add if is_late else self._late.discard)(totals.generation)
        return is_late

    def _why_unseen(self, totals: CostTotals) -> str:
        if totals.hidden:
            return HIDDEN
        return f"the kernel's statistics could not be switched on: {self.reason}" if self.reason else ""

    def ended(self, generation: int, program: Program) -> None:
        """A generation has ended and costs nothing from now on."""
        self._before.pop(generation, None)
        self._hits.pop(generation, None)
        self._late.discard(generation)
        costs = self._costs.get(program, {})
        costs.pop(generation, None)
        program.cost = together(costs.values()) if costs else None

    def lost(self, programs: Iterable[Program]) -> None:
        """The tracer has ended, and all programs with it."""
        self._before.clear()
        self._hits.clear()
        self._late.clear()
        self._costs.clear()
        self._last = None
        self.bill, self.metering = None, ""
        for program in programs:
            program.cost = None

    def close_round(self, tracer: CostTotals, programs: Iterable[Program]) -> tuple[dict[Program, Load], float]:
        """Close a round, which the tracer's own reading ends, and compute the bill. Returns the loads of the running
        programs for the budget guard, and the seconds of the round (0 for the first round)."""
        programs = tuple(programs)
        now = _Round(self._own_totals(tracer), tracer, {program: program.tally for program in programs})
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
            program: _load(cost, last.tallies.get(program), now.tallies[program], seconds, self._allowed(program))
            for program, cost in costs
            if program.status.running
        }
        return loads, seconds

    def _own_totals(self, round_end: CostTotals) -> CostTotals:
        """The totals of this process, with the time stamp of the tracer's reading; 0 if it runs on another host than
        the tracer, which it costs nothing."""
        if not self._is_here:
            return CostTotals(0, round_end.stamp, 0, 0, pss=0)
        rss, pss = self._memory.read()
        return CostTotals(0, round_end.stamp, time.process_time_ns(), rss, pss=pss)

    def _allowed(self, program: Program) -> float | None:
        """CPU seconds a second that the user has allowed a program alone; None if it shares the budget."""
        percent = program.permission.allowed
        return None if percent is None else percent / 100 * self._cpus

    def take_ledger(self) -> dict[Program | None, dict[str, float]]:
        """The mean costs since the last result, after LEDGER_ROUNDS rounds; else empty. bttop's own have the key
        None."""
        if self._rounds < LEDGER_ROUNDS:
            return {}
        entries, self._ledger, self._rounds = self._ledger, [], 0
        found: dict[Program | None, list[dict[str, float]]] = {}
        for program, cost in entries:
            found.setdefault(program, []).append(cost.ledger())
        return {program: _mean(ledgers) for program, ledgers in found.items()}


def _load(cost: Cost, before: LossCounts | None, now: LossCounts, seconds: float, allowed: float | None) -> Load:
    if before is None or seconds <= 0:
        return Load(cost, allowed=allowed)
    errors, lost = now.helper_errors - before.helper_errors, now.lost_events - before.lost_events
    return Load(cost, errors / seconds, lost / seconds, allowed)


def _mean(ledgers: list[dict[str, float]]) -> dict[str, float]:
    names = {name for ledger in ledgers for name in ledger}
    values = {name: [ledger[name] for ledger in ledgers if name in ledger] for name in names}
    return {name: sum(known) / len(known) for name, known in values.items()}
