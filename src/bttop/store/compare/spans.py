"""Merges the flushes of a span into one flush, with the numbers that one long interval would have had."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.flush.contents import MapData, Origin
from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.model.history.span import TimeSpan
from bttop.model.history.timeline import Timeline
from bttop.model.record.records import Bucket
from bttop.model.record.values import MapKind, histogram
from bttop.store.compare.totals import HandOver, MapTotals, StretchTotals

_AT_ONCE: Final = 256
"""Rows in a step."""


class SpanFlush(Struct, frozen=True):
    """The merged flushes of a span."""

    flushes: tuple[Flush, ...] = ()
    """One for each interval block of the script, in the order of their ends; empty if the span has no flush. Their
    `seconds` are the time in which the program counted, without gaps, and their caveats those of all their flushes."""
    merged: int = 0
    """Number of flushes that were merged."""
    notes: tuple[str, ...] = ()
    """What the merged maps do not hold, in a few words each."""

    def map(self, name: str) -> MapData | None:
        """A map of the user's script; None if no flush of the span has it."""
        return next((flush.maps[name] for flush in reversed(self.flushes) if name in flush.maps), None)

    def flush_of(self, name: str) -> Flush | None:
        """The merged flush that has a map: its `seconds` divide the map's counts."""
        return next((flush for flush in reversed(self.flushes) if name in flush.maps), None)


def span_of(timeline: Timeline, begin_ns: int, end_ns: int) -> SpanFlush:
    """Merge the flushes of a program that ended in (begin_ns, end_ns], on CLOCK_BOOTTIME.

    Use it for a map over a period, such as a baseline: `span_of(history, begin, end).map("@calls")`. It decodes every
    flush of the period at once; use a `SpanMerge` to do that in pieces. Counts, sums and histograms are added,
    averages are weighted by their counts where bpftrace prints those, a minimum or maximum is that of all flushes, and
    of a map that is assigned, or never cleared, the last print is taken. At a hand-over the part of a flush that the
    other generation has counted already is left out.
    """
    merge = SpanMerge()
    for flush in TimeSpan(begin_ns, end_ns).flushes(timeline):
        merge.add(flush)
    return merge.result()


class SpanMerge:
    """Merges flushes one by one."""

    def __init__(self) -> None:
        self._blocks: dict[str, _BlockMerge] = {}

    def add(self, flush: Flush) -> None:
        """Add the next flush; flushes must come in the order of their ends."""
        for _ in self.add_in_steps(flush):
            pass

    def add_in_steps(self, flush: Flush) -> Iterator[None]:
        """The same as `add`. Yields after each step, which takes a few milliseconds; end them before the next flush."""
        mark = flush.mark if len(flush.origin.plan.heartbeats) > 1 else ""
        yield from self._blocks.setdefault(mark, _BlockMerge(flush)).add_in_steps(flush)

    def result(self) -> SpanFlush:
        """The flushes that were added so far, merged."""
        steps = self.result_in_steps()
        while True:
            try:
                next(steps)
            except StopIteration as end:
                found: SpanFlush = end.value
                return found

    def result_in_steps(self) -> Generator[None, None, SpanFlush]:
        """The same as `result`. Yields after each step."""
        blocks = sorted(self._blocks.values(), key=lambda block: block.last.end_ns)
        flushes, notes = [], list[str]()
        for block in blocks:
            flushes.append(block.flush())
            yield
            for note in block.notes_in_steps():
                yield
                notes += [note] if note else []
        return SpanFlush(tuple(flushes), sum(one.merged for one in blocks), tuple(dict.fromkeys(notes)))


