"""A span: a period of time that the screen shows as if it were one flush."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.record.records import Bucket, Value
from bttop.model.record.values import histogram

if TYPE_CHECKING:
    from bttop.model.flush.flush import Flush
    from bttop.model.history.timeline import Timeline


class BucketRange(Struct, frozen=True):
    """A range of the values of a histogram, both ends inclusive; None is an open end."""

    low: int | None = None
    high: int | None = None

    def holds(self, bucket: Bucket) -> bool:
        """Whether a bucket has a value in common with the range."""
        is_below = self.low is not None and bucket.high is not None and bucket.high < self.low
        is_above = self.high is not None and bucket.low is not None and bucket.low > self.high
        return not is_below and not is_above

    def of(self, data: MapData) -> MapData:
        """The map with only the buckets of the range, and without the keys that have no event in it."""
        rows: dict[str, Value] = {}
        for key, value in data.rows.items():
            held = tuple([bucket for bucket in histogram(value) if self.holds(bucket)])
            if any(bucket.count for bucket in held):
                rows[key] = held
        return replace(data, rows=rows)


class TimeSpan(Struct, frozen=True):
    """The flushes that ended in (begin_ns, end_ns], on CLOCK_BOOTTIME."""

    begin_ns: int
    end_ns: int

    @property
    def seconds(self) -> float:
        """Length of the span."""
        return (self.end_ns - self.begin_ns) / 1e9

    def holds(self, flush: Flush) -> bool:
        """Whether a flush belongs to the span."""
        return self.begin_ns < flush.end_ns <= self.end_ns

    def moved(self, ns: int) -> TimeSpan:
        """The span of the same length, later by `ns`."""
        return TimeSpan(self.begin_ns + ns, self.end_ns + ns)

    def numbers(self, timeline: Timeline) -> tuple[int, int]:
        """The numbers [first, end) of its flushes in a timeline, counted from 0 as flushes were added. Flushes of
        several interval blocks may end out of order, so the range may also hold some that end outside the span."""
        return _number_after(timeline, self.begin_ns), _number_after(timeline, self.end_ns)

    def flushes(self, timeline: Timeline) -> Iterator[Flush]:
        """Read its flushes, oldest first, one at a time."""
        first, end = self.numbers(timeline)
        for number in range(first, end):
            yield from filter(self.holds, timeline.window(1, number + 1 - timeline.dropped))


class ChosenSpan(Struct, frozen=True):
    """A span that the user has chosen, in a heat map perhaps with a range of its values."""

    span: TimeSpan
    program: object | None = None
    """The program of the heat map; None if no map is limited to a range of values."""
    map: str = ""
    buckets: BucketRange = BucketRange()

    def buckets_of(self, program: object, name: str) -> BucketRange | None:
        """The range to which a map of a program is limited; None if it is not."""
        return self.buckets if program is self.program and name == self.map else None

    def moved(self, ns: int) -> ChosenSpan:
        """The same, later by `ns`."""
        return replace(self, span=self.span.moved(ns))


def _number_after(timeline: Timeline, moment: int) -> int:
    dropped, index = timeline.dropped, timeline.index_at(moment)
    return dropped if index is None else dropped + index + 1
