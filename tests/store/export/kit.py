"""A snapshot with maps of every shape, and the selection of all of it."""

from __future__ import annotations

from pathlib import Path

from bttop.model.plan import Column, MapPlan
from bttop.store.export.selection import Selection
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import planned
from tests.store.made import Session, made

STACK = "\n    inner+4\n    middle+8\n    outer+1\n"
HOSTILE = '=HYPERLINK("x")\x1b[31m'
BIG = (1 << 64) - 1

CALLS = planned(
    MapPlan("@calls", "count", (Column("pid", "int"), Column("comm", "text"), Column("id", "int", "syscall")), "bank"),
    MapPlan("@bytes", "hist", (), "bank", unit="bytes"),
    MapPlan("@sizes", "stats", (Column("comm", "text"),), "bank"),
    MapPlan("@big", "max", (Column("time", "int"),), "bank"),
)
CALLS_PRINTS = [
    {
        "@calls": ("map", {"7,dd,0": 5, f"8,{HOSTILE},1": 2}),
        "@bytes": ("hist", [{"min": 4, "max": 7, "count": 3}, {"min": 8, "max": 15, "count": 1}]),
        "@sizes": ("stats", {"dd": {"count": 4, "average": 2, "total": 8}}),
        "@big": ("map", {"1": BIG}),
    },
    {"@calls": ("map", {"7,dd,0": 6}), "@bytes": ("hist", [{"min": 4, "max": 7, "count": 2}])},
]
PROFILE = planned(
    MapPlan("@stacks", "count", (Column("comm", "text"), Column("kstack", "stack"), Column("ustack", "stack")), "bank")
)
KERNEL = "\n    do_read+9\n    entry;point+1\n"
PROFILE_PRINTS = [
    {"@stacks": ("map", {f"dd,{KERNEL},{STACK}": 3})},
    {"@stacks": ("map", {f"dd,{KERNEL},{STACK}": 4, f"cat,\n,{STACK}": 1})},
]


def snapshot_file(folder: Path) -> Path:
    """Two programs, two flushes each, half a second apart."""
    return made(
        folder / "s.bttop",
        Session("calls", CALLS, CALLS_PRINTS),
        Session("profile", PROFILE, PROFILE_PRINTS, generation=2, program=2, first=1.5),
    )


def selection(snapshot: Snapshot, map_: str = "", begin_ns: int = -(1 << 62), end_ns: int = 1 << 62) -> Selection:
    return Selection(snapshot, begin_ns, end_ns, map_)
