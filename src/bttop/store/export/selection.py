"""The part of a snapshot to export: maps and time span."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from bttop.errors import UsageError
from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.grouping.group_flush import FlushGrouper
from bttop.model.plan import MapPlan
from bttop.store.no_column import no_column
from bttop.store.snapshot.hosts import ProgramRow
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot


class MapName(NamedTuple):
    """The name of a map and of its program."""

    program: str
    map: str
    """With the `@`."""
    host: str = ""
    """Empty for the map of all hosts."""

    def __str__(self) -> str:
        return f"{self.host} {self.program}:{self.map}".lstrip()


class ProgramFlush(NamedTuple):
    """A flush and the program that it is of."""

    program: ProgramRow
    flush: Flush


class Selection(Struct, frozen=True):
    """The selected part of a snapshot: flushes that ended in (begin, end], CLOCK_BOOTTIME in ns."""

    snapshot: Snapshot
    begin_ns: int
    end_ns: int
    map: str = ""
    """`@name`, `program:@name`, or empty for all."""
    groupers: Mapping[int, FlushGrouper] = field(default_factory=dict)
    """What groups the rows of each map, by the number of the host; empty to leave them as they are."""
    left_out: set[str] = field(default_factory=set)
    """What an export of it could not contain, in a few words each."""

    @property
    def is_of_several(self) -> bool:
        """Whether it has several hosts."""
        return len(self.snapshot.hosts) > 1

    def flushes(self, programs: Sequence[ProgramRow]) -> Iterator[ProgramFlush]:
        """Yield the flushes of programs within the span, oldest first."""
        return heapq.merge(*[self._flushes(program) for program in programs], key=_when)

    def _flushes(self, program: ProgramRow) -> Iterator[ProgramFlush]:
        found = RecordedHistory(self.snapshot, program.id).between(self.begin_ns, self.end_ns)
        return (ProgramFlush(program, flush) for flush in found)

    def wants(self, program: str, name: str) -> bool:
        """Return whether a map is selected."""
        return self.map in ("", name, f"{program}:{name}") or f"@{self.map}" == name

    def maps(self) -> dict[MapName, MapPlan]:
        """Return the selected maps with their plans in the newest generations. Raises UsageError if the named map does
        not exist, or if no map has the column to group by."""
        found: dict[MapName, MapPlan] = {}
        names = {program.id: program.name for program in self.snapshot.programs}
        for generation in self.snapshot.generations.values():
            program = names.get(generation.program, "")
            for name, plan in generation.plan.maps.items():
                found[MapName(program, name)] = plan
        wanted = {one: plan for one, plan in found.items() if self.wants(one.program, one.map)}
        if self.map and not wanted:
            raise UsageError(f"there is no map {self.map!r}; there are: {', '.join(map(str, found))}")
        return _grouped(wanted, next(iter(self.groupers.values()))) if self.groupers else wanted

    def data(self, one: MapName, host: int | None = None) -> Iterator[tuple[ProgramFlush, MapData]]:
        """Yield the flushes of all programs of this name that hold a map, with the map's data, oldest first. `host`:
        only those of one host."""
        named = [program for program in self.snapshot.programs if program.name == one.program]
        for found in self.flushes([program for program in named if host in (None, program.host.id)]):
            if (data := found.flush.maps.get(one.map)) is not None:
                grouped = self.groupers[found.program.host.id].data(data) if self.groupers else data
                if grouped is not None:
                    yield found, grouped


def _when(one: ProgramFlush) -> int:
    return one.flush.end_ns


def _grouped(plans: dict[MapName, MapPlan], grouper: FlushGrouper) -> dict[MapName, MapPlan]:
    """The plans of the maps that have the column to group by."""
    grouped = {name: plan for name, one in plans.items() if (plan := grouper.plan(one)) is not None}
    if plans and not grouped:
        raise no_column(grouper, {str(name): plan for name, plan in plans.items()})
    return grouped
