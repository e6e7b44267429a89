"""Looks processes up and remembers them: many have ended by the time the user asks about them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from bttop.engine.host.processes import PROC, Process, ProcessStart, look_up, start_of

_FRESH_SECONDS: Final = 30.0
"""Seconds for which an id is assumed to be the same process; a check is one read of about 15 us."""
_MOST_WAITING: Final = 65_536
"""Ids that can wait for a lookup; above this, new ids are skipped until they are noted again."""
_CLOSE_SECONDS: Final = 1.0


class _Look(NamedTuple):
    """The last lookup of an id."""

    start: ProcessStart | None
    """None if there was no such process."""
    at: float
    """Time of the lookup, in seconds of the clock."""


class ProcessLookup:
    """Remembers the first lookup of each process, by id and start time, for at most `limit` processes.

    `note` and `get` never block: a background thread does the lookups; the first `note` starts it. Thread-safe.
    """

    def __init__(
        self,
        limit: int = 4096,
        *,
        root: Path = PROC,
        clock: Callable[[], float] = time.monotonic,
        met: Callable[[Process], None] | None = None,
    ) -> None:
        """`met` is called once for each process, on the thread that looked it up; it must not block."""
        self._limit = limit
        self._met = met
        self._root = root
        self._clock = clock
        self._known: OrderedDict[tuple[int, int], Process] = OrderedDict()
        self._looks: OrderedDict[int, _Look] = OrderedDict()
        self._waiting: dict[int, None] = {}
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def note(self, pids: Iterable[int]) -> None:
        """Queue the ids that are not known for a lookup. Id 0 is not a process."""
        with self._news:
            for pid in pids:
                if pid > 0 and not self._is_fresh(pid) and len(self._waiting) < _MOST_WAITING:
                    self._waiting[pid] = None
            if self._waiting and not self._closed:
                self._begin()
                self._news.notify()

    def get(self, pid: int) -> Process | None:
        """The process that last had this id, as it was at its first lookup; None if it was never seen."""
        with self._news:
            look = self._looks.get(pid)
            if look is None or look.start is None:
                return None
            key = (pid, look.start.ticks)
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def known(self) -> tuple[Process, ...]:
        """All remembered processes, the most recently used last."""
        with self._news:
            return tuple(self._known.values())

    def look(self, pid: int) -> Process | None:
        """Look the id up now, on this thread, and remember it. Returns the remembered process if it has ended."""
        start = start_of(pid, self._root)
        if start is not None and not self._is_known(pid, start):
            found = look_up(pid, self._root)
            if found is not None:
                self._remember(pid, start, found)
        self._looked_at(pid, start)
        return self.get(pid)

    def close(self) -> None:
        """End the thread; remembered processes are kept."""
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread is not None:
            # The timeout: a read that hangs must not block the end of bttop. The thread is a daemon.
            self._thread.join(_CLOSE_SECONDS)

    def _is_fresh(self, pid: int) -> bool:
        look = self._looks.get(pid)
        return look is not None and self._clock() - look.at < _FRESH_SECONDS

    def _is_known(self, pid: int, start: ProcessStart) -> bool:
        """Whether the last lookup saw this process with this name; a new name means that it executed a new program."""
        with self._news:
            look = self._looks.get(pid)
            return look is not None and look.start == start and (pid, start.ticks) in self._known

    def _remember(self, pid: int, start: ProcessStart, found: Process) -> None:
        with self._news:
            self._known[pid, start.ticks] = found
            self._known.move_to_end((pid, start.ticks))
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
        if self._met is not None:
            self._met(found)

    def _looked_at(self, pid: int, start: ProcessStart | None) -> None:
        with self._news:
            before = self._looks.get(pid)
            # Keep the last start of a process that has ended: rows on the screen still refer to it.
            kept = start or (before.start if before else None)
            self._looks[pid] = _Look(kept, self._clock())
            self._looks.move_to_end(pid)
            while len(self._looks) > self._limit:
                self._looks.popitem(last=False)

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="bttop-identities", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (pid := self._next()) is not None:
            self.look(pid)

    def _next(self) -> int | None:
        with self._news:
            self._news.wait_for(lambda: self._closed or self._waiting)
            if self._closed:
                return None
            pid = next(iter(self._waiting))
            del self._waiting[pid]
            return pid
