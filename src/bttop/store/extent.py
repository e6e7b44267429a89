"""From when to when a recording lasts: the length of its first flush belongs to it."""

from __future__ import annotations

from collections.abc import Iterable

from bttop.model.records import FOREVER, Stamp
from bttop.store.snapshot import Snapshot
from bttop.store.timeline import RecordedHistory
from bttop.store.times import wall_at, window


def extent(snapshot: Snapshot, histories: Iterable[RecordedHistory] | None = None) -> tuple[Stamp, Stamp] | None:
    """Beginning of the first flush that is kept and end of the last one, and before and after them the arrival of lines
    that no flush holds; None where nothing is kept. `histories` are those of all programs, where they are open already.
    """
    span = snapshot.span()
    if span is None:
        return None
    known = [RecordedHistory(snapshot, one.id) for one in snapshot.programs] if histories is None else histories
    firsts = [first for history in known if (first := history.at(0)) is not None]
    begin = min([span[0].boot_ns, *(max(0, first.start_ns) for first in firsts)])
    return Stamp(begin, wall_at(begin, *span)), span[1]


def part_of(snapshot: Snapshot, first: str | None, last: str | None) -> tuple[int, int]:
    """The part of a snapshot from one typed time to another: flushes that ended in (begin, end]. All without them.
    Raises UsageError."""
    whole = extent(snapshot)
    if whole is None or (first is None and last is None):
        return -FOREVER, FOREVER
    begin_ns, end_ns = window(first, last, *whole)
    return begin_ns - 1 if first else -FOREVER, end_ns if last else FOREVER
