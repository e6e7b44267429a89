"""The budget guard finds the programs that are above the budget for too long. Pure; the meter supplies the loads of
each round."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from msgspec import Struct

from bttop.engine.cost.budget import Budget
from bttop.engine.cost.cost import Cost

PATIENCE: Final = 3.0
"""Seconds above a limit before the program is thinned or detached."""
LONGEST_ROUND: Final = 1.5
"""Maximum seconds that one round counts, so that a single reading after a stop never detaches a program."""
_MIB: Final = 1 << 20

Key = TypeVar("Key", bound=Hashable)


class Load(Struct, frozen=True):
    """The load of one program on the host."""

    cost: Cost
    helper_errors: float = 0.0
    """Helper errors a second."""
    lost_events: float = 0.0
    """Lost events a second."""
    allowed: float | None = None
    """CPU seconds a second that the user has allowed the program alone; None: it shares the budget."""


class BudgetVerdict(Struct, Generic[Key], frozen=True):
    """The result of one round."""

    warnings: Mapping[Key, str]
    """Programs above a limit, with the numbers."""
    blown: Mapping[Key, str]
    """Programs that must be thinned or detached now, with the reason."""
    left: Mapping[Key, float] = MappingProxyType({})
    """CPU seconds a second that those programs in `blown` may take that are above a limit of CPU time: thinned, they
    may stay attached."""
    floods: frozenset[Key] = frozenset()
    """Programs in `blown` that are above a limit of output, helper errors or lost events: their unread output is a
    flood."""


class _Excess(Struct, Generic[Key], frozen=True):
    """A limit that is exceeded: the responsible program, and the text for the user."""

    limit: str
    culprit: Key
    text: str
    is_own: bool = False
    """Whether the limit holds for the program alone."""
    left: float | None = None
    """CPU seconds a second that the program may take; None for limits other than CPU time."""


class BudgetGuard(Generic[Key]):
    """Tracks how long each limit has been exceeded. The limits of CPU time and map memory hold for all programs
    together: the most expensive one must take less. The limits of floods hold for each program."""

    def __init__(self, budget: Budget, cpus: int) -> None:
        self._budget = budget
        self.cpus = cpus
        self.allowed = budget.cpu_seconds(cpus)
        """CPU seconds a second that all programs may take together."""
        self._since: dict[tuple[str, Key | None], float] = {}

    def judge(self, loads: Mapping[Key, Load], seconds: float) -> BudgetVerdict[Key]:
        """Judge one round of `seconds`. `loads` must not contain programs that are already being detached."""
        found = [*self._cpu(loads), *self._memory(loads)]
        found += [excess for key, load in loads.items() for excess in self._own(key, load)]
        passed = {(one.limit, one.culprit if one.is_own else None): one for one in found}
        self._since = {place: self._since.get(place, 0.0) + min(seconds, LONGEST_ROUND) for place in passed}
        blown: dict[Key, str] = {}
        left: dict[Key, float] = {}
        for place, lasted in list(self._since.items()):
            one = passed[place]
            if lasted >= PATIENCE and one.culprit not in blown:
                blown[one.culprit] = f"{one.text} for {lasted:.0f} s"
                left |= {one.culprit: one.left} if one.left is not None else {}
                # The remaining programs get the full PATIENCE again.
                del self._since[place]
        floods = frozenset(one.culprit for one in found if one.is_own and one.left is None and one.culprit in blown)
        return BudgetVerdict({one.culprit: one.text for one in found}, blown, left, floods)

    def left(self, loads: Mapping[Key, Load], key: Key) -> float:
        """CPU seconds a second that a program may take: what the others leave of the budget, or its equal share."""
        rest = self.rest(loads, key)
        if loads[key].allowed is not None:
            return rest
        return max(rest, self.allowed / len(_sharing(loads)))

    def rest(self, loads: Mapping[Key, Load], key: Key) -> float:
        """CPU seconds a second that the others leave of the budget; may be negative. Of a program that the user has
        allowed more alone: what it is allowed."""
        own = loads[key]
        return own.allowed if own.allowed is not None else (own.cost.run or 0.0) - self.excess(loads)

    def excess(self, loads: Mapping[Key, Load]) -> float:
        """CPU seconds a second by which the programs that share the budget are above it; negative below it."""
        return sum(_sharing(loads).values()) - self.allowed

    def why(self, loads: Mapping[Key, Load], key: Key) -> str:
        """What all programs take together, the budget, and what one of them takes, as text."""
        share = self._above(sum(_sharing(loads).values()), self.allowed)
        return f"{share}, budget {self._budget.percent:g} %; {_of_core(loads[key])}"

    def percent(self, used: float) -> float:
        """CPU seconds a second in percent of all CPUs."""
        return 100 * used / self.cpus

    def _cpu(self, loads: Mapping[Key, Load]) -> list[_Excess[Key]]:
        used = _sharing(loads)
        if sum(used.values()) <= self.allowed:
            return []
        culprit = max(used, key=used.__getitem__)
        return [_Excess("cpu", culprit, self.why(loads, culprit), left=self.left(loads, culprit))]

    def _above(self, used: float, allowed: float) -> str:
        return f"{_above(self.percent(used), self.percent(allowed))} % of {self.cpus} CPUs"

    def _memory(self, loads: Mapping[Key, Load]) -> list[_Excess[Key]]:
        used = {key: load.cost.map_bytes for key, load in loads.items()}
        total = sum(used.values())
        if total <= self._budget.map_bytes:
            return []
        culprit = max(used, key=used.__getitem__)
        limit = self._budget.map_bytes / _MIB
        text = (
            f"maps take {_above(total / _MIB, limit, ',.0f')} MiB, limit {limit:,.0f} MiB; "
            f"this one's {used[culprit] / _MIB:,.0f} MiB"
        )
        return [_Excess("memory", culprit, text)]

    def _own(self, key: Key, load: Load) -> list[_Excess[Key]]:
        """The limits that hold for a program alone."""
        return [*self._allowed(key, load), *self._floods(key, load)]

    def _allowed(self, key: Key, load: Load) -> list[_Excess[Key]]:
        allowed, used = load.allowed, load.cost.run or 0.0
        if allowed is None or used <= allowed:
            return []
        text = f"{self._above(used, allowed)}, {self.percent(allowed):g} % allowed; {_of_core(load)}"
        return [_Excess("allowed", key, text, is_own=True, left=allowed)]

    def _floods(self, key: Key, load: Load) -> list[_Excess[Key]]:
        budget = self._budget
        floods = (
            ("output", load.cost.output / _MIB, budget.output_rate / _MIB, "MiB/s of output"),
            ("helper errors", load.helper_errors, budget.fault_rate, "helper errors/s"),
            ("lost events", load.lost_events, budget.fault_rate, "lost events/s"),
        )
        return [
            _Excess(limit, key, f"{_above(value, allowed, ',.0f')} {unit}, limit {allowed:,.0f}", is_own=True)
            for limit, value, allowed, unit in floods
            if value > allowed
        ]


def _sharing(loads: Mapping[Key, Load]) -> dict[Key, float]:
    """CPU seconds a second of each program that shares the budget."""
    return {key: load.cost.run or 0.0 for key, load in loads.items() if load.allowed is None}


def _of_core(load: Load) -> str:
    cost = load.cost
    return (
        f"this one takes {100 * (cost.run or 0.0):.2g} % of a core "
        f"({cost.events or 0:,.0f} events/s, {cost.ns_per_event or 0:.0f} ns each)"
    )


def _above(value: float, limit: float, form: str = ".2g") -> str:
    """A value above its limit, with as many digits as it takes to see that it is above."""
    texts = (f"{value:{form}}", *(f"{value:,.{digits}f}" for digits in range(1, 7)))
    return next((text for text in texts if float(text.replace(",", "")) > limit), texts[-1])