class _BlockMerge:
    """Merges the flushes of one interval block of a script."""

    def __init__(self, first: Flush) -> None:
        self._start_ns = first.start_ns
        self.last = first
        self.merged = 0
        self._totals = StretchTotals()
        self._hand_over = HandOver()
        self._kinds: dict[str, MapKind] = {}
        self._ambiguous: set[str] = set()
        self._one_in: dict[str, int] = {}
        self._caveats: frozenset[Caveat] = frozenset()
        self._counted_ns = 0
        self._dropped = self._lost_ticks = self._lag_ns = self._skipped = self._fired = 0
        self._knows_fired = True
        self._incomplete = 0
        """Flushes without one of several hosts."""

    def add_in_steps(self, flush: Flush) -> Iterator[None]:
        self._start_ns = min(self._start_ns, flush.start_ns)
        self.last = flush if flush.end_ns >= self.last.end_ns else self.last
        self.merged += 1
        self._incomplete += bool(flush.coverage)
        share = self._hand_over.new_share(flush)
        self._counted_ns += round((flush.end_ns - flush.start_ns) * share)
        self._caveats |= flush.caveats
        self._add_losses(flush)
        for name, data in flush.maps.items():
            self._kinds[name] = data.kind
            self._one_in[name] = max(self._one_in.get(name, 1), data.plan.one_in)
            if data.ambiguous:
                self._ambiguous.add(name)
        if share > 0:  # else its rows would be there with 0
            yield from self._totals.add_in_steps(flush)

    def _add_losses(self, flush: Flush) -> None:
        self._dropped += flush.dropped
        self._lost_ticks += flush.lost_ticks
        self._lag_ns = max(self._lag_ns, flush.lag_ns)
        self._skipped += flush.skipped
        self._fired += flush.fired
        self._knows_fired = self._knows_fired and (not flush.skipped or flush.fired > 0)

    def flush(self) -> Flush:
        last = self.last
        length = last.end_ns - self._start_ns
        caveats = self._caveats | {Caveat.TRUNCATED} if self._lets_go else self._caveats
        return Flush(
            origin=self._origin(),
            generation=last.generation,
            mark=last.mark,
            number=last.number,
            start_ns=self._start_ns,
            end_ns=last.end_ns,
            wall_ns=last.wall_ns,
            maps={name: self._map(name, total) for name, total in self._totals.maps.items()},
            printed=(),
            caveats=caveats,
            lines=(),
            dropped=self._dropped,
            lost_ticks=self._lost_ticks,
            lag_ns=self._lag_ns,
            skipped=self._skipped,
            fired=self._fired if self._knows_fired else 0,
            unseen_ns=max(0, length - max(self._counted_ns, 1)),
        )

    @property
    def _lets_go(self) -> bool:
        return any(total.let_go for total in self._totals.maps.values())

    def _origin(self) -> Origin:
        plan = self.last.origin.plan
        one_in = max([plan.one_in, *self._one_in.values()])
        return replace(self.last.origin, plan=replace(plan, one_in=one_in))

    def _map(self, name: str, total: MapTotals) -> MapData:
        plan = replace(total.plan, one_in=self._one_in[name])
        rows = {key: row.value for key, row in total.rows.items()}
        return MapData(plan, self._kinds[name], rows, name in self._ambiguous)

    def notes_in_steps(self) -> Iterator[str]:
        """What the merged maps do not hold. Yields an empty text after each step."""
        if self._incomplete:
            yield f"a host is missing in {self._incomplete:,} of {self.merged:,} flushes"
        for name, total in self._totals.maps.items():
            if total.is_mixed:
                yield f"{name} changed its kind: only its newest {total.flushes} flushes are added"
            if total.let_go:
                yield f"{total.let_go:,} small keys of {name} are left out"
            if total.is_histogram:
                for number, row in enumerate([*total.rows.values()], 1):
                    if _overlap(histogram(row.value)):
                        yield f"the buckets of {name} changed: some overlap"
                        break
                    if not number % _AT_ONCE:
                        yield ""


def _overlap(buckets: Sequence[Bucket]) -> bool:
    """Whether two of the sorted buckets have a value in common."""
    pairs = pairwise(buckets)
    return any(one.high is None or (other.low is not None and other.low <= one.high) for one, other in pairs)
