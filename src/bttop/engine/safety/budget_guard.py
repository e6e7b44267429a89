"""The budget guard detaches programs that are above the budget for too long. Pure; the meter supplies the loads of each
round."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from bttop.engine.cost.budget import Budget
from bttop.engine.cost.cost import Cost

PATIENCE: Final = 3.0
"""Seconds above a limit before the program is detached."""
LONGEST_ROUND: Final = 1.5
"""Maximum seconds that one round counts, so that a single reading after a stop never detaches a program."""
_MIB: Final = 1 << 20

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Load:
    """The load of one program on the host."""

    cost: Cost
    helper_errors: float = 0.0
    """Helper errors a second."""
    lost_events: float = 0.0
    """Lost events a second."""


@dataclass(frozen=True, slots=True)
class BudgetVerdict(Generic[Key]):
    """The result of one round."""

    warnings: Mapping[Key, str]
    """Programs above a limit, with the numbers."""
    blown: Mapping[Key, str]
    """Programs that must be detached now, with the reason."""
    floods: frozenset[Key] = frozenset()
    """Programs in `blown` that are above a limit of output, helper errors or lost events: their unread output is a
    flood."""


@dataclass(frozen=True, slots=True)
class _Excess(Generic[Key]):
    """A limit that is exceeded: the responsible program, and the text for the user."""

    limit: str
    culprit: Key
    text: str


class BudgetGuard(Generic[Key]):
    """Tracks how long each limit has been exceeded. The limits of CPU time and map memory hold for all programs
    together: the most expensive one is detached. The limits of floods hold for each program."""

    def __init__(self, budget: Budget, cpus: int) -> None:
        self._budget = budget
        self._cpus = cpus
        self._since: dict[tuple[str, Key | None], float] = {}

    def judge(self, loads: Mapping[Key, Load], seconds: float) -> BudgetVerdict[Key]:
        """Judge one round of `seconds`. `loads` must not contain programs that are already being detached."""
        found = [*self._cpu(loads), *self._memory(loads)]
        shared = len(found)
        found += [excess for key, load in loads.items() for excess in self._floods(key, load)]
        passed = {self._place(one, shared=index < shared): one for index, one in enumerate(found)}
        self._since = {place: self._since.get(place, 0.0) + min(seconds, LONGEST_ROUND) for place in passed}
        blown: dict[Key, str] = {}
        for place, lasted in list(self._since.items()):
            one = passed[place]
            if lasted >= PATIENCE and one.culprit not in blown:
                blown[one.culprit] = f"{one.text} for {lasted:.0f} s"
                # The remaining programs get the full PATIENCE again.
                del self._since[place]
        floods = frozenset(one.culprit for one in found[shared:] if one.culprit in blown)
        return BudgetVerdict({one.culprit: one.text for one in found}, blown, floods)

    @staticmethod
    def _place(excess: _Excess[Key], *, shared: bool) -> tuple[str, Key | None]:
        return excess.limit, None if shared else excess.culprit

    def _cpu(self, loads: Mapping[Key, Load]) -> list[_Excess[Key]]:
        allowed = self._budget.cpu_seconds(self._cpus)
        used = {key: load.cost.run or 0.0 for key, load in loads.items()}
        if sum(used.values()) <= allowed:
            return []
        culprit = max(used, key=used.__getitem__)
        cost = loads[culprit].cost
        text = (
            f"{100 * sum(used.values()) / self._cpus:.2g} % of {self._cpus} CPUs, budget {self._budget.percent:g} %; "
            f"this one takes {100 * used[culprit]:.2g} % of a core "
            f"({cost.events or 0:,.0f} events/s, {cost.ns_per_event or 0:.0f} ns each)"
        )
        return [_Excess("cpu", culprit, text)]

    def _memory(self, loads: Mapping[Key, Load]) -> list[_Excess[Key]]:
        used = {key: load.cost.map_bytes for key, load in loads.items()}
        total = sum(used.values())
        if total <= self._budget.map_bytes:
            return []
        culprit = max(used, key=used.__getitem__)
        text = (
            f"maps take {total / _MIB:,.0f} MiB, limit {self._budget.map_bytes / _MIB:,.0f} MiB; "
            f"this one's {used[culprit] / _MIB:,.0f} MiB"
        )
        return [_Excess("memory", culprit, text)]

    def _floods(self, key: Key, load: Load) -> list[_Excess[Key]]:
        budget = self._budget
        floods = (
            ("output", load.cost.output / _MIB, budget.output_rate / _MIB, "MiB/s of output"),
            ("helper errors", load.helper_errors, budget.fault_rate, "helper errors/s"),
            ("lost events", load.lost_events, budget.fault_rate, "lost events/s"),
        )
        return [
            _Excess(limit, key, f"{value:,.0f} {unit}, limit {allowed:,.0f}")
            for limit, value, allowed, unit in floods
            if value > allowed
        ]
