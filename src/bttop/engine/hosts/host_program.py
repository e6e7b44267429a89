"""One program on several hosts, as the screen shows it: with merged flushes and one status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import is_

from msgspec.structs import replace

from bttop.engine.engine import Engine
from bttop.engine.generation.source import Settings, Source
from bttop.engine.host.own_clock import boot_ns
from bttop.engine.hosts.merged_program import MergedProgram
from bttop.engine.hosts.merged_status import highest
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState, Status
from bttop.engine.remote.link import Link
from bttop.engine.request.questions import ProgramRequest
from bttop.engine.session import HostAbout
from bttop.model.flush.flush import Flush, LossCounts
from bttop.model.history.history import History
from bttop.model.hosts.aligned_flushes import HostTimeline
from bttop.model.hosts.host_flush import ClockOffset
from bttop.model.hosts.merged_maps import How
from bttop.script.process.pin import Pin
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

    def join(self, engine: Engine, program: Program | None) -> None:
        """The host has come, with the program if it runs there."""
        self._others, self._program = engine.programs, program
        self.engine = engine

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

    def _now_ns(self) -> int:
        """The boot clock of this host."""
        return boot_ns() if self.link is None else self.link.clock.own_ns()

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

    def news(self) -> tuple[object, ...]:
        """What the present page depends on: the same objects mean the same page, but for its cost."""
        program = self.program
        return () if program is None else (program.status, program.plan, program.sources, program.alarm)

    def timeline(self) -> HostTimeline:
        """The flushes of the program."""
        return HostTimeline(
            self.host, _PartTimeline(self), lambda: self.offset, lambda: self.is_out, lambda: self.is_lost, self._now_ns
        )


class _PartTimeline:
    """The history of a program that may not exist yet."""

    def __init__(self, part: HostPart) -> None:
        self._part = part
        self._history: History | None = None

    @property
    def _known(self) -> History | None:
        if self._history is None and self._part.program is not None:
            self._history = self._part.program.history
        return self._history

    @property
    def appended(self) -> int:
        return 0 if self._known is None else self._known.appended

    @property
    def dropped(self) -> int:
        return 0 if self._known is None else self._known.dropped

    @property
    def latest(self) -> Flush | None:
        return None if self._known is None else self._known.latest

    def __len__(self) -> int:
        return 0 if self._known is None else len(self._known)

    def at(self, index: int) -> Flush | None:
        return None if self._known is None else self._known.at(index)

    def window(self, count: int, end: int | None = None) -> tuple[Flush, ...]:
        return () if self._known is None else self._known.window(count, end)

    def index_at(self, boot_ns: int) -> int | None:
        return None if self._known is None else self._known.index_at(boot_ns)


class HostProgram(MergedProgram[HostPart]):
    """A running program. The screen's thread changes it."""

    def __init__(self, request: ProgramRequest, settings: Settings, parts: Sequence[HostPart]) -> None:
        """`settings`: those of the session, with the pin as the user has given it."""
        super().__init__(request.name, parts)
        self.request = request
        self.settings = settings
        self._pages: dict[tuple[How, str], tuple[tuple[object, ...], PastStatus]] = {}
        """The last page of each way to put rows together, with what it was made from: it is asked for several times a
        second, and a pane repaints when its status is another object."""

    def page_of(self, boot_ns: int | None, how: How, only_host: str) -> PastStatus:
        """See `MergedProgram.page_of`; the status of the present page stays the same object until something changes."""
        if boot_ns is not None:
            return super().page_of(boot_ns, how, only_host)
        wanted = [part for part in self.parts if not part.is_out and only_host in ("", part.host)]
        about = (self.settings.pin, *(one for part in wanted for one in part.news()))
        known, page = self._pages.get((how, only_host), ((), None))
        if page is None or len(known) != len(about) or not all(map(is_, known, about)):
            page = super().page_of(None, how, only_host)
            self._pages[how, only_host] = (about, page)
        costs = [part.program.cost for part in wanted if part.program is not None]
        return replace(page, cost=highest([cost for cost in costs if cost is not None]))

    def living(self) -> Iterator[tuple[Engine, Program]]:
        """The programs that exist, each with its engine."""
        for part in self.parts:
            if part.engine is not None and part.program is not None:
                yield part.engine, part.program

    def shown_pin(self, pages: Sequence[PastStatus]) -> Pin | None:  # noqa: ARG002  each host has its part of the pin
        """The pin as the user has given it."""
        return self.settings.pin

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
        return LossCounts.sum_of([program.tally for _, program in self.living()])
