"""Writes lines for a slow reader without blocking: in pieces that a pipe accepts at once."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from typing import Final

PIECE: Final = select.PIPE_BUF
"""Bytes that a pipe accepts without blocking when it is ready for writing (POSIX)."""


class LineOutput:
    """Writes to one descriptor. It completes a started line before it writes another."""

    def __init__(self, fd: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._fd = fd
        self._clock = clock
        self._waiting = bytearray()
        self._moved = clock()
        self._is_within_line = False
        """Whether the last byte written is not the end of a line."""

    @property
    def is_empty(self) -> bool:
        """Whether everything has been written."""
        return not self._waiting

    @property
    def is_torn(self) -> bool:
        """Whether the last line was written only in part."""
        return self._is_within_line

    @property
    def stalled(self) -> float:
        """Seconds since the reader last took something while output waits; 0 if none waits."""
        return self._clock() - self._moved if self._waiting else 0.0

    def put(self, text: str) -> None:
        """Add lines, each with its line end, to the waiting output."""
        if not self._waiting:
            self._moved = self._clock()
        self._waiting += text.encode()

    def push(self, seconds: float) -> None:
        """Write what the reader takes within `seconds`. Raises OSError; BrokenPipeError if the reader has closed."""
        deadline = self._clock() + seconds
        while self._waiting and self._can_write(max(0.0, deadline - self._clock())):
            try:
                count = os.write(self._fd, self._waiting[:PIECE])
            except BlockingIOError:
                return  # another process made it non-blocking and filled the pipe
            self._is_within_line = self._waiting[count - 1 : count] != b"\n"
            del self._waiting[:count]
            self._moved = self._clock()

    def _can_write(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        return bool(poll.poll(seconds * 1000))
