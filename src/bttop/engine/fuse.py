"""The fuse: who is above the budget for too long is detached. Pure; the meter tells it the loads, once a round."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from bttop.engine.budget import Budget
from bttop.engine.cost import Cost

PATIENCE: Final = 3.0
"""Seconds above a limit before the fuse blows."""
LONGEST_ROUND: Final = 1.5
"""Seconds that one round counts at most: however long something was stopped, a single reading blows no fuse."""
_MIB: Final = 1 << 20

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Load:
    """What one program puts on the host."""

    cost: Cost
    helper_errors: float = 0.0
    """A second."""
    lost_events: float = 0.0
    """A second."""


@dataclass(frozen=True, slots=True)
class Verdict(Generic[Key]):
    """What follows from one round."""

    warnings: Mapping[Key, str]
    """Who is above a limit, and the numbers."""
    blown: Mapping[Key, str]
    """Who must be detached now, and why."""
    floods: frozenset[Key] = frozenset()
    """Those of them whose output is the reason: what waits to be read is a flood."""


@dataclass(frozen=True, slots=True)
class _Excess(Generic[Key]):
    """A limit that does not hold: whose fault it is, and what to say."""

    limit: str
    culprit: Key
    text: str


class Fuse(Generic[Key]):
    """Remembers for how long each limit has been passed. The limits of CPU time and map memory hold for all programs
    together, and the costliest one answers for it; those of floods hold for each."""

    def __init__(self, budget: Budget, cpus: int) -> None:
        self._budget = budget
        self._cpus = cpus
        self._since: dict[tuple[str, Key | None], float] = {}

    def judge(self, loads: Mapping[Key, Load], seconds: float) -> Verdict[Key]:
        """Judge one round of so many seconds; programs that are being detached already do not belong in it."""
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
                # Whoever is left gets the whole patience anew.
                del self._since[place]
        floods = frozenset(one.culprit for one in found[shared:] if one.culprit in blown)
        return Verdict({one.culprit: one.text for one in found}, blown, floods)

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
