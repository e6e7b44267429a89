"""Flushes: what one program printed in one interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bttop.model.contents import MapData, Origin
from bttop.model.doubting import Doubt
from bttop.model.records import (
    Printed,
    StampedLine,
)

__all__ = ["Doubt", "Flush", "MapData", "Origin", "Tally"]


@dataclass(frozen=True, slots=True)
class Flush:
    """One interval of one program. Times are in ns, start and end on the clock of bpftrace's `nsecs`."""

    origin: Origin
    generation: int
    mark: str
    """The heartbeat's mark; empty when the flush was closed without one."""
    number: int
    """As counted in the kernel; without heartbeats counted here from 1."""
    start_ns: int
    end_ns: int
    wall_ns: int
    """The end, in ns since 1970."""
    maps: Mapping[str, MapData]
    """By the user's names. Every map of the plan, and every one printed before, is there, empty if nothing
    was printed; in a script with several heartbeats only the maps that belong to this one, and in a group
    of text without a heartbeat none."""
    printed: tuple[Printed, ...]
    doubts: frozenset[Doubt]
    lines: tuple[StampedLine, ...]
    """The lines that maps, printed and the heartbeat came from, in order."""
    base: tuple[StampedLine, ...] = ()
    """Earlier prints that the cumulative maps were subtracted from."""
    hexadecimal_from: int = 0
    """Index into `base + lines` of the first line before which streamed numbers were hexadecimal."""
    dropped: int = 0
    """Records beyond what a flush keeps."""
    lost_ticks: int = 0
    lag_ns: int = 0
    """From the heartbeat's `nsecs` to its arrival."""
    is_last: bool = False
    """Whether the script's END block closed it: it is the part of an interval that was left when the program ended."""
    skipped: int = 0
    """Events that the kernel skipped."""
    fired: int = 0
    """Those, and the events that the BPF programs which missed them did see; 0 where runs are not counted."""

    @property
    def seconds(self) -> float:
        """Length of the interval; above zero."""
        return max(self.end_ns - self.start_ns, 1) / 1e9

    def replaces(self, shown: Flush | None) -> bool:
        """Whether a pane that shows the flush `shown` goes on to this one.

        What an earlier generation prints at its end is passed over. So is a last flush that is shorter than half an
        interval, since the one before it says more, unless it holds a map that is printed at the end alone.
        """
        if shown is None or self.generation > shown.generation:
            return True
        if self.generation < shown.generation or not self.is_last:
            return self.generation == shown.generation
        is_short = (self.end_ns - self.start_ns) * 2 < self.origin.plan.interval_ns
        return not is_short or any(data.plan.at_end and data.rows for data in self.maps.values())

    def doubts_about(self, data: MapData) -> frozenset[Doubt]:
        """The doubts that concern one of its maps: that another one is a running total does not."""
        return self.doubts if data.plan.is_running else self.doubts - {Doubt.RUNNING_TOTAL}


@dataclass(frozen=True, slots=True)
class Tally:
    """What one generation has lost or could not do, since its start."""

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
