"""Periods of made programs, and their comparison in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bttop.model.flush.flush import Flush
from bttop.model.plan import MapPlan
from bttop.store.aliases import PlainNames
from bttop.store.compare.changes import Changes, compare
from bttop.store.compare.period import Counted, Period, ProgramSource, finished, read_period
from bttop.store.compare.sentences import sentence
from bttop.store.labels import Labels
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import planned
from tests.store.made import FACTS, Session, at, made

Prints = Sequence[Mapping[str, tuple[str, object]]]
LABELS = Labels(PlainNames(), FACTS.decoders, at(0), at(1))


def period(snapshot: Snapshot, begin: float, end: float, label: str = "all", host: str = "") -> Period:
    """The part of a recording between two moments, in seconds from its beginning."""
    sources = [
        ProgramSource(one.name, RecordedHistory(snapshot, one.id), lambda flush: _counted(snapshot, flush))
        for one in snapshot.programs
    ]
    empty = Period(label, host or snapshot.hosts[0].name, snapshot.path.name, at(begin), at(end))
    return finished(read_period(empty, sources))


def _counted(snapshot: Snapshot, flush: Flush) -> Counted:
    generation = snapshot.generations[flush.generation]
    return Counted(generation.text, generation.pin, tuple(generation.plan.maps))


def changed(path: Path, plan: MapPlan, before: Prints, after: Prints, *others: Session) -> Changes:
    """What changed from the first prints to the second ones, which follow them in one recording."""
    session = Session("p", planned(plan), [*before, *after])
    with Snapshot(made(path / "one.bttop", session, *others)) as snapshot:
        middle = len(before) + 0.5
        return compare(period(snapshot, 0, middle), period(snapshot, middle, len(before) + len(after) + 1))


def told(changes: Changes) -> list[str]:
    """The changes in words."""
    return [str(sentence(one, LABELS)) for one in changes.moved]
