"""Looks processes up and remembers them: many have ended by the time the user asks about them."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from bttop.engine.host.folder import Folder
from bttop.engine.host.lookup_thread import LookupThread
from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.host.process.processes import PROC, Process, ProcessStart, is_alive, look_up, start_of

_FRESH_SECONDS: Final = 30.0
"""Seconds for which an id is assumed to be the same process; a check is one read of about 15 us."""
_MOST_WAITING: Final = 65_536
"""Ids that can wait for a lookup; above this, new ids are skipped until they are noted again."""
MOST_PID: Final = 1 << 22
"""The largest process id that Linux gives; a row may show any number as one."""


class _Look(Struct, frozen=True):
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
        root: Folder = PROC,
        read: Callable[[int], Folder | None] | None = None,
        numbers: PidNumbers | None = None,
        clock: Callable[[], float] = time.monotonic,
        met: Callable[[Process], None] | None = None,
    ) -> None:
        """`read` returns the /proc that has the files of an id, or None if that cannot be told now; without it, `root`
        has them all. `numbers`: whether bpftrace's ids are those of /proc; without it they are. `met` is called once
        for each process, on the thread that looked it up; it must not block."""
        self._is_blind = numbers is not None and not numbers.are_equal
        self._limit = limit
        self._met = met
        self._read = read or (lambda _: root)
        self._clock = clock
        self._known: OrderedDict[tuple[int, int], Process] = OrderedDict()
        self._looks: OrderedDict[int, _Look] = OrderedDict()
        self._waiting: dict[int, None] = {}
        self._worker = LookupThread("bttop-identities", self._run)

    def on(self, _host: str) -> ProcessLookup:
        """The same source: it has one host."""
        return self

    def note(self, pids: Iterable[int]) -> None:
        """Queue the ids that are not known for a lookup. Id 0 is not a process."""
        if self._is_blind:
            return
        with self._worker.news:
            for pid in pids:
                if 0 < pid <= MOST_PID and not self._is_fresh(pid) and len(self._waiting) < _MOST_WAITING:
                    self._waiting[pid] = None
            if self._waiting and not self._worker.is_closed:
                self._worker.begin()
                self._worker.news.notify()

    def get(self, pid: int) -> Process | None:
        """The process that last had this id, as it was at its first lookup; None if it was never seen."""
        with self._worker.news:
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
        with self._worker.news:
            return tuple(self._known.values())

    def look(self, pid: int) -> Process | None:
        """Look the id up now, on this thread, and remember it. Returns the remembered process if it has ended."""
        if self._is_blind or pid > MOST_PID:
            return None
        root = self._read(pid)
        if root is None:
            return self.get(pid)
        start = start_of(pid, root)
        if start is not None and not self._is_known(pid, start):
            found = look_up(pid, root)
            if found is not None:
                self._remember(pid, start, found)
        self._looked_at(pid, start)
        return self.get(pid)

    def open_file(self, pid: int, descriptor: int) -> str:
        """What a process has open under a number now, as /proc names it; empty if that is not known."""
        proc = None if self._is_blind else self._read(pid)
        if proc is None:
            return ""
        try:
            return str((proc / str(pid) / "fd" / str(descriptor)).readlink())
        except (OSError, ValueError):
            return ""

    def has_ended(self, pid: int) -> bool:
        """Whether there is no such process; False if that is not known."""
        root = None if self._is_blind else self._read(pid)
        return root is not None and not is_alive(pid, root)

    @property
    def why_unknown(self) -> str:
        """Why no process can be looked up; empty if they can."""
        return "/proc has other numbers than bpftrace in this PID namespace" if self._is_blind else ""

    def close(self) -> None:
        """End the thread; remembered processes are kept."""
        self._worker.close()

    def _is_fresh(self, pid: int) -> bool:
        look = self._looks.get(pid)
        return look is not None and self._clock() - look.at < _FRESH_SECONDS

    def _is_known(self, pid: int, start: ProcessStart) -> bool:
        """Whether the last lookup saw this process with this name; a new name means that it executed a new program."""
        with self._worker.news:
            look = self._looks.get(pid)
            return look is not None and look.start == start and (pid, start.ticks) in self._known

    def _remember(self, pid: int, start: ProcessStart, found: Process) -> None:
        with self._worker.news:
            self._known[pid, start.ticks] = found
            self._known.move_to_end((pid, start.ticks))
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
        if self._met is not None:
            self._met(found)

    def _looked_at(self, pid: int, start: ProcessStart | None) -> None:
        with self._worker.news:
            before = self._looks.get(pid)
            # Keep the last start of a process that has ended: rows on the screen still refer to it.
            kept = start or (before.start if before else None)
            self._looks[pid] = _Look(kept, self._clock())
            self._looks.move_to_end(pid)
            while len(self._looks) > self._limit:
                self._looks.popitem(last=False)

    def _run(self) -> None:
        while (pid := self._next()) is not None:
            self.look(pid)

    def _next(self) -> int | None:
        with self._worker.news:
            self._worker.news.wait_for(lambda: self._worker.is_closed or self._waiting)
            if self._worker.is_closed:
                return None
            pid = next(iter(self._waiting))
            del self._waiting[pid]
            return pid
