"""What the screen shows: running programs, or a recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from msgspec import Struct

from bttop.engine.cost.cost import Bill
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.status import Status
from bttop.model.record.records import Stamp

if TYPE_CHECKING:
    from bttop.engine.any_run import AnyRun
    from bttop.engine.bridge import EngineBridge
    from bttop.engine.engine import Engine
    from bttop.engine.generation.source import Settings, Source
    from bttop.engine.host.host import Bpftrace, Host
    from bttop.engine.host.process.processes import Process
    from bttop.engine.remote.link import Link
    from bttop.engine.request.questions import ProgramRequest
    from bttop.model.flush.flush import LossCounts
    from bttop.model.history.timeline import Timeline
    from bttop.model.hosts.merged_maps import How
    from bttop.script.process.pin import Pin
    from bttop.script.rewrite.suggestions import Suggestion


class AnyProgram(Protocol):
    """One program, running or recorded."""

    @property
    def name(self) -> str: ...

    @property
    def host(self) -> str:
        """The host on which it runs, as the user has named it; empty if programs run on one host only."""

    @property
    def history(self) -> Timeline: ...

    @property
    def tally(self) -> LossCounts:
        """The losses and errors since the program was created, where known."""

    def page(self, boot_ns: int | None = None) -> PastStatus:
        """The program at a moment of CLOCK_BOOTTIME, in ns; None: now, or at the end of a recording."""


@runtime_checkable
class RunningProgram(AnyProgram, Protocol):
    """A program that runs: on one host, or on several."""

    @property
    def status(self) -> Status: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def sources(self) -> tuple[Source, ...]: ...

    @property
    def suggestions(self) -> tuple[Suggestion, ...]: ...


class HostAbout(Struct, frozen=True):
    """A program on one of its hosts."""

    host: str
    link: Link | None
    """The connection; None if the host is this one."""
    status: Status | None
    """None if it has never run there."""
    is_out: bool
    """Whether the host is not asked: the pin is on others."""


@runtime_checkable
class HostViews(Protocol):
    """A program of several hosts as one, with the rows of its hosts put together in one way."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts."""

    @property
    def how(self) -> How: ...

    @property
    def only_host(self) -> str:
        """The host on show, if `how` is `one`; else empty."""

    def about(self) -> Sequence[HostAbout]:
        """Each host."""

    def seen(self, how: How, host: str = "") -> AnyProgram:
        """The same program with rows put together in another way; `host` is needed for `one`."""


P = TypeVar("P", bound=RunningProgram)


class TracingEngine(Protocol[P]):
    """Runs programs on one host, or on several; see `Engine`."""

    @property
    def programs(self) -> Sequence[P]: ...

    @property
    def host(self) -> Host: ...

    @property
    def run(self) -> AnyRun:
        """The programs of each host, for what waits for their end."""

    @property
    def links(self) -> Sequence[Link]:
        """The connections to other hosts; none if the host is this one."""

    def engine_of(self, host: str = "") -> Engine:
        """The engine of a host; without a name that of the only host, or of the first of several that answers."""

    def pin_of(self, text: str) -> Pin | str: ...

    def seconds_run(self) -> float: ...

    def toggle(self, program: P) -> None: ...

    def set_interval(self, interval_ms: int) -> None: ...

    def pin(self, pin: Pin | None, programs: Sequence[P]) -> None: ...

    def open(self, question: ProgramRequest, settings: Settings) -> None: ...

    def remove(self, program: P) -> None: ...

    def reload(self, program: P, sources: Sequence[Source]) -> None: ...

    def refuse_reload(self, program: P, why: str) -> None: ...

    def approve(self, program: P) -> None: ...


AnyEngine: TypeAlias = TracingEngine[Any]


class Session(Protocol):
    """Programs, and the host on which they run or ran."""

    @property
    def host(self) -> Host: ...

    @property
    def bpftrace(self) -> Bpftrace: ...

    @property
    def programs(self) -> Sequence[AnyProgram]: ...

    @property
    def bridge(self) -> EngineBridge: ...

    @property
    def tracing(self) -> AnyEngine | None:
        """The engine that runs the programs; None in a recording."""

    @property
    def error(self) -> BaseException | None:
        """The error that ended the session, if any."""

    @property
    def end(self) -> Stamp | None:
        """The last moment of a recording; None in a running session."""

    def now(self) -> Stamp:
        """The clocks of the host now; in a recording those of this host."""

    def bill_at(self, boot_ns: int | None = None) -> Bill | None:
        """What all programs and bttop cost at a moment of CLOCK_BOOTTIME, in ns; None: now, or at the end of a
        recording. Returns None if unknown."""

    @property
    def problems(self) -> Sequence[str]:
        """The problems of the session itself so far, in sentences."""

    def touch(self) -> None:
        """The user has pressed a key or used the mouse."""

    def at_full_speed(self) -> None:
        """The dashboard is on screen."""

    def close(self) -> None:
        """End everything; may be repeated."""

    def kill(self) -> None:
        """End all processes at once, from any thread: the last resort."""


class FrameNames(Protocol):
    """Names of user addresses that bpftrace has printed without a name."""

    @property
    def version(self) -> int:
        """Grows with each name that becomes known."""

    def name(self, pid: int, address: int, /) -> str:
        """The name of an address of a process; empty if it is not known, or not yet."""

    def want(self, addresses: Iterable[tuple[int, int]], /) -> None:
        """Look up these addresses (process id, address) in the background, the most important first."""

    def close(self) -> None:
        """End the background lookups."""


class ProcessSource(Protocol):
    """Looks up the processes on the screen."""

    def on(self, host: str, /) -> ProcessSource:
        """The processes of one of several hosts; the same source if there is only one."""

    def note(self, pids: Sequence[int]) -> None:
        """These ids are on the screen: look up the unknown ones in the background."""

    def get(self, pid: int) -> Process | None:
        """The process with this id if it is already known, without waiting."""

    def look(self, pid: int) -> Process | None:
        """The process with this id, looked up now."""

    def open_file(self, pid: int, descriptor: int, /) -> str:
        """What a process has open under a number now, as /proc names it; empty if that is not known."""

    def has_ended(self, pid: int, /) -> bool:
        """Whether there is no such process; False if that is not known."""

    @property
    def why_unknown(self) -> str:
        """Why no process can be looked up; empty if they can."""

    def close(self) -> None:
        """End the background lookups."""
