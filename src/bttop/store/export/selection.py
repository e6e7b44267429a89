"""What of a snapshot to export: which maps, and from when to when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from bttop.errors import UsageError
from bttop.model.flush import Flush, MapData
from bttop.model.plan import MapPlan
from bttop.store.snapshot import Recorded, Snapshot
from bttop.store.timeline import RecordedHistory


class MapName(NamedTuple):
    """A map of a program."""

    program: str
    map: str
    """With its `@`."""

    def __str__(self) -> str:
        return f"{self.program}:{self.map}"


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of a snapshot that is wanted. Flushes that ended in (begin, end], CLOCK_BOOTTIME in ns."""

    snapshot: Snapshot
    begin_ns: int
    end_ns: int
    map: str = ""
    """`@name`, `program:@name`, or empty for all."""

    def programs(self) -> Iterator[tuple[Recorded, RecordedHistory]]:
        """The programs with their flushes."""
        for program in self.snapshot.programs:
            yield program, RecordedHistory(self.snapshot, program.id)

    def flushes(self, program: int) -> Iterator[Flush]:
        """A program's flushes of the span, the oldest first."""
        return RecordedHistory(self.snapshot, program).between(self.begin_ns, self.end_ns)

    def wants(self, program: str, name: str) -> bool:
        """Whether a map is asked for."""
        return self.map in ("", name, f"{program}:{name}") or f"@{self.map}" == name

    def maps(self) -> dict[MapName, MapPlan]:
        """The wanted maps that can be flushed, as the newest generations plan them. Raises UsageError for none."""
        found: dict[MapName, MapPlan] = {}
        names = {program.id: program.name for program in self.snapshot.programs}
        for generation in self.snapshot.generations.values():
            program = names.get(generation.program, "")
            for name, plan in generation.plan.maps.items():
                found[MapName(program, name)] = plan
        wanted = {one: plan for one, plan in found.items() if self.wants(*one)}
        if self.map and not wanted:
            raise UsageError(f"there is no map {self.map!r}; there are: {', '.join(map(str, found))}")
        return wanted

    def data(self, one: MapName, program: int) -> Iterator[tuple[Flush, MapData]]:
        """A map's flushes."""
        for flush in self.flushes(program):
            if (data := flush.maps.get(one.map)) is not None:
                yield flush, data
