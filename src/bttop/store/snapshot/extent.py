"""The time span of a recording. It includes the interval of the first flush."""

from __future__ import annotations

from collections.abc import Iterable

from bttop.model.record.records import FOREVER, Stamp
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.times import wall_at, window


def extent(snapshot: Snapshot, histories: Iterable[RecordedHistory] | None = None) -> tuple[Stamp, Stamp] | None:
    """Return the beginning of the first kept flush and the end of the last one, extended to lines before and after that
    are in no block; None if nothing is kept. `histories`: those of all programs, if they are already open.
    """
    span = snapshot.span()
    if span is None:
        return None
    known = [RecordedHistory(snapshot, one.id) for one in snapshot.programs] if histories is None else histories
    firsts = [first for history in known if (first := history.at(0)) is not None]
    begin = min([span[0].boot_ns, *(max(0, first.start_ns) for first in firsts)])
    return Stamp(begin, wall_at(begin, *span)), span[1]


def part_of(snapshot: Snapshot, first: str | None, last: str | None) -> tuple[int, int]:
    """Return the part of a snapshot between two typed times, as (begin, end] in ns for the ends of flushes. None means
    no limit. Raises UsageError."""
    whole = extent(snapshot)
    if whole is None or (first is None and last is None):
        return -FOREVER, FOREVER
    begin_ns, end_ns = window(first, last, *whole)
    return begin_ns - 1 if first else -FOREVER, end_ns if last else FOREVER
