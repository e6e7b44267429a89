"""What waits for the recorder, in bounded memory: while a disk is slow, whole flushes are left out and counted."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from bttop.model.records import Stamp
from bttop.store.happenings import LOST, Added, Begun, Came, Ended, Happening, Marked, Met, Shown, Spent

Order: TypeAlias = "Callable[[], None]"
Told: TypeAlias = "Happening | Order | None"
MOST_BYTES: Final = 32 << 20
"""Above this, flushes that begin are left out. A flush that has begun is finished, up to twice of it."""
WEIGHT: Final = 400
"""Bytes that a happening takes beside the text of a line."""


@dataclass(slots=True)
class _Flow:
    """The open flush of one generation."""

    is_open: bool = False
    """Whether a line of it has come."""
    is_left_out: bool = False
    flushes: int = 0
    """Left out since the last word about it."""
    lines: int = 0
    since: Stamp | None = None
    """Arrival of the first line that was left out since then."""
    newest: tuple[Came, ...] = ()
    """Its last two lines: one of them is the last of the flush."""


@dataclass(slots=True)
class Intake:
    """A queue with one reader. Anyone may put."""

    limit: int = MOST_BYTES
    flushes: int = 0
    """Flushes that were left out, ever."""
    lines: int = 0
    """Lines that were left out, those of the flushes included."""
    others: int = 0
    """Entries of costs and of processes that were left out."""
    waiting_bytes: int = 0
    waiting_flushes: int = 0
    """Flushes that wait to be kept or written."""
    _queue: queue.SimpleQueue[Told] = field(default_factory=queue.SimpleQueue)
    _programs: dict[int, int] = field(default_factory=dict)
    """The program of each generation."""
    _names: dict[int, str] = field(default_factory=dict)
    """Of the programs."""
    _flows: dict[int, _Flow] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # Told by others.

    def put(self, told: Told) -> None:
        """Take what happens next, or leave it out. An order comes after everything that was lost before it."""
        with self._lock:
            match told:
                case Came():
                    self._came(told)
                case Shown():
                    self._shown(told)
                case Ended(generation=generation):
                    self._say_loss(generation, self._flows.pop(generation, _Flow()))
                    self._put(told)
                case Begun(generation=generation, program=program):
                    self._programs[generation] = program
                    self._put(told)
                case Added(program=program, name=name):
                    self._names[program] = name
                    self._put(told)
                case Spent() | Met() if self.waiting_bytes >= self.limit:
                    self.others += 1
                case None:
                    self._say_losses()
                    self._put(told)
                case _:
                    if callable(told):
                        self._say_losses()
                    self._put(told)

    # Asked by the reader.

    def get(self, timeout: float | None) -> Told:
        """The next; raises queue.Empty."""
        return self._queue.get(timeout=timeout)

    def get_nowait(self) -> Told:
        """The next; raises queue.Empty."""
        return self._queue.get_nowait()

    @property
    def is_empty(self) -> bool:
        return self._queue.empty()

    def done(self, batch: list[Told]) -> None:
        """What was got is kept or written, and its memory free."""
        weight = sum(map(_weight, batch))
        shown = sum(isinstance(one, Shown) for one in batch)
        with self._lock:
            self.waiting_bytes -= weight
            self.waiting_flushes -= shown

    def _came(self, came: Came) -> None:
        """A line, or one of a flush that is left out since it began."""
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

    def _shown(self, shown: Shown) -> None:
        """The end of a flush."""
        flow = self._flows.setdefault(shown.generation, _Flow())
        # Where a line of the next flush came last, that one is open already and shares the fate of this one.
        flow.is_open = bool(shown.rest)
        if flow.is_left_out:
            flow.flushes += 1
            self.flushes += 1
            return
        if flow.since is not None and flow.newest:
            # It grew too large, and its end was left out. Its last line says where it ends.
            self._say_loss(shown.generation, flow)
            self._put(flow.newest[0 if shown.rest else -1])
        self._put(shown)

    def _put(self, told: Told) -> None:
        self.waiting_bytes += _weight(told)
        self.waiting_flushes += isinstance(told, Shown)
        self._queue.put(told)

    def _leave_out(self, flow: _Flow, came: Came) -> None:
        flow.lines += 1
        self.lines += 1
        flow.since = flow.since or came.line.stamp

    def _say_losses(self) -> None:
        for generation, flow in self._flows.items():
            self._say_loss(generation, flow)

    def _say_loss(self, generation: int, flow: _Flow) -> None:
        """Let a mark in the recording say what is missing from here on."""
        if flow.since is None:
            return
        name = self._names.get(self._programs.get(generation, 0), "?")
        missing = f"{flow.flushes:,} flushes of {name} ({flow.lines:,} lines)"
        if not flow.flushes:
            missing = f"{flow.lines:,} lines of {name}"
        self._put(Marked(flow.since, LOST, f"{missing} were not recorded: the disk was too slow"))
        flow.flushes = flow.lines = 0
        flow.since = None


def _weight(told: Told) -> int:
    return WEIGHT + len(told.line.data) if isinstance(told, Came) else WEIGHT
