"""A snapshot with a map of every kind, two generations, marks, troubles and names that mean harm."""

from __future__ import annotations

import json
from pathlib import Path

from bttop.model.plan import Column, MapPlan
from bttop.store.snapshot.recording_events import MarkSet, ProcessSeen, StatusChanged
from tests.model.samples import SECOND, planned, stamped
from tests.store.made import BOOT, Session, at, made

FLUSHES = 8
HOSTILE = (
    "</script><img src=http://leak.example/x onerror=document.title='owned'>",
    "</title></style><script>document.title='owned'</script>",
    "\u202egnp.exe",
    "\x1b[31mred\x07",
    '" onmouseover="document.title=\'owned\'" x="',
    "<svg/onload=fetch('http://leak.example/y')>",
    "a\u200bb",
)
KERNEL = "\n    do_sys_read+9\n    entry_SYSCALL_64+1\n"
USER = "\n    inner<b>+4\n    /opt/secret/lib.so+8\n    0x7f0001\n    0x7f0002\n    main+1\n"

COMM = Column("comm", "text")
CALLS = planned(
    MapPlan("@calls", "count", (Column("pid", "int"), COMM), "bank"),
    MapPlan("@sizes", "stats", (COMM,), "bank", unit="bytes"),
    MapPlan("@total", "sum", (), "bank", unit="us"),
    MapPlan("@peers", "count", (Column("daddr", "text"), Column("path", "text")), "bank"),
    MapPlan("@most", "max", (COMM,), "bank", unit="ns"),
)
LATENCY = planned(
    MapPlan("@usecs", "hist", (), "bank", unit="us"),
    MapPlan("@by_comm", "hist", (COMM,), "bank", unit="us"),
)
STACKS = planned(
    MapPlan("@stacks", "count", (COMM, Column("ustack", "stack"), Column("kstack", "stack")), "bank"),
)
SCRIPT = """// /// bttop
// title = "Latency of <everything>"
// help = "Watches /srv/shop & friends"
// ///
tracepoint:a:b /comm == "java"/ { @usecs = hist(arg0); printf("op %s", "write"); }
"""


def hist(*counts: int) -> list[dict[str, int]]:
    """Powers of two from 4 up."""
    return [{"min": 4 << at, "max": (8 << at) - 1, "count": count} for at, count in enumerate(counts)]


def _calls(number: int) -> dict[str, tuple[str, object]]:
    names = {f"{at},{name}": 10 + at for at, name in enumerate(HOSTILE, 100)}
    small = {f"{at},small{at}": 1 for at in range(30)}
    return {
        "@calls": ("map", {"7,java": 1000 * number, **names, **small}),
        "@sizes": ("stats", {"java": {"count": 4, "average": 4096, "total": 16384}}),
        "@total": ("map", 1500 * number),
        "@peers": ("map", {"10.1.2.3,/srv/shop/cart.db": 5, "fe80::1,relative/name": 2}),
        "@most": ("map", {"java": 10 * number}),
    }


def _latency(number: int) -> dict[str, tuple[str, object]]:
    slow = 40 if number > 4 else 0
    return {
        "@usecs": ("hist", hist(10, 20, 5, slow)),
        "@by_comm": ("hist", {"java": hist(10, 20), HOSTILE[0]: hist(0, 0, 5, slow)}),
    }


def snapshot_file(path: Path) -> Path:
    """Three programs, eight flushes each, a second apart; the second program was reloaded half way."""
    numbers = range(1, FLUSHES + 1)
    printed = stamped(
        json.dumps({"type": "printf", "data": f"java wrote {HOSTILE[1]} to /srv/shop/cart.db\n"}),
        BOOT + round(2.5 * SECOND),
    )
    stacks = {"@stacks": ("map", {f"java,{USER},{KERNEL}": 30, f"{HOSTILE[0]},{USER},\n": 10, f"java,{USER},\n": 5})}
    return made(
        path,
        Session("calls", CALLS, [_calls(number) for number in numbers], extra=[printed]),
        Session("latency", LATENCY, [_latency(number) for number in numbers][:4], SCRIPT, 2, 2),
        Session("latency", LATENCY, [_latency(number) for number in numbers][4:], SCRIPT, 3, 2, 2, first=5.0),
        Session(f"stacks {HOSTILE[0]}", STACKS, [stacks] * FLUSHES, "profile:hz:99 { @stacks[comm] = count(); }", 4, 3),
        others=[
            MarkSet(at(4.2), "user", f"demo-host: java hangs on /srv/shop, peer 10.1.2.3 {HOSTILE[0]}"),
            StatusChanged(3, at(5), "damaged", "it lost descriptors", f"ERROR: {HOSTILE[1]}\nsecond line"),
            ProcessSeen(7, at(1), {"comm": "java", "command": "java -jar secret.jar", "unit": "shop.service"}),
        ],
    )
