"""Connects to several hosts at once. Those that do not answer are tried again in the background, with growing
pauses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Final, Generic, NamedTuple, TypeVar

from bttop.engine.remote.examination import AT_ONCE
from bttop.engine.remote.far_host import Progress
from bttop.engine.remote.link import Link
from bttop.engine.tracer.tracers import Pauses
from bttop.errors import BttopError, TracerLost, Unreachable

S = TypeVar("S")
GRACE: Final = 3.0
"""Once a host is there, seconds without an answer of any host after which the others are not awaited any longer."""
LONGEST: Final = 10.0
"""Seconds after the first host after which the others are not awaited, even if answers still come."""
NOT_YET: Final = "it has not answered yet"
_LOOK: Final = 0.05
_END_SECONDS: Final = 1.0


class _Due(NamedTuple):
    """The next attempt to connect to a host."""

    at: float
    """When it is made (monotonic clock)."""
    order: int
    link: Link


class Arrivals(Generic[S]):
    """The hosts of a session: those that have answered in time, and the attempts to reach the others."""

    def __init__(
        self, names: Sequence[str], connect: Callable[[Link], S], drop: Callable[[S], None], progress: Progress
    ) -> None:
        """`connect` connects to the host of a link, on any thread; it raises Unreachable or TracerLost if that may end
        differently later, and another BttopError if it will not. `drop` closes a connection that nobody takes.
        `progress`: that of all attempts."""
        self.links: Mapping[str, Link] = {name: Link(name) for name in names}
        """The connections, in the order of `names`."""
        self.problems: dict[str, BttopError] = {}
        """Why the last attempt to reach a host has failed."""
        self.error: BaseException | None = None
        """The error that has ended the attempts; the listener must raise it."""
        self._connect = connect
        self._drop = drop
        self._progress = progress
        self._changed = threading.Condition()
        self._order = count()
        self._due = [_Due(0.0, next(self._order), link) for link in self.links.values()]
        self._pauses = {name: Pauses() for name in names}
        self._sites: dict[str, S] = {}
        """The hosts that were there in time."""
        self._untried = set(names)
        self._missing = len(names)
        """Hosts that are neither there nor refused."""
        self._first_at = 0.0
        """When the first host was there (monotonic clock)."""
        self._is_late = False
        """Whether hosts that come now have to be joined."""
        self._join: Callable[[str, S], None] | None = None
        self._is_closed = False
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(min(AT_ONCE, len(names)))]

    def first(self) -> dict[str, S]:
        """Begin, and wait until each host has answered or failed; once one is there, only for a few seconds. Return
        what `connect` has returned for those that are there, in the order of all."""
        for thread in self._threads:
            thread.start()
        with self._changed:
            while self._untried and not self._is_enough() and self.error is None:
                self._changed.wait(_LOOK)
            self._is_late = True
            for name in self._untried:
                self.links[name].missing(NOT_YET)
        if self.error is not None:
            raise self.error
        return {name: self._sites[name] for name in self.links if name in self._sites}

    def deliver(self, join: Callable[[str, S], None]) -> None:
        """From now on `join` gets each further host, on the thread that has reached it. It raises as `connect`; that
        host is then closed."""
        with self._changed:
            self._join = join
            self._changed.notify_all()

    @property
    def unanswered(self) -> list[str]:
        """The hosts that have neither answered nor failed, in the order of all. From any thread."""
        with self._changed:
            return [name for name in self.links if name in self._untried]

    @property
    def missing(self) -> dict[str, str]:
        """The hosts that have never been there, and why. From any thread."""
        return {name: link.state.lost for name, link in self.links.items() if link.state.is_new}

    @property
    def refusals(self) -> list[BttopError]:
        """Why hosts can never be traced."""
        return [problem for name, problem in self.problems.items() if self.links[name].state.is_final]

    def refuse(self, name: str, problem: BttopError) -> None:
        """A host that was there in time cannot be traced."""
        self.problems[name] = problem
        self.links[name].missing(problem.cause, problem.hint, is_final=True)

    def close(self) -> None:
        """End all attempts; from any thread, may be repeated. Hosts that were taken are not closed."""
        with self._changed:
            self._is_closed = self._progress.is_over = True
            self._changed.notify_all()
        end = time.monotonic() + _END_SECONDS
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))

    def _is_enough(self) -> bool:
        if not self._sites:
            return False
        return time.monotonic() >= min(self._progress.answered_at + GRACE, self._first_at + LONGEST)

    def _work(self) -> None:
        try:
            while (link := self._next()) is not None:
                self._try(link)
        except BaseException as problem:  # noqa: BLE001  passed to the listener, which raises it
            self.error = problem
            for link in self.links.values():
                link.on_change()

    def _next(self) -> Link | None:
        """The host of the next attempt, when it is due; None if there will be none."""
        with self._changed:
            while self._missing and not self._is_closed:
                left = self._due[0].at - time.monotonic() if self._due else None
                if left is not None and left <= 0:
                    return heappop(self._due).link
                self._changed.wait(left)
            return None

    def _try(self, link: Link) -> None:
        try:
            site = self._connect(link)
            self._take(link, site)
        except BttopError as problem:
            self._fail(link, problem)

    def _take(self, link: Link, site: S) -> None:
        """Keep a host that is there in time; join another one."""
        with self._changed:
            if not self._is_late:
                link.joined()
                self._sites[link.name] = site
                self._first_at = self._first_at or time.monotonic()
                self._settle(link)
                return
            while self._join is None and not self._is_closed:
                self._changed.wait()
            join = None if self._is_closed else self._join
        if join is None:
            self._drop(site)
            return
        try:
            link.joined()
            join(link.name, site)
        except BaseException:
            self._drop(site)
            raise
        with self._changed:
            self._settle(link)

    def _fail(self, link: Link, problem: BttopError) -> None:
        is_final = not isinstance(problem, Unreachable | TracerLost)
        with self._changed:
            if self._is_closed:
                return  # the reason is that bttop ends
            self.problems[link.name] = problem
            link.missing(problem.cause, problem.hint, is_final=is_final)
            if is_final:
                self._settle(link)
                return
            self._untried.discard(link.name)
            pause = self._pauses[link.name].next()
            heappush(self._due, _Due(time.monotonic() + pause, next(self._order), link))
            self._changed.notify_all()

    def _settle(self, link: Link) -> None:
        """Nothing more is attempted for a host."""
        self._untried.discard(link.name)
        self._missing -= 1
        self._changed.notify_all()
