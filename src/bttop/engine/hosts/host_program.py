"""One program on several hosts, as the screen shows it: with merged flushes and one status."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from bttop.engine.engine import Engine
from bttop.engine.generation.candidates import Settings, Source
from bttop.engine.hosts.merged_status import merged_page
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState, Status
from bttop.engine.remote.link import Link
from bttop.engine.request.questions import ProgramRequest
from bttop.engine.session import HostAbout
from bttop.model.flush.flush import Flush, LossCounts
from bttop.model.hosts.aligned_flushes import AlignedFlushes, HostTimeline
from bttop.model.hosts.host_flush import ClockOffset
from bttop.model.hosts.merged_maps import How
from bttop.model.hosts.merged_timeline import MergedTimeline
from bttop.script.rewrite.suggestions import Suggestion

_COMES: frozenset[ProgramState] = frozenset({ProgramState.LIVE, ProgramState.ATTACHED})
"""The states in which flushes are to be expected."""


class HostPart:
    """A program on one of its hosts: its timeline is empty until the engine has made the program."""

    def __init__(
        self, host: str, link: Link | None, engine: Engine | None, name: str, program: Program | None = None
    ) -> None:
        """`engine`: None if the host has never been reached; `link` says why. `program`: None if the engine has still
        to make it."""
        self.host = host
        self.link = link
        self.engine = engine
        self.is_out = False
        """Whether the host is not asked: the pin is on other hosts."""
        self._name = name
        self._program = program
        self._others = () if engine is None else engine.programs

    @property
    def program(self) -> Program | None:
        """The program of the host's engine; None if it was not made yet."""
        if self._program is None and self.engine is not None:
            new = (one for one in self.engine.programs if one.name == self._name and one not in self._others)
            self._program = next(new, None)
        return self._program

    @property
    def offset(self) -> ClockOffset:
        """How far the clocks of the host are ahead."""
        if self.link is None:
            return ClockOffset()
        return ClockOffset(self.link.clock.boot_offset_ns, self.link.clock.wall_offset_ns)

    @property
    def is_lost(self) -> bool:
        """Whether no flush is to be expected now."""
        if self.program is None or self.program.status.state not in _COMES:
            return True
        return self.link is not None and bool(self.link.state.lost)

    def about(self) -> HostAbout:
        """See `HostViews.about`."""
        status = None if self.program is None else self.program.status
        return HostAbout(self.host, self.link, status, self.is_out)

    def page(self, boot_ns: int | None) -> PastStatus | None:
        """The program at a moment; this and the times in it are on the boot clock of this host."""
        ahead = self.offset.boot_ns
        if self.program is None:
            return None
        page = self.program.page(None if boot_ns is None else boot_ns + ahead)
        retry = page.status.retry_at_ns
        status = replace(
            page.status,
            since_ns=page.status.since_ns - ahead,
            retry_at_ns=None if retry is None else retry - ahead,
        )
        return replace(page, status=status)

    def timeline(self) -> HostTimeline:
        """The flushes of the program."""
        return HostTimeline(
            self.host, _PartTimeline(self), lambda: self.offset, lambda: self.is_out, lambda: self.is_lost
        )


class _PartTimeline:
    """The history of a program that may not exist yet."""

    def __init__(self, part: HostPart) -> None:
        self._part = part

    @property
    def appended(self) -> int:
        program = self._part.program
        return 0 if program is None else program.history.appended

    @property
    def dropped(self) -> int:
        program = self._part.program
        return 0 if program is None else program.history.dropped

    @property
    def latest(self) -> Flush | None:
        program = self._part.program
        return None if program is None else program.history.latest

    def __len__(self) -> int:
        program = self._part.program
        return 0 if program is None else len(program.history)

    def at(self, index: int) -> Flush | None:
        program = self._part.program
        return None if program is None else program.history.at(index)

    def window(self, count: int, end: int | None = None) -> tuple[Flush, ...]:
        program = self._part.program
        return () if program is None else program.history.window(count, end)

    def index_at(self, boot_ns: int) -> int | None:
        program = self._part.program
        return None if program is None else program.history.index_at(boot_ns)


class HostView:
    """A program with the rows of its hosts put together in one way."""

    def __init__(self, program: HostProgram, history: MergedTimeline, how: How, only_host: str = "") -> None:
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


class HostProgram:
    """The same program on several hosts. The screen's thread changes it; any thread may read."""

    host = ""
    how: How = "usual"
    only_host = ""

    def __init__(self, request: ProgramRequest, settings: Settings, parts: Sequence[HostPart]) -> None:
        """`settings`: those of the session, with the pin as the user has given it."""
        self.name = request.name
        self.request = request
        self.settings = settings
        self.parts = tuple(parts)
        self._lock = threading.RLock()
        self._aligned = AlignedFlushes([part.timeline() for part in parts])
        self._alone: dict[str, AlignedFlushes] = {}
        self.history = MergedTimeline(self._aligned, self._lock, "usual")

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts."""
        return tuple([part.host for part in self.parts])

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

    def living(self) -> Iterator[tuple[Engine, Program]]:
        """The programs that exist, each with its engine."""
        for part in self.parts:
            if part.engine is not None and part.program is not None:
                yield part.engine, part.program

    def page(self, boot_ns: int | None = None) -> PastStatus:
        """See `AnyProgram.page`; moments are on the boot clock of this host."""
        return self.page_of(boot_ns, "usual", "")

    def page_of(self, boot_ns: int | None, how: How, only_host: str) -> PastStatus:
        """The page for one way to put rows together."""
        wanted = [part for part in self.parts if not part.is_out and only_host in ("", part.host)]
        pages = {part.host: page for part in wanted if (page := part.page(boot_ns)) is not None}
        return merged_page(pages, how, self.settings.pin)

    @property
    def status(self) -> Status:
        """The current status."""
        return self.page().status

    @property
    def sources(self) -> tuple[Source, ...]:
        """The script and its fallbacks."""
        found = next(self.living(), None)
        return self.request.sources if found is None else found[1].sources

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """Suggested changes to the script, of the first host."""
        found = next(self.living(), None)
        return () if found is None else found[1].suggestions

    @property
    def tally(self) -> LossCounts:
        """The losses on all hosts together."""
        return _added([program.tally for _, program in self.living()])


def _added(found: Sequence[LossCounts]) -> LossCounts:
    names = LossCounts.__struct_fields__
    return LossCounts(**{name: sum(getattr(one, name) for one in found) for name in names})
