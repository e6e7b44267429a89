"""What recorded programs cost: the means of a stretch of the cost ledger."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from bttop.model.records import FOREVER
from bttop.store.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class MeanCost:
    """What the BPF programs of one program cost on average."""

    events: float
    """Runs a second."""
    percent: float
    """Of one core, in the kernel."""

    @property
    def ns_per_event(self) -> float | None:
        """Mean run time; None where nothing ran."""
        return self.percent * 1e7 / self.events if self.events else None


def mean_cost(snapshot: Snapshot, program: int, begin_ns: int = -FOREVER, end_ns: int = FOREVER) -> MeanCost | None:
    """The mean of the entries in a stretch of CLOCK_BOOTTIME; None where the ledger says nothing of the kernel's
    side."""
    entries = [one.cost for one in snapshot.costs(program) if begin_ns <= one.stamp.boot_ns <= end_ns]
    pairs = [(one.get("run", -1.0), one.get("events", -1.0)) for one in entries]
    known = [pair for pair in pairs if min(pair) >= 0 and isfinite(sum(pair))]
    if not known:
        return None
    runs, events = zip(*known, strict=True)
    return MeanCost(sum(events) / len(events), 100 * sum(runs) / len(runs))


def cost_words(cost: MeanCost | None) -> tuple[str, str, str]:
    """Time per event, events a second, and part of a core, as text; dashes where nobody knows."""
    if cost is None:
        return "-", "-", "-"
    each = "-" if cost.ns_per_event is None else f"{cost.ns_per_event:,.0f} ns"
    return each, f"{cost.events:,.0f}/s", f"{cost.percent:.2f} %"
