"""Why the numbers of a flush may not be what they seem, and what the maps and stamps of one tell about that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from bttop.model.contents import MapData
from bttop.model.dialect import dialect
from bttop.model.keys import split_key
from bttop.model.records import Skipped, Stamp
from bttop.model.release import Release

NEARLY_FULL: Final = 0.9
"""Share of a map's limit from which on new keys may be missing: CPUs reserve entries for themselves, and whether an
update failed is said neither up to 0.22 nor with warnings turned off."""
DEEPEST_STACK: Final = 127
"""Frames that the kernel walks (PERF_MAX_STACK_DEPTH), and bpftrace's default."""
CLOCK_STEP_NS: Final = 100_000_000
"""Between two lines the wall clock goes as the boot clock does, but for what NTP adjusts: 0.5 ms a second."""


class Doubt(StrEnum):
    """Why the numbers of a flush may not be what they seem."""

    LOST_TICKS = "lost ticks"
    """The interval fired late; the flush covers several intervals. Rates are right."""
    LOST_MESSAGES = "lost messages"
    """bpftrace lost a heartbeat, and perhaps the maps with it."""
    LATE = "late"
    """bpftrace printed and cleared a bank when it was already in use again: not exact."""
    UNTIMED = "untimed"
    """No heartbeat: grouped by arrival, so the length is approximate."""
    AMBIGUOUS = "ambiguous keys"
    """Rows of different keys may have been merged, or a key split wrongly."""
    MAP_FULL = "map full"
    """A map had no room for new keys."""
    NEARLY_FULL = "map nearly full"
    """A map was so full that new keys may have been turned away without a word."""
    CUT_TEXT = "text cut"
    """A text is as long as bpftrace keeps: what came behind is missing, and different texts may be one row."""
    CUT_STACK = "stack cut"
    """A stack has as many frames as the kernel walks: the outermost are missing."""
    RUNNING_TOTAL = "running total"
    """The script prints a map and never clears it: its rows hold everything since the start, not one interval."""
    ZERO_OR_NOTHING = "0 or nothing"
    """A min, max or avg without a key is 0, which bpftrace 0.24 and newer also print when nothing was counted."""
    LOST_UPDATES = "lost updates"
    """Events whose new key another CPU made at the same moment; the tally counts them."""
    SKIPPED = "skipped events"
    """The kernel skipped events, because another BPF program was running on the CPU; the flush has the number."""
    LOST_EVENTS = "lost events"
    """bpftrace's output buffer overflowed."""
    TRUNCATED = "truncated"
    """More was printed than a flush keeps."""
    DAMAGED = "damaged"
    """A line of the flush could not be decoded: a map may be missing."""
    CLOCK_STEP = "clock step"
    """The wall clock was set since the flush before."""


def doubts_of(maps: Mapping[str, MapData], release: Release, key_limit: int) -> Iterator[Doubt]:
    """What the maps of a flush give reason to doubt. `key_limit` is bpftrace's `max_map_keys`, 0 if unknown."""
    longest_text, empty_is_zero = dialect(release).longest_text, dialect(release).empty_is_zero
    for data in maps.values():
        if data.ambiguous:
            yield Doubt.AMBIGUOUS
        if key_limit and data.entries >= key_limit:
            yield Doubt.MAP_FULL
        elif key_limit and data.entries >= key_limit * NEARLY_FULL:
            yield Doubt.NEARLY_FULL
        if data.plan.is_running:
            yield Doubt.RUNNING_TOTAL
        if empty_is_zero and _may_be_nothing(data):
            yield Doubt.ZERO_OR_NOTHING
        yield from _cuts(data, longest_text)


def _may_be_nothing(data: MapData) -> bool:
    """Whether a 0 may be that of an empty map."""
    plan = data.plan
    return plan.aggregation in ("min", "max", "avg") and not plan.under_key and data.rows == {"": 0}


def _cuts(data: MapData, longest_text: int) -> Iterator[Doubt]:
    kinds = [column.kind for column in data.plan.columns]
    if "stack" in kinds and any(_is_cut_stack(key, data) for key in data.rows if key.count("\n") >= DEEPEST_STACK):
        yield Doubt.CUT_STACK
    # A character takes up to four bytes.
    suspects = (key for key in data.rows if len(key) * 4 >= longest_text)
    if {"text", "any"} & set(kinds) and any(_has_cut_text(key, data, longest_text) for key in suspects):
        yield Doubt.CUT_TEXT


def _is_cut_stack(key: str, data: MapData) -> bool:
    parts = zip(split_key(key, data.plan.columns).parts, data.plan.columns, strict=True)
    # A user stack of 0.23 and newer ends in a line of its own.
    return any(column.kind == "stack" and str(part).strip().count("\n") + 1 >= DEEPEST_STACK for part, column in parts)


def _has_cut_text(key: str, data: MapData, longest: int) -> bool:
    if len(_around_stacks(key, data).encode(errors="replace")) < longest:
        return False
    parts = zip(split_key(key, data.plan.columns).parts, data.plan.columns, strict=True)
    return any(
        column.kind in ("text", "any") and len(str(part).encode(errors="replace")) == longest for part, column in parts
    )


def _around_stacks(key: str, data: MapData) -> str:
    """The key without its stacks, where they stand together: splitting every key that has one was a third of the time
    of reading a flush."""
    stacks = [at for at, column in enumerate(data.plan.columns) if column.kind == "stack"]
    if not stacks or stacks[-1] - stacks[0] >= len(stacks):
        return key
    before, _, rest = key.partition("\n")
    return before + rest.rpartition("\n")[2]


class Skips(NamedTuple):
    """Events that the kernel skipped."""

    events: int = 0
    fired: int | None = 0
    """Those, and the events that the BPF programs which missed them did see; None where runs are not counted."""

    def plus(self, record: Skipped) -> Skips:
        """With those of another record."""
        if self.fired is None or record.runs is None:
            return Skips(self.events + record.events, None)
        return Skips(self.events + record.events, self.fired + record.events + record.runs)


class ClockWatch:
    """Notices that the wall clock was set, by the stamps of a program's lines."""

    def __init__(self) -> None:
        self._ahead: int | None = None
        """ns from the boot clock to the wall clock."""
        self._suspected = False

    def stepped(self, stamp: Stamp) -> bool:
        """Whether this line confirms a step: a single stamp can be torn, where its process was interrupted between
        the two clocks."""
        ahead = stamp.wall_ns - stamp.boot_ns
        if self._ahead is None or abs(ahead - self._ahead) < CLOCK_STEP_NS:
            self._ahead, self._suspected = ahead, False
            return False
        confirmed, self._suspected = self._suspected, not self._suspected
        if confirmed:
            self._ahead = ahead
        return confirmed
