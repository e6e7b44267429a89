"""Which flushes of several hosts belong together: those that end in the same interval on the clock of this host."""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from typing import Final, NamedTuple

from msgspec import Struct, field

from bttop.model.flush.flush import Flush
from bttop.model.history.timeline import Timeline
from bttop.model.hosts.host_flush import ClockOffset
from bttop.model.record.records import FOREVER

ABSENT: Final = -1
"""In place of the number of a flush: the host was asked and has none."""
OUT: Final = -2
"""In place of the number of a flush: the host was not asked."""
LATEST: Final = 2
"""Intervals after which a slot is complete without the hosts that are missing: they are late or lost."""
_REMEMBERED: Final = 64
"""Complete slots that still take a late flush."""
_MOST_DRIFT: Final = 0.75
"""Intervals from the middle of its slot after which a flush belongs to another one."""
_YOUNG: Final = 2
"""Complete slots that keep their flushes."""
_SHORTEST_NS: Final = 1_000_000


class HostTimeline(NamedTuple):
    """The flushes of one host."""

    host: str
    timeline: Timeline
    offset: Callable[[], ClockOffset]
    is_out: Callable[[], bool] = lambda: False
    """Whether the host is not asked now, so that nothing is missing without it."""
    is_lost: Callable[[], bool] = lambda: False
    """Whether no flush of the host is to be expected now."""
    now_ns: Callable[[], int] = lambda: FOREVER
    """The boot clock of this host: no flush can end later, whatever its host says."""
    recorded: Callable[[], Iterator[tuple[int, Flush]]] | None = None
    """Yields all flushes of a recording with their numbers; None: the timeline grows."""


class SlotKey(NamedTuple):
    """What flushes have in common that belong together."""

    start_ns: int
    """Start of the interval, a multiple of its length on the boot clock of this host."""
    mark: str
    period_ns: int
    is_last: bool


class Slot(Struct):
    """The flushes of one interval."""

    key: SlotKey
    numbers: array[int]
    """For each host the number of its newest flush, counted from 0 as they were added; ABSENT or OUT without one."""
    counts: array[int]
    """For each host how many flushes it has here: several if another host has a longer interval."""
    end_ns: int = 0
    """The end of the last one, on the boot clock of this host."""
    wall_ns: int = 0
    generation: int = 0
    """Grows whenever most hosts begin to count something else."""
    counted: dict[int, object] = field(default_factory=dict)
    """What the flush of each host counts, by the index of the host; flushes that count something else are not merged
    with those of the most hosts."""
    flushes: dict[int, Flush] = field(default_factory=dict)
    """The flushes by the index of their host, while the slot of a live session is young: later they are read from their
    timelines, which have packed them."""


class _Seen(NamedTuple):
    """The newest flush of a host with a mark. Start and length are those of its slot."""

    start_ns: int
    end_ns: int
    period_ns: int
    own_period_ns: int


class _Placed(NamedTuple):
    """A flush and a slot for it."""

    flush: Flush
    number: int
    slot: Slot
    joins: bool
    """Whether it continues the flush before it in the same slot."""


