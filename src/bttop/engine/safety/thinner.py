"""Thins the programs that are above the budget, and lets them take more events when the load is lower again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from msgspec import Struct

from bttop.engine.cost.thinned_cost import (
    ROOM,
    Thinned,
    ThinnedCost,
    factors_that_save,
    rounded_percent,
    thinned_by,
    thinned_cost,
    thinned_to,
)
from bttop.engine.safety.budget_guard import LONGEST_ROUND, BudgetGuard, Load

if TYPE_CHECKING:
    from bttop.engine.program.program import Program

CALM: Final = 0.4
"""The share of what a program may take that it must stay below before it takes more events: below the share that it is
thinned to, so that a steady load does not change it."""
MARGIN: Final = 0.1
"""The share of the budget that stays free when several programs are thinned for one that cannot be."""
WAIT: Final = 10.0
"""Seconds for which a program must have fitted before it takes more events."""
LONGEST_WAIT: Final = 640.0
SOON: Final = 120.0
"""Seconds after the last change within which another thinning doubles the wait: the load comes and goes."""


class _Record(Struct):
    """What is remembered of one thinned program."""

    wait: float
    """Seconds for which it must have fitted with more events."""
    fits: float = 0.0
    """Seconds for which it would have fitted with more events."""
    since: float = 0.0
    """Seconds since its last change."""


class Thinner:
    """The thinning of all programs. Engine thread only."""

    def __init__(self, guard: BudgetGuard[Program]) -> None:
        self._guard = guard
        self._records: WeakKeyDictionary[Program, _Record] = WeakKeyDictionary()

    def thin(self, program: Program, loads: Mapping[Program, Load], why: str, now: int) -> str:
        """Thin a program that is above the budget, for the reason `why`, or the others if that is not enough. Returns
        why the program must be detached instead, a clause without a period; empty if it must not."""
        if program.thinning.changes:
            program.thinning.hasten(now, at_once=True)
            return ""
        why_not = self._thin_alone(program, loads, why, now)
        return "" if why_not and self._thin_several(program, loads, now) else why_not

    def _thin_alone(self, program: Program, loads: Mapping[Program, Load], why: str, now: int) -> str:
        """Thin a program to what it may take. Returns why that is not possible."""
        thinning = program.thinning
        cost = thinned_cost(loads[program].cost, thinning.one_in)
        if cost is None:
            return "its cost is unknown"
        others = self._others(program, loads)
        way_out = f"--budget {rounded_percent(self._guard.percent(cost.at(1) + others))} allows it"
        if _has_failed(program):
            return f"it could not be thinned; {way_out}"
        if not_possible := thinning.why_not():
            return f"it cannot be thinned, because {not_possible}; {way_out}"
        left = self._guard.left(loads, program)
        # If it was not enough, the load has become faster with it.
        room = ROOM if thinning.one_in == 1 else ROOM / 2
        thinned = thinned_to(cost, left, self._guard.cpus, why, others, room)
        if thinned is None or thinned.one_in <= thinning.one_in:
            return f"it cannot be thinned enough; {way_out}"
        self._begin(program, thinned, now)
        return ""

    def _thin_several(self, program: Program, loads: Mapping[Program, Load], now: int) -> bool:
        """Thin programs so that `program` needs not be detached. Return whether that is possible; if not, none is."""
        if loads[program].allowed is not None:
            return False
        sharing = {one: load for one, load in loads.items() if load.allowed is None}
        if waits := [one for one in sharing if _becomes_thinner(one)]:
            for one in waits:
                one.thinning.hasten(now, at_once=True)
            return True
        costs = {one: cost for one, load in sharing.items() if (cost := _cost_if_thinnable(one, load)) is not None}
        needed = self._guard.excess(loads) + self._guard.allowed * MARGIN
        factors = factors_that_save(needed, costs, {one: one.thinning.one_in for one in costs})
        for one, one_in in (factors or {}).items():
            left, why, others = self._guard.left(loads, one), self._guard.why(loads, one), self._others(one, loads)
            self._begin(one, thinned_by(one_in, costs[one], left, self._guard.cpus, why, others), now)
        return factors is not None

    def _begin(self, program: Program, thinned: Thinned, now: int) -> None:
        known = self._records.get(program)
        is_soon = known is not None and known.since < SOON
        self._records[program] = _Record(min(known.wait * 2, LONGEST_WAIT) if known and is_soon else WAIT)
        program.thinning.thin(thinned, now)

    def look(self, loads: Mapping[Program, Load], seconds: float, now: int) -> None:
        """Let thinned programs take more events that would have fitted for long enough. One round of `seconds`."""
        lasted = min(seconds, LONGEST_ROUND)
        for record in self._records.values():
            record.since += lasted
        for program, load in loads.items():
            if program.thinning.wanted is None:
                continue
            program.thinning.hasten(now)
            record = self._records.setdefault(program, _Record(WAIT))
            one_in = self._lower(program, load, loads)
            record.fits = record.fits + lasted if one_in else 0.0
            if one_in and record.fits >= record.wait:
                record.fits = record.since = 0.0
                self._take_more(program, one_in, now)

    def _lower(self, program: Program, load: Load, loads: Mapping[Program, Load]) -> int:
        """The factor, below the present one, with which the program would take little enough; 0 if there is none."""
        thinning = program.thinning
        cost = thinned_cost(load.cost, thinning.one_in)
        if cost is None or thinning.changes or thinning.one_in == 1:
            return 0
        most = min(self._guard.left(loads, program) * CALM, self._guard.rest(loads, program))
        return _lowest(cost, most, thinning.one_in)

    def _take_more(self, program: Program, one_in: int, now: int) -> None:
        wanted = program.thinning.wanted
        program.thinning.thin(None if wanted is None or one_in == 1 else wanted.with_factor(one_in), now)

    def _others(self, program: Program, loads: Mapping[Program, Load]) -> float:
        """CPU seconds a second that the other programs take."""
        return sum(load.cost.run or 0.0 for one, load in loads.items() if one is not program)


def _has_failed(program: Program) -> bool:
    """Whether the thinned text did not start."""
    wanted = program.thinning.wanted
    return wanted is not None and wanted.one_in != program.thinning.one_in


def _becomes_thinner(program: Program) -> bool:
    """Whether a generation with fewer events is about to take over."""
    wanted = program.thinning.wanted
    return program.thinning.changes and wanted is not None and wanted.one_in > program.thinning.one_in


def _cost_if_thinnable(program: Program, load: Load) -> ThinnedCost | None:
    """What the program would cost with fewer events; None if it cannot be thinned now."""
    thinning = program.thinning
    if thinning.changes or _has_failed(program) or thinning.why_not():
        return None
    return thinned_cost(load.cost, thinning.one_in)


def _lowest(cost: ThinnedCost, most: float, below: int) -> int:
    """The smallest factor below another one with which a program takes at most `most`; 0 if there is none."""
    factors = (1 << power for power in range(below.bit_length() - 1))
    return next((one for one in factors if cost.at(one) <= most), 0)
