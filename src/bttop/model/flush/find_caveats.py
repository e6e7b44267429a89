"""Caveats: why the numbers of a flush may not be exact, derived from its maps and the stamps of its lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from bttop.model.flush.contents import MapData, Origin
from bttop.model.record.keys import split_key
from bttop.model.record.records import Skipped, Stamp
from bttop.model.record.releases import traits_of

NEARLY_FULL: Final = 0.9
"""Share of a map's limit above which new keys may be missing: CPUs reserve entries for themselves, and bpftrace does
not report failed updates up to 0.22 or when warnings are off."""
DEEPEST_STACK: Final = 127
"""Most frames that the kernel walks (PERF_MAX_STACK_DEPTH); also bpftrace's default."""
CLOCK_STEP_NS: Final = 100_000_000
"""A larger difference between wall clock and boot clock from one line to the next means that the wall clock was set;
NTP adjusts it by at most 0.5 ms per second."""


class Caveat(StrEnum):
    """Why the numbers of a flush may not be exact."""

    LOST_TICKS = "lost ticks"
    """The interval fired late; the flush covers several intervals. Rates are correct."""
    LOST_MESSAGES = "lost messages"
    """bpftrace lost a heartbeat, and perhaps maps with it."""
    LATE = "late"
    """bpftrace printed and cleared a bank that was already in use again: the counts are not exact."""
    UNTIMED = "untimed"
    """No heartbeat (grouped by arrival time), or an unknown start or end: the length is approximate."""
    AMBIGUOUS = "ambiguous keys"
    """Rows of different keys may have been merged, or a key may have been split wrongly."""
    MAP_FULL = "map full"
    """A map had no room for new keys."""
    NEARLY_FULL = "map nearly full"
    """A map was so full that new keys may have been rejected without a message."""
    CUT_TEXT = "text cut"
    """A text has the maximum length of bpftrace: its end is missing, and different texts may share one row."""
    CUT_STACK = "stack cut"
    """A stack has the maximum number of frames of the kernel: the outermost are missing."""
    RUNNING_TOTAL = "running total"
    """The script prints a map and never clears it: its rows hold everything since the start, not one interval."""
    ZERO_OR_NOTHING = "0 or nothing"
    """A min, max or avg without a key is 0, which bpftrace 0.24 and newer also print if nothing was counted."""
    THINNED = "thinned"
    """The program took one event in `Plan.one_in`: its counts are estimates."""
    LOST_UPDATES = "lost updates"
    """Events lost because another CPU created the same new key at the same time; the tally counts them."""
    SKIPPED = "skipped events"
    """The kernel skipped events because another BPF program ran on the CPU; `Flush.skipped` is their number."""
    LOST_EVENTS = "lost events"
    """bpftrace's output buffer overflowed."""
    TRUNCATED = "truncated"
    """More was printed than a flush keeps."""
    DAMAGED = "damaged"
    """A line of the flush could not be decoded: a map may be missing."""
    CLOCK_STEP = "clock step"
    """The wall clock was set since the previous flush."""


def caveats_of(maps: Mapping[str, MapData], origin: Origin, key_limit: int) -> Iterator[Caveat]:
    """The caveats that follow from the maps of a flush. `key_limit` is bpftrace's `max_map_keys`, 0 if unknown.
    The script's own limits have priority."""
    release = origin.release
    if origin.plan.one_in > 1:
        yield Caveat.THINNED
    longest_text, empty_is_zero = traits_of(release).longest_text, traits_of(release).empty_is_zero
    for data in maps.values():
        if data.ambiguous:
            yield Caveat.AMBIGUOUS
        yield from _fullness(data, data.plan.limit or key_limit)
        if data.plan.is_running:
            yield Caveat.RUNNING_TOTAL
        if empty_is_zero and _may_be_nothing(data):
            yield Caveat.ZERO_OR_NOTHING
        yield from _cuts(data, data.plan.longest_text or longest_text)


