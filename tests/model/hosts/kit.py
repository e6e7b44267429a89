"""Flushes of several hosts, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bttop.model.flush.contents import MapData, Origin
from bttop.model.flush.flush import Flush
from bttop.model.plan import Aggregation, Column, MapPlan, Plan
from bttop.model.record.records import Printed, Stamp, Value
from bttop.model.record.release import Release
from bttop.model.record.values import MapKind

SECOND: Final = 1_000_000_000
WALL: Final = 1_790_000_000 * SECOND
_KINDS: Final[Mapping[str, MapKind]] = {"hist": "hist", "lhist": "hist", "stats": "stats", "avg": "stats"}


def plan(aggregation: Aggregation = "count", *titles: str, **more: Any) -> MapPlan:
    """The plan of a map `@m`; pid and tid are numbers, other columns text."""
    columns = [Column(title, "int" if title in ("pid", "tid", "cpu") else "text") for title in titles]
    return MapPlan("@m", aggregation, tuple(columns), "bank", **more)


def data(about: MapPlan, rows: Mapping[str, Value]) -> MapData:
    """A map."""
    return MapData(about, _KINDS.get(about.aggregation, "map"), rows)


def flush(
    number: int, end: float, rows: Mapping[str, Value] | None = None, about: MapPlan | None = None, **more: Any
) -> Flush:
    """A flush of one second that ends at `end` seconds; without rows it has one count."""
    about = about or plan()
    found = data(about, {"": number} if rows is None else rows)
    return made(number, end, found, **more)


def made(number: int, end: float, found: MapData, *, generation: int = 1, length: int = 1, **more: Any) -> Flush:
    """A flush of a map, `length` seconds long, with the interval of that length."""
    at, interval = round(end * SECOND), length * SECOND
    plan = Plan({found.plan.name: found.plan}, heartbeats=("a",), interval_ns=interval)
    origin = Origin(Release(0, 17, 0), plan)
    caveats = more.pop("caveats", frozenset())
    printed: Sequence[Printed] = more.pop("printed", ())
    maps = {found.plan.name: found}
    return Flush(
        origin, generation, "a", number, at - interval, at, WALL + at, maps, tuple(printed), caveats, (), **more
    )


def printed(text: str, at: float) -> Printed:
    """What a script printed at a time in seconds."""
    return Printed(Stamp(round(at * SECOND), WALL + round(at * SECOND)), "printf", text)


class Flushes:
    """A timeline of a list."""

    def __init__(self) -> None:
        self.all: list[Flush] = []
        self.dropped = 0

    @property
    def appended(self) -> int:
        return len(self.all)

    @property
    def latest(self) -> Flush | None:
        return self.at(-1)

    def __len__(self) -> int:
        return len(self.all) - self.dropped

    def at(self, index: int) -> Flush | None:
        kept = self.all[self.dropped :]
        return kept[index] if -len(kept) <= index < len(kept) else None

    def window(self, count: int, end: int | None = None) -> tuple[Flush, ...]:
        kept = self.all[self.dropped :]
        last = len(kept) if end is None else end
        return tuple(kept[max(0, last - count) : last])

    def index_at(self, boot_ns: int) -> int | None:
        found = [at for at, one in enumerate(self.all[self.dropped :]) if one.end_ns <= boot_ns]
        return found[-1] if found else None
