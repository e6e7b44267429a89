"""The flushes of one program on several hosts as one timeline."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from bttop.model.flush.flush import Flush
from bttop.model.hosts.aligned_flushes import ABSENT, AlignedFlushes, Slot
from bttop.model.hosts.host_flush import HostFlush, Moment, host_flush, joined_flush
from bttop.model.hosts.merged_maps import How

_KEPT: Final = 128
"""Merged flushes that are kept: a pane reads the newest minute several times."""


class MergedTimeline:
    """Implements `Timeline` for merged flushes. They are merged when they are read; moments are on the boot clock of
    this host. Any thread may read; several timelines can share their aligned flushes."""

    def __init__(self, aligned: AlignedFlushes, lock: threading.RLock, how: How) -> None:
        """`lock`: one for all timelines of these flushes."""
        self._aligned = aligned
        self._lock = lock
        self._how = how
        self._merged: dict[int, tuple[bytes, HostFlush]] = {}
        with lock:
            aligned.take_in()  # the flushes of a recording are there already, and nothing asks for new ones

    @property
    def appended(self) -> int:
        """How many flushes were ever added."""
        with self._lock:
            self._aligned.take_in()
            return self._aligned.dropped + len(self._aligned.slots)

    @property
    def dropped(self) -> int:
        """How many of the oldest flushes were dropped."""
        return self._aligned.dropped

    @property
    def latest(self) -> Flush | None:
        """The newest flush; None if there is none."""
        with self._lock:
            self._aligned.take_in()
            return self.at(-1)

    def __len__(self) -> int:
        return len(self._aligned.slots)

    def at(self, index: int) -> Flush | None:
        """See `Timeline.at`."""
        with self._lock:
            slots = self._aligned.slots
            place = index if index >= 0 else len(slots) + index
            return self._flush(place) if 0 <= place < len(slots) else None

    def window(self, count: int, end: int | None = None) -> tuple[Flush, ...]:
        """See `Timeline.window`."""
        with self._lock:
            last = len(self) if end is None else min(end, len(self))
            found = (self._flush(place) for place in range(max(0, last - count), last))
            return tuple([flush for flush in found if flush is not None])

    def index_at(self, boot_ns: int) -> int | None:
        """See `Timeline.index_at`."""
        with self._lock:
            found = bisect_right(self._aligned.slots, boot_ns, key=lambda slot: slot.end_ns)
            return found - 1 if found else None

    def _flush(self, place: int) -> HostFlush | None:
        """The merged flush of a slot; None if the last of its flushes was dropped just now."""
        slot = self._aligned.slots[place]
        number, numbers = self._aligned.dropped + place, slot.numbers.tobytes()
        kept = self._merged.get(number)
        if kept is not None and kept[0] == numbers:
            return kept[1]
        parts = dict(self._parts(slot))
        if not parts:
            return None
        missing = tuple([one.host for one, at in zip(self._aligned.hosts, slot.numbers, strict=True) if at == ABSENT])
        moment = Moment(slot.generation, number, slot.end_ns, slot.wall_ns)
        merged = host_flush(parts, missing, self._how, moment)
        self._merged[number] = (numbers, merged)
        if len(self._merged) > _KEPT:
            del self._merged[next(iter(self._merged))]
        return merged

    def _parts(self, slot: Slot) -> Iterator[tuple[str, Flush]]:
        """The flushes of a slot that are kept, by host."""
        for at, (one, number) in enumerate(zip(self._aligned.hosts, slot.numbers, strict=True)):
            if (young := slot.flushes.get(at)) is not None:
                yield one.host, young
                continue
            dropped, count = one.timeline.dropped, slot.counts[at]
            found = one.timeline.window(count, number - dropped + 1) if number >= dropped else ()
            if found and one.timeline.dropped == dropped:
                yield one.host, found[0] if count == 1 else joined_flush(found)
