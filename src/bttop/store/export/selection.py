"""The part of a snapshot to export: maps and time span."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from bttop.errors import UsageError
from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.grouping.group_flush import FlushGrouper
from bttop.model.plan import MapPlan
from bttop.store.no_column import no_column
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import ProgramRow, Snapshot


class MapName(NamedTuple):
    """The name of a map and of its program."""

    program: str
    map: str
    """With the `@`."""

    def __str__(self) -> str:
        return f"{self.program}:{self.map}"


class Selection(Struct, frozen=True):
    """The selected part of a snapshot: flushes that ended in (begin, end], CLOCK_BOOTTIME in ns."""

    snapshot: Snapshot
    begin_ns: int
    end_ns: int
    map: str = ""
    """`@name`, `program:@name`, or empty for all."""
    grouper: FlushGrouper | None = None
    """Groups the rows of each map; None leaves them as they are."""

    def programs(self) -> Iterator[tuple[ProgramRow, RecordedHistory]]:
        """Yield the programs with their flushes."""
        for program in self.snapshot.programs:
            yield program, RecordedHistory(self.snapshot, program.id)

    def flushes(self, program: int) -> Iterator[Flush]:
        """Yield the flushes of a program within the span, oldest first."""
        return RecordedHistory(self.snapshot, program).between(self.begin_ns, self.end_ns)

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
        wanted = {one: plan for one, plan in found.items() if self.wants(*one)}
        if self.map and not wanted:
            raise UsageError(f"there is no map {self.map!r}; there are: {', '.join(map(str, found))}")
        return wanted if self.grouper is None else _grouped(wanted, self.grouper)

    def data(self, one: MapName, program: int) -> Iterator[tuple[Flush, MapData]]:
        """Yield the flushes that hold a map, with the map's data."""
        for flush in self.flushes(program):
            if (data := flush.maps.get(one.map)) is not None:
                grouped = data if self.grouper is None else self.grouper.data(data)
                if grouped is not None:
                    yield flush, grouped


def _grouped(plans: dict[MapName, MapPlan], grouper: FlushGrouper) -> dict[MapName, MapPlan]:
    """The plans of the maps that have the column to group by."""
    grouped = {name: plan for name, one in plans.items() if (plan := grouper.plan(one)) is not None}
    if plans and not grouped:
        raise no_column(grouper, {str(name): plan for name, plan in plans.items()})
    return grouped
