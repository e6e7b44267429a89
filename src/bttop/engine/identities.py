"""Who the processes on the screen are, remembered: most of those that matter at night have ended a second later."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from bttop.engine.process import PROC, Process, Start, look_up, start_of

_FRESH_SECONDS: Final = 30.0
"""How long an id is taken to be the process that it was; a check costs a read of about 15 us."""
_MOST_WAITING: Final = 65_536
"""Ids that wait for a look; what comes when so many wait is left for the next time."""
_CLOSE_SECONDS: Final = 1.0


class _Look(NamedTuple):
    """The last look at an id."""

    start: Start | None
    """None: there was no such process."""
    at: float
    """Seconds of the clock."""


class Identities:
    """Remembers the first look at each process, by id and start, for at most `limit` of them.

    `note` and `get` never wait; the looking is done on a thread of its own, which begins with the first `note`.
    May be used from several threads.
    """

    def __init__(
        self,
        limit: int = 4096,
        *,
        root: Path = PROC,
        clock: Callable[[], float] = time.monotonic,
        met: Callable[[Process], None] | None = None,
    ) -> None:
        """`met` is told of every process once, on the thread that looked at it; it must not wait."""
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
        """These ids are on the screen or in the data: look at those that are not known. Process 0 is nobody."""
        with self._news:
            for pid in pids:
                if pid > 0 and not self._is_fresh(pid) and len(self._waiting) < _MOST_WAITING:
                    self._waiting[pid] = None
            if self._waiting and not self._closed:
                self._begin()
                self._news.notify()

    def get(self, pid: int) -> Process | None:
        """The process that last had this id, as it was at the first look; None when it was never seen."""
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
        """All that are remembered, those asked for last at the end."""
        with self._news:
            return tuple(self._known.values())

    def look(self, pid: int) -> Process | None:
        """Look now, on this thread, and remember. Gives the remembered process when the id has ended."""
        start = start_of(pid, self._root)
        if start is not None and not self._is_known(pid, start):
            found = look_up(pid, self._root)
            if found is not None:
                self._remember(pid, start, found)
        self._looked_at(pid, start)
        return self.get(pid)

    def close(self) -> None:
        """End the thread; what is remembered stays."""
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread is not None:
            # A read that hangs must not hold up the end of bttop; the thread is a daemon.
            self._thread.join(_CLOSE_SECONDS)

    def _is_fresh(self, pid: int) -> bool:
        look = self._looks.get(pid)
        return look is not None and self._clock() - look.at < _FRESH_SECONDS

    def _is_known(self, pid: int, start: Start) -> bool:
        """Whether it is the process that was looked at, and still runs the same program as far as its name tells."""
        with self._news:
            look = self._looks.get(pid)
            return look is not None and look.start == start and (pid, start.ticks) in self._known

    def _remember(self, pid: int, start: Start, found: Process) -> None:
        with self._news:
            self._known[pid, start.ticks] = found
            self._known.move_to_end((pid, start.ticks))
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
        if self._met is not None:
            self._met(found)

    def _looked_at(self, pid: int, start: Start | None) -> None:
        with self._news:
            before = self._looks.get(pid)
            # Of one that has ended, the last start stays: it is who the rows on the screen speak of.
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
