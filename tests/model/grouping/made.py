"""Maps of every aggregation, and the ways to group them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bttop.model.flush.contents import MapData
from bttop.model.format.names import decoders
from bttop.model.grouping.group_columns import GroupColumn, ProcessColumn, group_column, group_columns
from bttop.model.grouping.group_rows import Grouped, group_rows
from bttop.model.plan import Aggregation, Column, MapPlan
from bttop.model.record.records import Value
from bttop.model.record.values import MapKind

DECODERS: Final = decoders("x86_64")
CALLS: Final = (Column("pid", "int"), Column("comm", "text"), Column("syscall", "int", "syscall"))
STACKS: Final = (Column("pid", "int"), Column("comm", "text"), Column("kstack", "stack"), Column("ustack", "stack"))
_KINDS: Final[Mapping[str, MapKind]] = {"hist": "hist", "lhist": "hist", "stats": "stats", "avg": "stats"}


def map_of(
    rows: Mapping[str, Value], aggregation: Aggregation = "count", columns: Sequence[Column] = CALLS, **more: Any
) -> MapData:
    """A map with these rows."""
    plan = MapPlan("@m", aggregation, tuple(columns), "bank", **more)
    return MapData(plan, _KINDS.get(aggregation, "map"), rows)


def by(data: MapData, title: str, process: ProcessColumn | None = None) -> GroupColumn:
    """The column of this title."""
    found = group_column(group_columns(data.plan, DECODERS, process), title)
    assert found is not None
    return found


def grouped(data: MapData, title: str) -> Grouped:
    """The map grouped by the column of this title."""
    return group_rows(data, by(data, title))