class _Reader:
    """Reads the flushes of one host, one after the other, and finds their slots. Flushes of one host are in consecutive
    slots although their ends drift across the border of an interval."""

    def __init__(self, about: HostTimeline) -> None:
        self.about = about
        self.newest_ns = -1
        """The start of the newest slot."""
        self._next = 0
        """Number of the flush that is read next."""
        self._is_read = False
        """Whether a recording was read."""
        self._seen: dict[str, _Seen] = {}

    def new(self) -> Iterator[tuple[int, Flush]]:
        """The flushes that were added since the last call, with their numbers, without those that are dropped."""
        if self.about.recorded is not None:
            yield from self._whole(self.about.recorded)
            return
        timeline = self.about.timeline
        end = timeline.appended
        if end == self._next:
            return
        dropped = timeline.dropped
        first = max(self._next, dropped)
        found = timeline.window(end - first, end - dropped) if end > first else ()
        if timeline.dropped == dropped:  # else the indexes mean other flushes: read again
            self._next = end
            yield from enumerate(found, end - len(found))

    def timed(self, at: int) -> Iterator[tuple[int, int, int, Flush]]:
        """The new flushes, each with its end on the boot clock of this host, `at` and its number."""
        return ((self._end_of(flush), at, number, flush) for number, flush in self.new())

    def _end_of(self, flush: Flush) -> int:
        """The end of a flush on the boot clock of this host."""
        return min(flush.end_ns - self.about.offset().boot_ns, self.about.now_ns())

    def _whole(self, recorded: Callable[[], Iterator[tuple[int, Flush]]]) -> Iterator[tuple[int, Flush]]:
        """All flushes of a recording, at the first call."""
        if not self._is_read:
            self._is_read = True
            yield from recorded()

    def period_ns(self, mark: str) -> int:
        """The interval of the newest flush with a mark; 0 without one."""
        seen = self._seen.get(mark)
        return 0 if seen is None else seen.own_period_ns

    def is_filling(self, key: SlotKey) -> bool:
        """Whether more of the host's shorter flushes belong into a slot in which it has one."""
        seen = self._seen.get(key.mark)
        if seen is None or seen.start_ns != key.start_ns or seen.own_period_ns >= key.period_ns:
            return False
        return seen.end_ns < key.start_ns + key.period_ns - seen.own_period_ns // 2

    def place(self, number: int, flush: Flush, hosts: int, longest_ns: int) -> _Placed:
        """A new slot for a flush. `longest_ns`: the longest interval of any host."""
        offset = self.about.offset()
        end = self._end_of(flush)
        own = max(flush.origin.plan.period_ns(flush.mark), _SHORTEST_NS)
        period = max(own, longest_ns)
        before = self._seen.get(flush.mark)
        start = self._start(flush, end, period, own)
        self._seen[flush.mark] = _Seen(start, end, period, own)
        self.newest_ns = max(self.newest_ns, start)
        key = SlotKey(start, flush.mark, period, flush.is_last)
        slot = Slot(key, array("q", [ABSENT] * hosts), array("q", [1] * hosts), end, flush.wall_ns - offset.wall_ns)
        begin = flush.start_ns - offset.boot_ns
        joins = own < period and before is not None and before.start_ns == start and begin >= before.end_ns - own // 2
        return _Placed(flush, number, slot, joins)

    def _start(self, flush: Flush, end: int, period: int, own: int) -> int:
        if own < period:
            return (end - own // 2) // period * period  # by its middle
        start, seen = end // period * period, self._seen.get(flush.mark)
        if seen is None or seen.period_ns != period or flush.is_last:
            return start
        expected = seen.start_ns + max(1, round((end - seen.end_ns) / period)) * period
        # Of two generations that overlap, the second flush of an interval takes the place of the first.
        drifts = abs(end - expected - period // 2) > _MOST_DRIFT * period
        return max(start, seen.start_ns) if drifts else expected


class AlignedFlushes:
    """The slots of several hosts, oldest first. It reads each flush once; `take_in` reads what is new."""

    def __init__(self, hosts: Sequence[HostTimeline]) -> None:
        self.hosts = tuple(hosts)
        self._readers = [_Reader(one) for one in hosts]
        self._generation = 0
        self._counted: object = None
        """What the flushes of the newest complete slot count."""
        self._open: dict[SlotKey, Slot] = {}
        self._complete: dict[SlotKey, Slot] = {}
        """The newest complete slots: a late flush is added to them."""
        self._is_late = [False] * len(self.hosts)
        """Whether a host had no flush in the newest complete slot: then no slot waits for it."""
        self.slots: deque[Slot] = deque()
        """The complete slots with flushes that are kept."""
        self.dropped = 0
        """How many of the oldest complete slots were removed."""

    def take_in(self) -> None:
        """Read the new flushes of all hosts, complete slots, and remove those whose flushes have been dropped."""
        is_new = False
        for _, at, number, flush in merge(*(reader.timed(at) for at, reader in enumerate(self._readers)), key=_end):
            longest = max(one.period_ns(flush.mark) for one in self._readers)
            self._add(at, self._readers[at].place(number, flush, len(self.hosts), longest))
            is_new = True
        newest = max((reader.newest_ns for reader in self._readers), default=0)
        for slot in sorted(self._open.values(), key=lambda one: one.key):
            if self._is_over(slot, newest):
                self._close(slot)
        while is_new and self.slots and self._is_dropped(self.slots[0]):
            self.slots.popleft()
            self.dropped += 1

    def _add(self, at: int, placed: _Placed) -> None:
        flush, new = placed.flush, placed.slot
        late = self._complete.get(new.key)
        if late is not None:
            self._is_late[at] = False
            if _counted(flush) in late.counted.values():
                _put(late, at, placed)
            return
        slot = self._open.setdefault(new.key, new)
        _put(slot, at, placed)
        slot.counted[at] = _counted(flush)
        if self.hosts[at].recorded is None and slot.counts[at] == 1:
            slot.flushes[at] = flush
        slot.end_ns, slot.wall_ns = max((slot.end_ns, slot.wall_ns), (new.end_ns, new.wall_ns))

    def _is_over(self, slot: Slot, newest_ns: int) -> bool:
        if newest_ns >= slot.key.start_ns + LATEST * slot.key.period_ns:
            return True
        return not any(self._is_awaited(at, number, slot.key) for at, number in enumerate(slot.numbers))

    def _is_awaited(self, at: int, number: int, key: SlotKey) -> bool:
        """Whether a slot waits for a host, which has a flush of this number there."""
        reader = self._readers[at]
        if number != ABSENT and not reader.is_filling(key):
            return False
        if number == ABSENT and reader.newest_ns > key.start_ns:
            return False
        if self._is_late[at]:
            return False
        return not (reader.about.is_out() or reader.about.is_lost())

    def _close(self, slot: Slot) -> None:
        del self._open[slot.key]
        for at, one in enumerate(self.hosts):
            if slot.numbers[at] == ABSENT and one.is_out():
                slot.numbers[at] = OUT
        self._is_late = [number == ABSENT for number in slot.numbers]
        self._keep_most(slot)
        if self.slots:
            slot.end_ns = max(slot.end_ns, self.slots[-1].end_ns + 1)
        self.slots.append(slot)
        if len(self.slots) > _YOUNG:
            self.slots[-1 - _YOUNG].flushes.clear()
        self._complete[slot.key] = slot
        if len(self._complete) > _REMEMBERED:
            del self._complete[next(iter(self._complete))]

    def _keep_most(self, slot: Slot) -> None:
        """Keep the flushes that count the same as those of most hosts; while hosts change to another text one after the
        other, the others are missing."""
        (most, _), *others = Counter(slot.counted.values()).most_common()
        if others:
            for at in [at for at, counted in slot.counted.items() if counted != most]:
                slot.numbers[at] = ABSENT
                slot.flushes.pop(at, None)
        if most != self._counted:
            self._counted = most
            self._generation += 1
        slot.generation = self._generation
        slot.counted = {0: most}

    def _is_dropped(self, slot: Slot) -> bool:
        return all(number < one.timeline.dropped for number, one in zip(slot.numbers, self.hosts, strict=True))


def _end(timed: tuple[int, int, int, Flush]) -> int:
    return timed[0]


def _put(slot: Slot, at: int, placed: _Placed) -> None:
    """Put a flush of a host into a slot: beside those that it continues, else in place of them."""
    joins = placed.joins and slot.numbers[at] == placed.number - 1
    slot.counts[at] = slot.counts[at] + 1 if joins else 1
    slot.numbers[at] = placed.number
    if joins:
        slot.flushes.pop(at, None)


def _counted(flush: Flush) -> object:
    """What a flush counts: flushes of which this is equal can be merged."""
    plan = flush.origin.plan
    return plan.heartbeats, tuple(
        [(one.name, one.aggregation, one.columns, one.is_state) for one in plan.maps.values()]
    )
