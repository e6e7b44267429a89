"""What tracing costs: converts counters of the kernel and of processes into rates. Pure values.

The kernel counts run time and runs of every BPF program while its run statistics are on (Linux 5.1 and newer,
`run_time_ns` and `run_cnt` of bpf_prog_info). Its clock reads cost additional time: `STATISTICS_COST` a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from bttop.script.cost.hook_costs import Hits

if TYPE_CHECKING:
    from bttop.engine.tracer.frames import CostTotals


STATISTICS_COST: Final = "20 to 60 ns"
"""What the statistics add to each run: kernel commit 492ecee892c2 says about 20 ns, benchmarks/meter.py measured 61 ns
in a virtual machine."""
UNKNOWN: Final = "cost unknown"
"""The badge of a program whose run time in the kernel should be measured but cannot be read."""


class Cost(Struct, frozen=True):
    """What a program or process costs: averages over the time since the last reading."""

    run: float | None = None
    """CPU seconds a second that its probes take from the traced programs: run time of its BPF programs and their hooks;
    None while it is not known."""
    hooks: float = 0.0
    """The part of `run` that the hooks take: the price of each kind times its rate."""
    events: float | None = None
    """Runs of its BPF programs a second."""
    cpu: float = 0.0
    """CPU seconds a second of the process itself."""
    rss: int = 0
    """Resident bytes of the process."""
    pss: int | None = None
    """Proportional bytes of the process, which can be added up: of a page that n processes share, 1/n. None if the
    kernel (before Linux 4.14) or missing rights hide them."""
    map_bytes: int = 0
    """Kernel memory of its maps."""
    output: float = 0.0
    """Bytes a second that it prints."""
    programs: int = 0
    """Number of BPF programs that it has loaded."""
    unseen: str = ""
    """Why `run` is unknown although it should be measured; else empty."""
    assumed: str = ""
    """Why the price of one of its hooks is assumed; empty if all were measured on this host."""
    parts: int = 1
    """Number of programs that share the process: CPU time and memory of the process are an equal share of it."""
    hidden: bool = False
    """Whether the memory of its maps is unknown as well."""

    @property
    def percent(self) -> float | None:
        """Run time and hooks in percent of one core; None if not known."""
        return None if self.run is None else 100 * self.run

    @property
    def ns_per_event(self) -> float | None:
        """Mean of run time and hook in ns; None if nothing ran or it is not known."""
        return 1e9 * self.run / self.events if self.run is not None and self.events else None

    def ledger(self) -> dict[str, float]:
        """The entry for the cost ledger, without unknown values."""
        known = {} if self.run is None or self.events is None else {"run": self.run, "events": self.events}
        process = {"cpu": self.cpu, "rss": self.rss, "map_bytes": self.map_bytes, "output": self.output}
        return {**known, **process, "programs": self.programs}

    @classmethod
    def of_ledger(cls, entry: Mapping[str, float]) -> Cost:
        """Read a cost from a ledger entry; negative and non-finite values are ignored, as a file may contain any."""
        known = {name: value for name, value in entry.items() if isfinite(value) and value >= 0}
        return cls(
            run=known.get("run"),
            events=known.get("events"),
            cpu=known.get("cpu", 0.0),
            rss=round(known.get("rss", 0.0)),
            map_bytes=round(known.get("map_bytes", 0.0)),
            output=known.get("output", 0.0),
            programs=round(known.get("programs", 0.0)),
        )


class Bill(Struct, frozen=True):
    """What the whole session costs."""

    programs: Cost
    """All bpftrace processes and their BPF programs."""
    bttop: Cost
    """bttop itself, including the tracer."""
    cpus: int

    @property
    def percent(self) -> float | None:
        """What all probes take, in percent of all CPUs; None if not known."""
        return None if self.programs.percent is None else self.programs.percent / self.cpus


def between(before: CostTotals, after: CostTotals, *, statistics: bool, hook_ns: float = 0.0) -> Cost:
    """The cost between two readings; `hook_ns` is what its hooks took, in ns a second. Without `statistics` the run
    time is known only if the counters grow: then somebody else has switched the kernel's statistics on."""
    seconds = _seconds(before, after)
    # When a program closes a BPF program, the sums shrink by its share.
    run_ns, runs = max(0, after.run_ns - before.run_ns), max(0, after.runs - before.runs)
    known = statistics or runs > 0
    return Cost(
        run=(run_ns / seconds + hook_ns) / 1e9 if known else None,
        hooks=hook_ns / 1e9,
        events=runs / seconds if known else None,
        cpu=max(0, after.cpu_ns - before.cpu_ns) / 1e9 / seconds,
        rss=after.rss,
        pss=after.pss,
        map_bytes=after.map_bytes,
        output=max(0, after.output - before.output) / seconds,
        programs=after.programs,
        parts=after.parts,
        hidden=after.hidden,
    )


def hits_between(before: CostTotals, after: CostTotals) -> list[Hits]:
    """The hits of each hook a second."""
    seconds = _seconds(before, after)
    earlier = {(kind, code, place, ident): runs for kind, code, runs, place, ident in before.hooks}
    return [
        Hits(kind, code, place, max(0, runs - earlier.get((kind, code, place, ident), 0)) / seconds)
        for kind, code, runs, place, ident in after.hooks
    ]


def _seconds(before: CostTotals, after: CostTotals) -> float:
    return max((after.stamp.boot_ns - before.stamp.boot_ns) / 1e9, 1e-3)


def blind_spot(cost: Cost) -> str:
    """What the budget guard cannot see of a program, and why; empty if it sees everything or does not measure."""
    if not cost.unseen:
        return ""
    what = "CPU time and maps" if cost.hidden else "CPU time"
    return (
        f"{cost.unseen}. The budget guard cannot see {what}; it still detaches a program for a flood of output, helper "
        "errors or lost events. As root (sudo bttop) it sees everything."
    )


def together(costs: Iterable[Cost]) -> Cost:
    """The sum of costs; unknown run times and events are left out, and the sum is None if all are unknown. The sum of
    PSS is None if one is unknown."""
    parts = list(costs)
    if len(parts) == 1:
        return parts[0]
    runs = [one.run for one in parts if one.run is not None]
    events = [one.events for one in parts if one.events is not None]
    proportional = [one.pss for one in parts if one.pss is not None]
    return Cost(
        run=sum(runs) if runs else None,
        hooks=sum(one.hooks for one in parts),
        events=sum(events) if events else None,
        cpu=sum(one.cpu for one in parts),
        rss=sum(one.rss for one in parts),
        pss=sum(proportional) if len(proportional) == len(parts) else None,
        map_bytes=sum(one.map_bytes for one in parts),
        output=sum(one.output for one in parts),
        programs=sum(one.programs for one in parts),
        unseen=next((one.unseen for one in parts if one.unseen), ""),
        assumed=next((one.assumed for one in parts if one.assumed), ""),
        parts=max((one.parts for one in parts), default=1),
        hidden=any(one.hidden for one in parts),
    )
