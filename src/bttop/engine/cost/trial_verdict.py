"""The verdict of a trial run: what a script would cost, and whether it may run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from bttop.engine.cost.budget import Budget
from bttop.engine.host.host import Host
from bttop.model.flush.flush import Flush
from bttop.script.cost.hook_costs import Hits, HookPrices
from bttop.script.cost.hot_probes import is_wildcard
from bttop.script.language.reader import AttachPoint

if TYPE_CHECKING:
    from bttop.script.rewrite.twin import Twin

DETACH_SECONDS: Final = 0.05
"""Seconds to detach one probe: 361 probes took 18 s (0.17 to 0.27)."""
REFUSED_ABOVE: Final = 10
"""Above this multiple of the budget bttop does not ask: only `--force` runs the script."""
_FUNCTIONS: Final = frozenset({"kprobe", "kretprobe", "fentry", "fexit"})


@dataclass(frozen=True, slots=True)
class TrialVerdict:
    """Go, ask or refuse, with the numbers."""

    decision: Literal["go", "ask", "refuse"]
    why: str = ""
    """A sentence without full stop: what the script would cost, and what the budget is."""
    option: str = "--force"
    """The command line option that runs it without a question."""
    offered: bool = False
    """Whether the program has a cheaper alternative to offer."""

    @property
    def text(self) -> str:
        """The sentence; for `refuse` with the option that runs the script all the same."""
        return f"{self.why}; only {self.option} runs it" if self.decision == "refuse" else self.why


@dataclass(frozen=True, slots=True)
class Measured:
    """What a count-only twin has measured."""

    seconds: float = 0.0
    events: int = 0
    busy_ns: float = 0.0
    """CPU time that the script would have spent on these events, in ns."""

    def plus(self, flush: Flush, twin: Twin, prices: HookPrices, codes: frozenset[str]) -> Measured:
        """The sum with one more flush of the twin. `codes`: the instructions that its user probes are on, in hex."""
        events, busy = 0, 0.0
        hits: list[Hits] = []
        for one in twin.probes:
            fired, passed = _count(flush, one.events), _count(flush, one.passed)
            events += fired
            busy += fired * one.miss_ns + passed * one.hit_ns
            dearest = max((prices.of_provider(each, codes) for each in one.providers), key=lambda it: prices.price(*it))
            hits.append(Hits(*dearest, one.place, fired))
        return Measured(self.seconds + flush.seconds, self.events + events, self.busy_ns + busy + prices.paid(hits))

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds if self.seconds else 0.0

    @property
    def cpus(self) -> float:
        """CPU seconds a second."""
        return self.busy_ns / 1e9 / self.seconds if self.seconds else 0.0


def judge_cost(measured: Measured, budget: Budget, cpus: int, *, at_most: bool, taken: float = 0.0) -> TrialVerdict:
    """Judge by CPU time. `taken` is what other programs take, in CPU seconds a second: the script must fit into the
    rest of the budget. It is refused only if it is too expensive alone."""
    allowed = budget.cpu_seconds(cpus)
    if measured.cpus <= max(0.0, allowed - taken):
        return TrialVerdict("go")
    percent = measured.cpus / cpus * 100
    share = f"{'at most ' if at_most else ''}{percent:.{0 if percent >= 10 else 1}f} % of all CPUs"
    limit = f"the budget is {budget.percent:g} %{_left(taken / cpus * 100)}"
    why = f"would cost {share} at {_short(measured.rate)}/s ({limit})"
    return TrialVerdict("refuse" if measured.cpus > allowed * REFUSED_ABOVE else "ask", why)


def judge_probes(probes: int | None, budget: Budget) -> TrialVerdict:
    """Judge by the time that detaching would take. None: the number of probes is unknown."""
    if probes is None:
        return TrialVerdict("ask", "is a wildcard for an unknown number of probes, which take 50 ms each to detach")
    seconds = probes * DETACH_SECONDS
    if seconds <= budget.detach_seconds:
        return TrialVerdict("go")
    return TrialVerdict(
        "ask", f"has {probes} probes, which take {seconds:.0f} s to detach (the budget is {budget.detach_seconds:g} s)"
    )


def count_probes(points: Iterable[AttachPoint], host: Host) -> int | None:
    """The number of probes that attach points match here; None if tracefs cannot answer it for one of the wildcards."""
    total = 0
    for point in points:
        found = _count_wildcard(point, host.tracefs) if is_wildcard(point) else 1
        if found is None:
            return None
        total += found
    return total


def _count_wildcard(point: AttachPoint, tracefs: Path | None) -> int | None:
    if tracefs is None:
        return None
    pattern = re.compile(re.escape(point.rest).replace(r"\*", ".*"))
    try:
        if point.provider == "tracepoint":
            return sum(1 for name in _tracepoints(tracefs, point.rest) if pattern.fullmatch(name))
        if point.provider in _FUNCTIONS:
            names = (tracefs / "available_filter_functions").read_text().split("\n")
            return sum(1 for line in names if pattern.fullmatch(line.partition(" ")[0]))
    except OSError:
        return None
    return None


def _tracepoints(tracefs: Path, rest: str) -> Iterable[str]:
    """The tracepoints of the category, or of all categories if it contains a wildcard."""
    category = rest.partition(":")[0]
    folders = (tracefs / "events").iterdir() if "*" in category else [tracefs / "events" / category]
    for folder in folders:
        if folder.is_dir():
            yield from (f"{folder.name}:{event.name}" for event in folder.iterdir() if event.is_dir())


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
