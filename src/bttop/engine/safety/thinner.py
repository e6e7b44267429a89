"""Thins the programs that are above the budget, and lets them take more events when the load is lower again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from msgspec import Struct

from bttop.engine.cost.thinned_cost import ROOM, ThinnedCost, rounded_percent, thinned_cost, thinned_to
from bttop.engine.safety.budget_guard import LONGEST_ROUND, BudgetGuard, Load

if TYPE_CHECKING:
    from bttop.engine.program.program import Program

CALM: Final = 0.4
"""The share of what a program may take that it must stay below before it takes more events: below the share that it is
thinned to, so that a steady load does not change it."""
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
        """Thin a program that is above the budget, for the reason `why`. Returns why it must be detached instead, a
        clause without a period; empty if it must not."""
        thinning = program.thinning
        if thinning.changes:
            thinning.hasten(now, at_once=True)
            return ""
        cost = thinned_cost(loads[program].cost, thinning.one_in)
        if cost is None:
            return "its cost is unknown"
        others = self._others(program, loads)
        way_out = f"--budget {rounded_percent(self._guard.percent(cost.at(1) + others))} allows it"
        if thinning.wanted is not None and thinning.wanted.one_in != thinning.one_in:
            return f"it could not be thinned; {way_out}"
        if not_possible := thinning.why_not():
            return f"it cannot be thinned, because {not_possible}; {way_out}"
        left = self._guard.left(loads, program)
        # If it was not enough, the load has become faster with it.
        room = ROOM if thinning.one_in == 1 else ROOM / 2
        thinned = thinned_to(cost, left, self._guard.cpus, why, others, room)
        if thinned is None or thinned.one_in <= thinning.one_in:
            return f"it cannot be thinned enough; {way_out}"
        known = self._records.get(program)
        is_soon = known is not None and known.since < SOON
        self._records[program] = _Record(min(known.wait * 2, LONGEST_WAIT) if known and is_soon else WAIT)
        thinning.thin(thinned, now)
        return ""

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
        most = self._guard.left(loads, program) * CALM
        return _lowest(cost, most, thinning.one_in)

    def _take_more(self, program: Program, one_in: int, now: int) -> None:
        wanted = program.thinning.wanted
        program.thinning.thin(None if wanted is None or one_in == 1 else wanted.with_factor(one_in), now)

    def _others(self, program: Program, loads: Mapping[Program, Load]) -> float:
        """CPU seconds a second that the other programs take."""
        return sum(load.cost.run or 0.0 for one, load in loads.items() if one is not program)


def _lowest(cost: ThinnedCost, most: float, below: int) -> int:
    """The smallest factor below another one with which a program takes at most `most`; 0 if there is none."""
    factors = (1 << power for power in range(below.bit_length() - 1))
    return next((one for one in factors if cost.at(one) <= most), 0)
