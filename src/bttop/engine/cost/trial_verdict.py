"""The verdict of a trial run: what a script would cost, and whether it may run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from bttop.engine.cost.budget import Budget
from bttop.engine.cost.thinned_cost import Thinned, ThinnedCost, rounded_percent, thinned_to
from bttop.model.flush.flush import Flush
from bttop.script.cost.hook_costs import Hits, HookPrices

if TYPE_CHECKING:
    from bttop.script.rewrite.twin import Twin

REFUSED_ABOVE: Final = 10
"""Above this multiple of the budget bttop does not ask: only `--force` runs the script."""


class TrialVerdict(Struct, frozen=True):
    """Go, ask or refuse, with the numbers."""

    decision: Literal["go", "ask", "refuse"]
    why: str = ""
    """A sentence without full stop: what the script would cost, and what the budget is."""
    option: str = "--force"
    """The command line option that runs it without a question."""
    offered: bool = False
    """Whether the program has a cheaper alternative to offer."""
    allowed: int = 0
    """For `ask`: the percentage of all CPUs that it may take if the user agrees; 0: no more than the budget."""
    thinned: Thinned | None = None
    """How it must be thinned if it may start; None: not at all."""

    @property
    def text(self) -> str:
        """The sentence; for `refuse` with the option that runs the script all the same."""
        return f"{self.why}; only {self.option} runs it" if self.decision == "refuse" else self.why


class Measured(Struct, frozen=True):
    """What a count-only twin has measured."""

    seconds: float = 0.0
    events: int = 0
    busy_ns: float = 0.0
    """CPU time that the script would have spent on these events, in ns."""
    fixed_ns: float = 0.0
    """The part of `busy_ns` that it would spend if it turned all of them away."""

    def plus(self, flush: Flush, twin: Twin, prices: HookPrices, codes: frozenset[str]) -> Measured:
        """The sum with one more flush of the twin. `codes`: the instructions that its user probes are on, in hex."""
        events, busy, away = 0, 0.0, 0.0
        hits: list[Hits] = []
        for one in twin.probes:
            fired, passed = _count(flush, one.events), _count(flush, one.passed)
            events += fired
            away += fired * one.miss_ns
            busy += fired * one.miss_ns + passed * one.hit_ns
            dearest = max((prices.of_provider(each, codes) for each in one.providers), key=lambda it: prices.price(*it))
            hits.append(Hits(*dearest, one.place, fired))
        paid = prices.paid(hits)
        return Measured(
            self.seconds + flush.seconds, self.events + events, self.busy_ns + busy + paid, self.fixed_ns + away + paid
        )

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds if self.seconds else 0.0

    @property
    def cpus(self) -> float:
        """CPU seconds a second."""
        return self.busy_ns / 1e9 / self.seconds if self.seconds else 0.0

    @property
    def thinned(self) -> ThinnedCost:
        """What the script would cost with fewer events."""
        fixed = self.fixed_ns / 1e9 / self.seconds if self.seconds else 0.0
        return ThinnedCost(fixed, self.cpus - fixed)


def judge_cost(
    measured: Measured, budget: Budget, cpus: int, *, at_most: bool, taken: float = 0.0, can_thin: bool = False
) -> TrialVerdict:
    """Judge by CPU time. `taken` is what other programs take, in CPU seconds a second: the script must fit into the
    rest of the budget, thinned if `can_thin`. It is refused only if it is too expensive alone."""
    allowed = budget.cpu_seconds(cpus)
    if measured.cpus <= max(0.0, allowed - taken):
        return TrialVerdict("go")
    percent = measured.cpus / cpus * 100
    share = f"{'at most ' if at_most else ''}{percent:.{0 if percent >= 10 else 1}f} % of all CPUs"
    limit = f"the budget is {budget.percent:g} %{_left(taken / cpus * 100)}"
    why = f"would cost {share} at {_short(measured.rate)}/s ({limit})"
    thinned = thinned_to(measured.thinned, allowed - taken, cpus, f"it {why}", taken) if can_thin else None
    if thinned is not None:
        return TrialVerdict("go", thinned=thinned)
    needed = rounded_percent(percent + taken / cpus * 100)
    if measured.cpus > allowed * REFUSED_ABOVE:
        return TrialVerdict("refuse", why)
    return TrialVerdict("ask", why, option=f"--budget {needed}", allowed=needed)


def _count(flush: Flush, name: str) -> int:
    data = flush.maps.get(name)
    value = None if data is None else data.rows.get("")
    return value if isinstance(value, int) else 0


def _left(percent: float) -> str:
    """The share that other programs take, as text; empty below 0.05 %."""
    return f", of which others take {percent:.1f} %" if percent >= 0.05 else ""


def _short(number: float) -> str:
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g} {letter}"
    return f"{number:.3g}"
