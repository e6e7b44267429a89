"""What is known of a program at one moment: the frozen page that panes read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a program stands."""

    STARTING = "starting"
    """bpftrace compiles and attaches."""
    ATTACHED = "attached"
    """All probes are attached; no flush yet."""
    LIVE = "live"
    """Flushes arrive."""
    SILENT = "silent"
    """It lives and sends no heartbeat; a fresh start is on its way."""
    DAMAGED = "damaged"
    """It lost kernel descriptors of its own; a fresh start is on its way."""
    RETRYING = "retrying"
    """It ended against its will and will be started again after a pause."""
    FAILED = "failed"
    """It does not compile, load or attach; nothing will change until somebody acts."""
    STOPPING = "stopping"
    """It was told to detach and has not ended yet."""
    STOPPED = "stopped"
    """Stopped on request."""
    HELD = "held"
    """bttop detached it by itself: the fuse blew, or nobody was there; a key starts it again."""
    ENDED = "ended"
    """The script ended by itself."""
    COSTLY = "held back"
    """It would cost too much, or could change the system: nothing runs until somebody says so."""
    UNAVAILABLE = "unavailable"
    """This kernel has not got what it attaches to, and there is no fallback left."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that went wrong with one generation, as lines to show: bpftrace's own message first."""

    title: str
    lines: tuple[str, ...] = ()


_WRONG = (
    "not attached",
    "attach points not checked",
    "maps left out",
    "++ loses updates",
    "print+clear",
    "skips are not counted",
)
"""How the badges begin by which a number is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A caveat that stands on the pane's rule; `why` explains it on demand."""

    text: str
    why: str

    @property
    def says_wrong(self) -> bool:
        """Whether a number is missing or wrong by it; the others say how to read one. By the text, which is all that a
        recording has of it."""
        return self.text.startswith(_WRONG)


@dataclass(frozen=True, slots=True)
class Status:
    """One program at one moment."""

    state: State
    since_ns: int
    """CLOCK_BOOTTIME of the change to this state."""
    reason: str = ""
    """Why, in one sentence."""
    generation: int = 0
    """How many times it was started, this start included."""
    source: str = ""
    """File name or `-e` number of what runs; differs from the program's name where a fallback runs."""
    probes: int = 0
    interval_ns: int = 1_000_000_000
    complaint: Complaint | None = None
    """The last generation that could not run while an older one goes on, or why nothing runs."""
    badges: tuple[Badge, ...] = ()
    restarts: int = 0
    """Starts that were not asked for: crashes, silence, damage."""
    asks: str = ""
    """The option that runs what is held back, where a word of the user's on the screen runs it as well."""
    offered: bool = False
    """Whether what is held back has an offer that would cost less."""
    itself: str = ""
    """Whether bttop's own processes are left out, in words; empty when nobody asked for it."""
    retry_at_ns: int | None = None
    """CLOCK_BOOTTIME of the next try by itself; None when none is planned."""

    @property
    def running(self) -> bool:
        return self.state in (State.STARTING, State.ATTACHED, State.LIVE, State.SILENT, State.DAMAGED)