def _fullness(data: MapData, limit: int) -> Iterator[Caveat]:
    """Whether a map has room for new keys; `limit` is 0 if unknown. A single value without a key needs no room."""
    if not limit or (data.entries == 1 and "" in data.rows):
        return
    if data.entries >= limit:
        yield Caveat.MAP_FULL
    elif data.entries >= limit * NEARLY_FULL:
        yield Caveat.NEARLY_FULL


def _may_be_nothing(data: MapData) -> bool:
    """Whether a 0 may mean that nothing was counted."""
    plan = data.plan
    return plan.aggregation in ("min", "max", "avg") and not plan.under_key and data.rows == {"": 0}


def _cuts(data: MapData, longest_text: int) -> Iterator[Caveat]:
    kinds = [column.kind for column in data.plan.columns]
    if "stack" in kinds and any(_is_cut_stack(key, data) for key in data.rows if key.count("\n") >= DEEPEST_STACK):
        yield Caveat.CUT_STACK
    if not {"text", "any"}.isdisjoint(kinds):
        stacks = [at for at, kind in enumerate(kinds) if kind == "stack"]
        # Stacks that are adjacent are cut out first: splitting every key that has one took a third of the time of
        # reading a flush.
        adjacent = bool(stacks) and stacks[-1] - stacks[0] < len(stacks)
        if any(_has_cut_text(key, data, longest_text, adjacent) for key in _long_keys(data, longest_text)):
            yield Caveat.CUT_TEXT


def _is_cut_stack(key: str, data: MapData) -> bool:
    parts = zip(split_key(key, data.plan.columns).parts, data.plan.columns, strict=True)
    # A user stack of 0.23 and newer has an extra last line.
    return any(column.kind == "stack" and str(part).strip().count("\n") + 1 >= DEEPEST_STACK for part, column in parts)


def _long_keys(data: MapData, bytes_: int) -> list[str]:
    """The keys that may have this number of bytes. A character outside ASCII takes up to four."""
    if max(map(len, data.rows), default=0) < bytes_ and "".join(data.rows).isascii():
        return []
    return [key for key in data.rows if len(key) >= bytes_ or (len(key) * 4 >= bytes_ and not key.isascii())]


def _has_cut_text(key: str, data: MapData, longest: int, adjacent: bool) -> bool:
    if adjacent and len(_around_stacks(key).encode(errors="replace")) < longest:
        return False
    parts = zip(split_key(key, data.plan.columns).parts, data.plan.columns, strict=True)
    return any(
        column.kind in ("text", "any") and len(str(part).encode(errors="replace")) == longest for part, column in parts
    )


def _around_stacks(key: str) -> str:
    """The key without its stacks, which are adjacent."""
    before, _, rest = key.partition("\n")
    return before + rest.rpartition("\n")[2]


class Skips(Struct, frozen=True):
    """Events that the kernel skipped."""

    events: int = 0
    fired: int | None = 0
    """The skipped events plus the events that the same BPF programs received; None if runs are not counted."""

    def plus(self, record: Skipped) -> Skips:
        """Return the sum of these and another record."""
        if self.fired is None or record.runs is None:
            return Skips(self.events + record.events, None)
        return Skips(self.events + record.events, self.fired + record.events + record.runs)


class ClockWatch:
    """Detects from the stamps of a program's lines that the wall clock was set."""

    def __init__(self) -> None:
        self._ahead: int | None = None
        """Wall clock minus boot clock, in ns."""
        self._suspected = False

    def stepped(self, stamp: Stamp) -> bool:
        """Whether this line confirms a step. One stamp is not enough: its process may have been interrupted between
        reading the two clocks."""
        ahead = stamp.wall_ns - stamp.boot_ns
        if self._ahead is None or abs(ahead - self._ahead) < CLOCK_STEP_NS:
            self._ahead, self._suspected = ahead, False
            return False
        confirmed, self._suspected = self._suspected, not self._suspected
        if confirmed:
            self._ahead = ahead
        return confirmed
