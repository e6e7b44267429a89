"""Maps of stacks made by hand."""

from __future__ import annotations

from collections.abc import Mapping

from bttop.model.flush.contents import MapData
from bttop.model.plan import Aggregation, Column, MapPlan
from bttop.model.record.records import Value
from bttop.model.stacks.flame_tree import FlameTree

KEY = (Column("pid", "int"), Column("comm", "text"), Column("ustack", "stack"), Column("kstack", "stack"))


def stack(*outermost_first: str) -> str:
    """A stack as bpftrace prints it."""
    return "\n" + "".join(f"\t{frame}\n" for frame in reversed(outermost_first))


def key(*user: str, kernel: tuple[str, ...] = (), pid: int = 7, comm: str = "java") -> str:
    return f"{pid},{comm},{stack(*user)},{stack(*kernel)}"


def data(
    rows: Mapping[str, Value], aggregation: Aggregation = "count", columns: tuple[Column, ...] = KEY, unit: str = ""
) -> MapData:
    return MapData(MapPlan("@s", aggregation, columns, "bank", pid="pid", unit=unit), "map", rows)


def shares(tree: FlameTree) -> dict[str, tuple[int, int]]:
    """Own and total weight of each node, by its path."""
    return {
        ";".join(frame.text for frame in tree.path(node)): (tree.own[node], tree.totals[node])
        for node in range(1, len(tree.labels))
    }
