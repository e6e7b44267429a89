"""What a program would cost if it took one event in N, and the N that fits into the budget. Pure values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bttop.engine.cost.cost import Cost
from bttop.model.plan import MOST_THINNED

AWAY_NS: Final = 40.0
"""Run time in ns of an event that is turned away: the least that was measured (52 to 84 ns on a busy machine, see
script/thinning/thinned.py), so that no program is given up that could fit."""
ROOM: Final = 0.6
"""The share of what a program may take that it is thinned to: loads vary, and a traced program that becomes faster has
more events."""
_FACTORS: Final = tuple(1 << power for power in range(MOST_THINNED.bit_length()))
_PERCENTS: Final = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 70, 100)

Key = TypeVar("Key", bound=Hashable)


class ThinnedCost(Struct, frozen=True):
    """The cost of one program, in CPU seconds a second."""

    fixed: float
    """What remains when all events are turned away: hooks, and the condition in front of each probe."""
    body: float
    """What the probes take in addition if they take every event."""

    def at(self, one_in: int) -> float:
        """The cost with one event in `one_in`."""
        return self.fixed + self.body / one_in

    def fitting(self, left: float, room: float = ROOM) -> int | None:
        """The smallest factor with which the program takes at most the share `room` of `left`, or else half of what is
        free beside the largest factor; None if that is too little as well."""
        least = self.at(MOST_THINNED)
        limits = (left * room, (least + left) / 2) if least <= left else ()
        return next((one for limit in limits for one in _FACTORS if self.at(one) <= limit), None)


class Thinned(Struct, frozen=True):
    """How a program is thinned, and why."""

    one_in: int
    """One event in this many is taken, a power of 2."""
    why: str
    """What it would take otherwise, and what is allowed: a clause without a period."""
    exact_percent: float
    """What it would take with all events, in percent of all CPUs."""
    fixed_percent: float
    """What it takes even if all events are turned away, in percent of all CPUs."""
    allowed: int
    """The budget in percent of all CPUs with which it would take all events."""
    left_percent: float
    """What it may take, in percent of all CPUs."""

    def with_factor(self, one_in: int) -> Thinned:
        """The same with another factor."""
        return replace(self, one_in=one_in)

    @property
    def reason(self) -> str:
        """Why it is thinned, and the option with which it is not: a sentence without a period."""
        return f"{self.why}; --budget {self.allowed} takes all events"


def thinned_to(
    cost: ThinnedCost, left: float, cpus: int, why: str, others: float = 0.0, room: float = ROOM
) -> Thinned | None:
    """How to thin a program to the share `room` of `left` CPU seconds a second; None if that is not possible. `others`
    is what all other programs take."""
    one_in = cost.fitting(left, room)
    return None if one_in is None else thinned_by(one_in, cost, left, cpus, why, others)


def thinned_cost(cost: Cost, one_in: int) -> ThinnedCost | None:
    """The cost of a program by what it takes now, with one event in `one_in`; None while that is unknown."""
    if cost.run is None or cost.events is None:
        return None
    programs = max(0.0, cost.run - cost.hooks)
    away = min(programs, cost.events * AWAY_NS / 1e9)
    return ThinnedCost(cost.hooks + away, (programs - away) * one_in)


def factors_that_save(
    needed: float, costs: Mapping[Key, ThinnedCost], present: Mapping[Key, int]
) -> Mapping[Key, int] | None:
    """The factors with which some of these programs take `needed` CPU seconds a second less, together; `present` are
    their factors now. Those with the largest possible saving are thinned first. None if all of them are not enough."""
    savings = {key: cost.at(present[key]) - cost.at(MOST_THINNED) for key, cost in costs.items()}
    found: dict[Key, int] = {}
    for key in sorted(savings, key=savings.__getitem__, reverse=True):
        if needed <= 0 or savings[key] <= 0:
            break
        now = costs[key].at(present[key])
        found[key] = next((one for one in _FACTORS if costs[key].at(one) <= now - needed), MOST_THINNED)
        needed -= now - costs[key].at(found[key])
    return found if needed <= 0 else None


def thinned_by(one_in: int, cost: ThinnedCost, left: float, cpus: int, why: str, others: float = 0.0) -> Thinned:
    """How to thin a program by a given factor. `left` are the CPU seconds a second that it may take, `others` what all
    other programs take."""
    exact, fixed, most = (100 * found / cpus for found in (cost.at(1), cost.fixed, left))
    return Thinned(one_in, why, exact, fixed, rounded_percent(exact + 100 * others / cpus), most)


def rounded_percent(percent: float) -> int:
    """A budget in percent of all CPUs that leaves room above `percent`, at most 100."""
    return next((one for one in _PERCENTS if one >= percent * 1.25), _PERCENTS[-1])
