"""Waits for kernel events (inotify) in directories, without periodic wake-ups.

It reports a save in less than a millisecond and costs nothing between saves. A watcher that checks in steps takes tens
of milliseconds for a save or a third of a percent of a core (watchfiles, with steps of 50 and of 10 ms).
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final

_CREATED: Final = os.O_NONBLOCK | os.O_CLOEXEC
"""IN_NONBLOCK and IN_CLOEXEC have the values of these flags."""
_ATTRIBUTES, _CLOSED_AFTER_WRITING, _MOVED_FROM, _MOVED_TO = 0x4, 0x8, 0x40, 0x80
_MADE, _DELETED, _ITSELF_DELETED, _ITSELF_MOVED, _ONLY_DIRECTORIES = 0x100, 0x200, 0x400, 0x800, 0x0100_0000
_MASK: Final = (
    _ATTRIBUTES | _CLOSED_AFTER_WRITING | _MOVED_FROM | _MOVED_TO | _MADE | _DELETED | _ITSELF_DELETED | _ITSELF_MOVED
) | _ONLY_DIRECTORIES
"""Without single writes: a file matters when it is closed."""
_BYTES: Final = 1 << 16
_SHORTEST_GAP: Final = 0.002
_LONGEST_GAP: Final = 0.2
"""Seconds between two results while events keep coming, so that folders with constant writes cost little."""
_QUIET_SECONDS: Final = 1.0
"""After this many seconds without an event, the next one is reported at once."""


class StopSign(threading.Event):
    """An event that `poll` can wait for together with descriptors."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def set(self) -> None:
        """End all current and later waits."""
        # The waiting thread closes the descriptor as soon as it sees the event: the number may be another file's then.
        with self._guard:
            if self._descriptor >= 0:
                os.eventfd_write(self._descriptor, 1)
            super().set()

    def fileno(self) -> int:
        """The descriptor, which is readable once the event is set."""
        return self._descriptor

    def close(self) -> None:
        """Close the descriptor; no thread may wait for it after that."""
        with self._guard:
            descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def rings(directories: Sequence[str], stop: StopSign, every: float) -> Iterator[bool]:
    """Yield True after events in the directories, False after `every` seconds without one; end with `stop`.

    Yields False at first, when the watches are set up. A directory that cannot be watched (missing, not readable) is
    left out. Raises OSError if there is no inotify, no instance left, or none of the directories can be watched.
    """
    descriptor = _waiting_at(directories)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.register(stop.fileno(), select.POLLIN)
        gap, last = _SHORTEST_GAP, -_QUIET_SECONDS
        yield False
        while not stop.is_set():
            poll.poll(every * 1000)
            happened = _drained(descriptor)
            if happened and time.monotonic() - last < _QUIET_SECONDS:
                stop.wait(gap)
                _drained(descriptor)
                gap = min(gap * 4, _LONGEST_GAP)
            elif happened:
                gap = _SHORTEST_GAP
            last = time.monotonic() if happened else last
            if not stop.is_set():
                yield happened
    finally:
        os.close(descriptor)


def _waiting_at(directories: Sequence[str]) -> int:
    import ctypes  # only when needed: the import takes some milliseconds

    library = ctypes.CDLL(None, use_errno=True)
    try:
        begin, add = library.inotify_init1, library.inotify_add_watch
    except AttributeError:
        raise OSError("this C library has no inotify") from None
    descriptor = int(begin(_CREATED))
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "no inotify instance")
    waits = [add(descriptor, os.fsencode(path), _MASK) >= 0 for path in directories]
    if not any(waits):
        os.close(descriptor)
        raise OSError(ctypes.get_errno(), "no directory to watch")
    return descriptor


def _drained(descriptor: int) -> bool:
    """Read all pending events; return whether there were any."""
    happened = False
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, _BYTES):
            happened = True
    return happened
