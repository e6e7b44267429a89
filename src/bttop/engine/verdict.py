"""What a look before the leap finds: what a script would cost, and whether it may run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from bttop.engine.budget import Budget
from bttop.engine.host import Host
from bttop.model.flush import Flush
from bttop.script.hooks import Hits, HookPrices
from bttop.script.hot import is_wildcard
from bttop.script.reader import AttachPoint

if TYPE_CHECKING:
    from bttop.script.twin import Twin

DETACH_SECONDS: Final = 0.05
"""For each probe: 361 of them took 18 s (0.17 to 0.27)."""
REFUSED_ABOVE: Final = 10
"""Times the budget from which on nobody is asked: only `--force` runs it."""
_FUNCTIONS: Final = frozenset({"kprobe", "kretprobe", "fentry", "fexit"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Go, ask or refuse, with the numbers."""

    decision: Literal["go", "ask", "refuse"]
    why: str = ""
    """A sentence without its full stop: what it would cost, and what the budget is."""
    option: str = "--force"
    """What runs it from the start, without a question."""
    offered: bool = False
    """Whether the program has an offer that would cost less."""

    @property
    def text(self) -> str:
        """The sentence, with the way out where no answer is one."""
        return f"{self.why}; only {self.option} runs it" if self.decision == "refuse" else self.why


@dataclass(frozen=True, slots=True)
class Measured:
    """What a twin has counted."""

    seconds: float = 0.0
    events: int = 0
    busy_ns: float = 0.0
    """What the script would have spent on them."""

    def plus(self, flush: Flush, twin: Twin, prices: HookPrices, codes: frozenset[str]) -> Measured:
        """With one more flush of the twin, whose user probes are on these instructions."""
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


def judge_cost(measured: Measured, budget: Budget, cpus: int, *, at_most: bool, taken: float = 0.0) -> Verdict:
    """By what it would take of the CPUs, beside the CPU seconds a second that others have taken: it must fit into what
    they leave. What is refused would be too dear alone."""
    allowed = budget.cpu_seconds(cpus)
    if measured.cpus <= max(0.0, allowed - taken):
        return Verdict("go")
    percent = measured.cpus / cpus * 100
    share = f"{'at most ' if at_most else ''}{percent:.{0 if percent >= 10 else 1}f} % of all CPUs"
    limit = f"the budget is {budget.percent:g} %{_left(taken / cpus * 100)}"
    why = f"would cost {share} at {_short(measured.rate)}/s ({limit})"
    return Verdict("refuse" if measured.cpus > allowed * REFUSED_ABOVE else "ask", why)


def judge_probes(probes: int | None, budget: Budget) -> Verdict:
    """By the time that detaching would take; None: nobody can tell how many probes there are."""
    if probes is None:
        return Verdict("ask", "is a wildcard for an unknown number of probes, which take 50 ms each to detach")
    seconds = probes * DETACH_SECONDS
    if seconds <= budget.detach_seconds:
        return Verdict("go")
    return Verdict(
        "ask", f"has {probes} probes, which take {seconds:.0f} s to detach (the budget is {budget.detach_seconds:g} s)"
    )


def count_probes(points: Iterable[AttachPoint], host: Host) -> int | None:
    """How many probes attach points stand for here; None when a wildcard is of a kind that cannot be told by looking
    into tracefs."""
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
    """The tracepoints of the category, or of all when that is a wildcard as well."""
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
    """What others take, where that is worth a word."""
    return f", of which others take {percent:.1f} %" if percent >= 0.05 else ""


def _short(number: float) -> str:
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g} {letter}"
    return f"{number:.3g}"
