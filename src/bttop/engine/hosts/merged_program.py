"""The same program on several hosts as one program, running or recorded: with merged flushes and one status."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from bttop.engine.hosts.merged_status import merged_page
from bttop.engine.program.past_status import PastStatus
from bttop.engine.session import HostAbout
from bttop.model.flush.flush import LossCounts
from bttop.model.hosts.aligned_flushes import AlignedFlushes, HostTimeline
from bttop.model.hosts.merged_maps import How
from bttop.model.hosts.merged_timeline import MergedTimeline
from bttop.script.process.pin import Pin


class ProgramPart(Protocol):
    """A program on one of its hosts."""

    @property
    def host(self) -> str: ...

    @property
    def is_out(self) -> bool:
        """Whether the host is not asked: the pin is on other hosts."""

    def about(self) -> HostAbout:
        """See `HostViews.about`."""

    def page(self, boot_ns: int | None, /) -> PastStatus | None:
        """The program at a moment; this and the times in it are on the boot clock of this host. None if there was no
        program yet."""

    def timeline(self) -> HostTimeline:
        """The flushes of the program."""


P = TypeVar("P", bound=ProgramPart)


class MergedProgram(Generic[P]):
    """Implements `AnyProgram` and `HostViews`. One thread changes it; any thread may read."""

    host = ""
    how: How = "usual"
    only_host = ""

    def __init__(self, name: str, parts: Sequence[P]) -> None:
        self.name = name
        self.parts = tuple(parts)
        self._lock = threading.RLock()
        self._aligned = AlignedFlushes([part.timeline() for part in parts])
        self._alone: dict[str, AlignedFlushes] = {}
        self.history = MergedTimeline(self._aligned, self._lock, "usual")

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts."""
        return tuple([part.host for part in self.parts])

    @property
    def tally(self) -> LossCounts:
        """The losses on all hosts together; zero in a recording, which has them with the flushes."""
        return LossCounts()

    def seen(self, how: How, host: str = "") -> HostView:
        """See `HostViews.seen`."""
        if how == "one":
            part = next(part for part in self.parts if part.host == host)
            aligned = self._alone.setdefault(host, AlignedFlushes([part.timeline()]))
        else:
            aligned = self._aligned
        return HostView(self, MergedTimeline(aligned, self._lock, how), how, host)

    def about(self) -> Sequence[HostAbout]:
        """See `HostViews.about`."""
        return [part.about() for part in self.parts]

    def page(self, boot_ns: int | None = None) -> PastStatus:
        """See `AnyProgram.page`; moments are on the boot clock of this host."""
        return self.page_of(boot_ns, "usual", "")

    def page_of(self, boot_ns: int | None, how: How, only_host: str) -> PastStatus:
        """The page for one way to put rows together."""
        wanted = [part for part in self.parts if not part.is_out and only_host in ("", part.host)]
        pages = {part.host: page for part in wanted if (page := part.page(boot_ns)) is not None}
        return merged_page(pages, how, self.shown_pin(list(pages.values())))

    def shown_pin(self, pages: Sequence[PastStatus]) -> Pin | None:
        """The pin to show for these pages: the first."""
        return next((page.pin for page in pages), None)


class HostView:
    """A program with the rows of its hosts put together in one way."""

    def __init__(self, program: MergedProgram[P], history: MergedTimeline, how: How, only_host: str = "") -> None:
        self.history = history
        self.how = how
        self.only_host = only_host
        """The host on show, if `how` is `one`; else empty."""
        self._program = program

    @property
    def name(self) -> str:
        return self._program.name

    @property
    def host(self) -> str:
        """See `AnyProgram.host`."""
        return self.only_host

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts of the program."""
        return self._program.hosts

    @property
    def tally(self) -> LossCounts:
        return self._program.tally

    def page(self, boot_ns: int | None = None) -> PastStatus:
        """See `AnyProgram.page`; moments are on the boot clock of this host."""
        return self._program.page_of(boot_ns, self.how, self.only_host)

    def about(self) -> Sequence[HostAbout]:
        """See `HostViews.about`."""
        return self._program.about()

    def seen(self, how: How, host: str = "") -> HostView:
        """See `HostViews.seen`."""
        return self._program.seen(how, host)
