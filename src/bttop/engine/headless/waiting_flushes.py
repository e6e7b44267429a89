"""Flushes that wait for a slow reader, limited by memory. The engine's thread puts, the main thread gets."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from bttop.engine.program.program import Program
from bttop.model.flush.flush import Flush
from bttop.model.history.history import decoded_bytes

MOST_BYTES: Final = 32 << 20
"""Approximate memory of all flushes that wait; of large flushes, some dozens."""
_LINE_BYTES: Final = 400


class WaitingFlush(Struct, frozen=True):
    """One flush to write."""

    program: Program
    flush: Flush
    badges: Sequence[str]


class MissingFlush(Struct, frozen=True):
    """In place of a flush that bpftrace never printed."""

    program: Program
    why: str
    wall_ns: int
    """When it was known to be missing, in ns since 1970."""


Waiting: TypeAlias = WaitingFlush | MissingFlush


class WaitingFlushes:
    """A queue for one reader."""

    def __init__(self, limit_bytes: int = MOST_BYTES) -> None:
        """One flush may always wait, even if it is larger than `limit_bytes`."""
        self.left_out = 0
        """Number of flushes that did not fit."""
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._queue: queue.SimpleQueue[tuple[int, Waiting]] = queue.SimpleQueue()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._queue.qsize()

    def put(self, waiting: Waiting) -> None:
        """Queue a flush, or leave it out and count it. Never blocks."""
        size = _LINE_BYTES if isinstance(waiting, MissingFlush) else decoded_bytes(waiting.flush)
        with self._lock:
            if self._bytes and self._bytes + size > self._limit_bytes:
                self.left_out += 1
                return
            self._bytes += size
        self._queue.put((size, waiting))

    def get(self, seconds: float) -> Waiting | None:
        """Return the next flush, or None if none comes within `seconds`."""
        try:
            size, waiting = self._queue.get(timeout=seconds)
        except queue.Empty:
            return None
        with self._lock:
            self._bytes -= size
        return waiting

    def leave_out_the_rest(self) -> None:
        """Count what still waits as left out."""
        self.left_out += len(self)
