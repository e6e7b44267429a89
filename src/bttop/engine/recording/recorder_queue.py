"""The recorder's queue of events, in bounded memory: while a disk is slow, whole flushes are left out and counted."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct, field

from bttop.model.record.records import Stamp
from bttop.store.snapshot.recording_events import (
    LOST,
    NO_HOST,
    CostSampled,
    FlushCompleted,
    GenerationEnded,
    GenerationStarted,
    LineReceived,
    MarkSet,
    ProcessSeen,
    ProgramAdded,
    RecordingEvent,
)

Order: TypeAlias = "Callable[[], None]"
Told: TypeAlias = "RecordingEvent | Order | None"
MOST_BYTES: Final = 32 << 20
"""Waiting bytes above which new flushes are left out. A flush that has begun is still taken, up to twice this size."""
WEIGHT: Final = 400
"""Bytes that an event takes, without the text of a line."""
GATHERED_PART: Final = 8
"""Entries gather up to this part of the limit."""


class _Flow(Struct):
    """The open flush of one generation."""

    is_open: bool = False
    """Whether a line of it has arrived."""
    is_left_out: bool = False
    flushes: int = 0
    """Flushes left out since the last mark about losses."""
    lines: int = 0
    since: Stamp | None = None
    """Arrival of the first line left out since that mark; None if there is none."""
    newest: tuple[LineReceived, ...] = ()
    """The last two lines: one of them is the last line of the flush."""


class RecorderQueue(Struct):
    """A queue with one reader. Any thread may put."""

    limit: int = MOST_BYTES
    flushes: int = 0
    """Flushes left out since the start."""
    lines: int = 0
    """Lines left out, including those of the flushes."""
    others: int = 0
    """Entries of costs and of processes left out."""
    waiting_bytes: int = 0
    waiting_flushes: int = 0
    """Flushes that wait to be buffered or written."""
    _queue: queue.SimpleQueue[Told] = field(default_factory=queue.SimpleQueue)
    _programs: dict[int, int] = field(default_factory=dict)
    """Generation to its program."""
    _names: dict[int, str] = field(default_factory=dict)
    """Program to its name."""
    _hosts: dict[int, int] = field(default_factory=dict)
    """Program to its host."""
    _flows: dict[int, _Flow] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _orders: int = 0
    """Orders that were put and not done yet."""
    _is_urgent: threading.Event = field(default_factory=threading.Event)
    """Whether the reader must not let entries gather."""

    # Any thread.

    def put(self, told: Told) -> None:
        """Put an event, an order, or None for the end. An event may be left out; marks about that precede an order."""
        with self._lock:
            match told:
                case LineReceived():
                    self._came(told)
                case FlushCompleted():
                    self._shown(told)
                case GenerationEnded(generation=generation):
                    self._say_loss(generation, self._flows.pop(generation, _Flow()))
                    self._put(told)
                case GenerationStarted(generation=generation, program=program):
                    self._programs[generation] = program
                    self._put(told)
                case ProgramAdded(program=program, name=name, host=host):
                    self._names[program] = name
                    self._hosts[program] = host
                    self._put(told)
                case CostSampled() | ProcessSeen() if self.waiting_bytes >= self.limit:
                    self.others += 1
                case None:
                    self._say_losses()
                    self._put(told)
                case _:
                    if callable(told):
                        self._say_losses()
                    self._put(told)

    # The reader's thread.

    def get(self, timeout: float | None) -> Told:
        """The next entry; raises queue.Empty after `timeout` seconds (None: no limit)."""
        return self._queue.get(timeout=timeout)

    def get_nowait(self) -> Told:
        """The next entry; raises queue.Empty if there is none."""
        return self._queue.get_nowait()

    def gather(self, seconds: float) -> bool:
        """Let entries gather for so many seconds, or until an order or too many bytes wait; return whether they do. A
        reader that wakes for each entry takes the interpreter from the engine each time."""
        return self._is_urgent.wait(seconds)

    @property
    def is_empty(self) -> bool:
        return self._queue.empty()

    def done(self, batch: list[Told]) -> None:
        """These entries were buffered or written: do not count them as waiting."""
        weight = sum(map(_weight, batch))
        shown = sum(isinstance(one, FlushCompleted) for one in batch)
        orders = sum(_is_order(one) for one in batch)
        with self._lock:
            self.waiting_bytes -= weight
            self.waiting_flushes -= shown
            self._orders -= orders
            if not self._must_hurry:
                self._is_urgent.clear()

    def _came(self, came: LineReceived) -> None:
        """Put a line, or leave it out: its flush is left out, or twice the limit is reached."""
        flow = self._flows.setdefault(came.line.generation, _Flow())
        flow.newest = (*flow.newest[-1:], came)
        if not flow.is_open:
            flow.is_open = True
            flow.is_left_out = self.waiting_bytes >= self.limit
        if flow.is_left_out or self.waiting_bytes >= 2 * self.limit:
            self._leave_out(flow, came)
            return
        self._say_loss(came.line.generation, flow)
        self._put(came)

    def _shown(self, shown: FlushCompleted) -> None:
        """Put the end of a flush, or leave it out with its lines."""
        flow = self._flows.setdefault(shown.generation, _Flow())
        # If a line of the next flush has arrived already, that flush is open, and is taken or left out like this one.
        flow.is_open = bool(shown.rest)
        if flow.is_left_out:
            flow.flushes += 1
            self.flushes += 1
            return
        if flow.since is not None and flow.newest:
            # The flush was too large, so its end was left out. Its last line marks where it ends.
            self._say_loss(shown.generation, flow)
            self._put(flow.newest[0 if shown.rest else -1])
        self._put(shown)

    def _put(self, told: Told) -> None:
        self.waiting_bytes += _weight(told)
        self.waiting_flushes += isinstance(told, FlushCompleted)
        self._orders += _is_order(told)
        self._queue.put(told)
        if self._must_hurry:
            self._is_urgent.set()

    @property
    def _must_hurry(self) -> bool:
        return self._orders > 0 or self.waiting_bytes * GATHERED_PART >= self.limit

    def _leave_out(self, flow: _Flow, came: LineReceived) -> None:
        flow.lines += 1
        self.lines += 1
        flow.since = flow.since or came.line.stamp

    def _say_losses(self) -> None:
        for generation, flow in self._flows.items():
            self._say_loss(generation, flow)

    def _say_loss(self, generation: int, flow: _Flow) -> None:
        """Put a mark that reports what is missing since the last one, if anything."""
        if flow.since is None:
            return
        program = self._programs.get(generation, 0)
        name, host = self._names.get(program, "?"), self._hosts.get(program, NO_HOST)
        missing = f"{flow.flushes:,} flushes of {name} ({flow.lines:,} lines)"
        if not flow.flushes:
            missing = f"{flow.lines:,} lines of {name}"
        self._put(MarkSet(flow.since, LOST, f"{missing} were not recorded: the disk was too slow", host))
        flow.flushes = flow.lines = 0
        flow.since = None


def _weight(told: Told) -> int:
    return WEIGHT + len(told.line.data) if isinstance(told, LineReceived) else WEIGHT


def _is_order(told: Told) -> bool:
    """Whether an entry is an order or the end, which the reader must not keep waiting."""
    return told is None or callable(told)
