"""Flushes: what one program printed in one interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from bttop.model.flush.contents import MapData, Origin
from bttop.model.flush.find_caveats import Caveat
from bttop.model.record.records import (
    Printed,
    StampedLine,
)


class Flush(Struct, frozen=True):
    """One interval of one program. Times are in ns; start and end are on the clock of bpftrace's `nsecs`."""

    origin: Origin
    generation: int
    mark: str
    """The heartbeat's mark; empty if the flush was closed without one."""
    number: int
    """Counted in the kernel; without heartbeats, counted by bttop from 1."""
    start_ns: int
    end_ns: int
    wall_ns: int
    """The end, in ns since 1970."""
    maps: Mapping[str, MapData]
    """By the user's names: every map of the plan and every map printed before, empty if nothing was printed. In a
    script with several heartbeats only the maps of this one; a text group without a heartbeat has none."""
    printed: tuple[Printed, ...]
    caveats: frozenset[Caveat]
    lines: tuple[StampedLine, ...]
    """The lines of `maps`, `printed` and the heartbeat, in order of arrival."""
    base: tuple[StampedLine, ...] = ()
    """Lines of the earlier prints that were subtracted from the cumulative maps."""
    hexadecimal_from: int = 0
    """Index into `base + lines` of the first line for which the decoder's hexadecimal flag was already set."""
    dropped: int = 0
    """Number of records above the limits of a flush."""
    lost_ticks: int = 0
    lag_ns: int = 0
    """Time in ns from the heartbeat's `nsecs` to its arrival."""
    is_last: bool = False
    """Whether the script's END block closed the flush, which then covers only the last part of an interval."""
    skipped: int = 0
    """Events that the kernel skipped."""
    fired: int = 0
    """The skipped events plus the events that the same BPF programs received; 0 if runs are not counted."""
    unseen_ns: int = 0
    """Time in ns between start and end in which nothing was counted: only merged flushes have gaps."""

    @property
    def seconds(self) -> float:
        """Length of the interval in which events were counted; above zero."""
        return max(self.end_ns - self.start_ns - self.unseen_ns, 1) / 1e9

    @property
    def coverage(self) -> str:
        """Which hosts it covers, as `3 of 4 hosts: without web3`; empty if none is missing."""
        return ""

    def replaces(self, shown: Flush | None) -> bool:
        """Whether a pane that shows the flush `shown` switches to this one.

        A flush of an earlier generation is ignored. So is a last flush that is shorter than half an interval, because
        the previous flush says more.
        """
        if shown is None or self.generation > shown.generation:
            return True
        if self.generation < shown.generation or not self.is_last:
            return self.generation == shown.generation
        return (self.end_ns - self.start_ns) * 2 >= self.origin.plan.period_ns(self.mark)

    def caveats_about(self, data: MapData) -> frozenset[Caveat]:
        """The caveats that concern one map of the flush: `running total` applies only to running totals."""
        return self.caveats if data.plan.is_running else self.caveats - {Caveat.RUNNING_TOTAL}


class LossCounts(Struct, frozen=True):
    """What one generation has lost or failed to do since its start."""

    undecodable: int = 0
    oversized: int = 0
    lost_events: int = 0
    skipped: int = 0
    helper_errors: int = 0
    map_full: int = 0
    lost_updates: int = 0
    lost_ticks: int = 0
    lost_messages: int = 0
    late: int = 0
    dropped: int = 0

    @classmethod
    def sum_of(cls, found: Sequence[LossCounts]) -> LossCounts:
        """The counts of several generations together."""
        return cls(**{name: sum(getattr(one, name) for one in found) for name in cls.__struct_fields__})
