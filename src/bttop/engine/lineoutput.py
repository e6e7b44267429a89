"""Lines for a reader who may be slow: written whole, in pieces that a pipe takes at once, so that nothing blocks."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from typing import Final

PIECE: Final = select.PIPE_BUF
"""Bytes that a pipe which is ready for writing takes without blocking (POSIX)."""


class LineOutput:
    """Writes to one descriptor. A line that was begun is finished before anything else is written."""

    def __init__(self, fd: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._fd = fd
        self._clock = clock
        self._waiting = bytearray()
        self._moved = clock()
        self._is_within_line = False
        """Whether the last byte written is within a line."""

    @property
    def is_empty(self) -> bool:
        """Whether everything has been written."""
        return not self._waiting

    @property
    def is_torn(self) -> bool:
        """Whether the reader has got a part of a line."""
        return self._is_within_line

    @property
    def stalled(self) -> float:
        """Seconds since the reader took anything, or since there was nothing to take."""
        return self._clock() - self._moved if self._waiting else 0.0

    def put(self, text: str) -> None:
        """Add lines, each with its end, to what waits."""
        if not self._waiting:
            self._moved = self._clock()
        self._waiting += text.encode()

    def push(self, seconds: float) -> None:
        """Write what the reader takes within so many seconds. Raises OSError: BrokenPipeError when it is gone."""
        deadline = self._clock() + seconds
        while self._waiting and self._can_write(max(0.0, deadline - self._clock())):
            try:
                count = os.write(self._fd, self._waiting[:PIECE])
            except BlockingIOError:
                return  # somebody else has made it non-blocking, and took the room
            self._is_within_line = self._waiting[count - 1 : count] != b"\n"
            del self._waiting[:count]
            self._moved = self._clock()

    def _can_write(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        return bool(poll.poll(seconds * 1000))
