"""The mean cost of recorded programs over a part of the cost ledger."""

from __future__ import annotations

from math import isfinite

from msgspec import Struct

from bttop.model.record.records import FOREVER
from bttop.store.snapshot.hosts import ProgramRow
from bttop.store.snapshot.snapshot import Snapshot


class MeanCost(Struct, frozen=True):
    """The mean cost of the BPF programs of one program."""

    events: float
    """Runs per second."""
    percent: float
    """Run time in the kernel, in percent of one core."""

    @property
    def ns_per_event(self) -> float | None:
        """Mean run time in ns; None if nothing ran."""
        return self.percent * 1e7 / self.events if self.events else None


def mean_cost(
    snapshot: Snapshot, program: ProgramRow, begin_ns: int = -FOREVER, end_ns: int = FOREVER
) -> MeanCost | None:
    """Return the mean of the entries from `begin_ns` to `end_ns` (CLOCK_BOOTTIME); None if the ledger has no run times
    there."""
    ledger = snapshot.costs(program.host.id, program.id)
    entries = [one.cost for one in ledger if begin_ns <= one.stamp.boot_ns <= end_ns]
    pairs = [(one.get("run", -1.0), one.get("events", -1.0)) for one in entries]
    known = [pair for pair in pairs if min(pair) >= 0 and isfinite(sum(pair))]
    if not known:
        return None
    runs, events = zip(*known, strict=True)
    return MeanCost(sum(events) / len(events), 100 * sum(runs) / len(runs))


def cost_words(cost: MeanCost | None) -> tuple[str, str, str]:
    """Return time per run of a probe, runs per second, and percent of a core as text; "-" for unknown ones."""
    if cost is None:
        return "-", "-", "-"
    each = "-" if cost.ns_per_event is None else f"{cost.ns_per_event:,.0f} ns"
    return each, f"{cost.events:,.0f}/s", f"{cost.percent:.2f} %"
