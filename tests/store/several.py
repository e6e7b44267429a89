"""A snapshot of two hosts that run the same program. The clocks of the second are ahead."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from bttop.model.plan import Column, MapPlan
from bttop.model.record.records import Stamp
from bttop.store.snapshot.facts import HostClock, RecordedHost, SessionFacts
from bttop.store.snapshot.recording_events import HostKnown, RecordingEvent
from tests.model.samples import SECOND, planned
from tests.store.made import FACTS, SESSION, Session, at, made

AHEAD = HostClock(5 * 86_400 * SECOND, 90 * SECOND, 2_000_000)
"""Five days of the boot clock, ninety seconds of the wall clock, two milliseconds of doubt."""
PLAN = planned(MapPlan("@calls", "count", (Column("comm", "text"),), "bank"))
HOSTS = ("web1", "web2")


def ahead(seconds: float) -> Stamp:
    """A moment of the recording on the clocks of the second host."""
    moment = at(seconds)
    return Stamp(moment.boot_ns + AHEAD.boot_ns, moment.wall_ns + AHEAD.wall_ns)


def two_hosts(
    path: Path,
    names: Sequence[str] = HOSTS,
    flushes: int = 8,
    *,
    ended: bool = True,
    others: Sequence[RecordingEvent] = (),
    measured: HostClock | None = None,
    session: SessionFacts = SESSION,
) -> Path:
    """Each flush of the first host counts 10 calls, of the second 1,000. `measured`: the clocks of the second at the
    end."""
    first, second = (
        Session(
            "calls",
            PLAN,
            [{"@calls": ("map", {"java": count})}] * flushes,
            generation=number,
            program=number,
            host=number,
            facts=replace(FACTS, name=name),
            clock=clock,
        )
        for number, (name, count, clock) in enumerate(zip(names, (10, 1_000), (HostClock(), AHEAD), strict=True), 1)
    )
    known = [] if measured is None else [HostKnown(RecordedHost(2, second.facts, measured))]
    return made(path, first, second, ended=ended, others=[*known, *others], session=session)
