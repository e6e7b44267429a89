"""The status of a program at one moment: immutable, read by panes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from bttop.engine.cost.thinned_cost import Thinned
    from bttop.engine.generation.badge import Badge, Complaint


class ProgramState(StrEnum):
    """The state of a program."""

    STARTING = "starting"
    """bpftrace compiles and attaches."""
    ATTACHED = "attached"
    """All probes are attached; no flush yet."""
    LIVE = "live"
    """Flushes arrive."""
    SILENT = "silent"
    """The process lives but sends no heartbeat; a new start is planned."""
    DAMAGED = "damaged"
    """It closed some of its own kernel descriptors; a new start is planned."""
    RETRYING = "retrying"
    """It ended unexpectedly and will be started again after a pause."""
    FAILED = "failed"
    """It does not compile, load or attach; it is not started again until the user acts."""
    STOPPING = "stopping"
    """It was told to detach and has not ended yet."""
    STOPPED = "stopped"
    """Stopped on request."""
    HELD = "held"
    """bttop detached it automatically: budget guard, flood or idle timeout; a key starts it again."""
    ENDED = "ended"
    """bpftrace ended with exit code 0, by the script's `exit()` or a signal from outside bttop."""
    COSTLY = "held back"
    """It would cost too much, or could change the system: it does not run until the user allows it."""
    UNAVAILABLE = "unavailable"
    """Its script and all fallbacks cannot run on this host, for example because the kernel has no such tracepoint."""


STAYS_OFF: Final = frozenset({ProgramState.STOPPED, ProgramState.STOPPING, ProgramState.HELD})
"""States in which a new text does not start the program: only a key does."""


class Status(Struct, frozen=True):
    """One program at one moment."""

    state: ProgramState
    since_ns: int
    """CLOCK_BOOTTIME of the change to this state, in ns."""
    reason: str = ""
    """Why, in one sentence."""
    generation: int = 0
    """The number of the generation that is shown, else of the last one; from 1, 0 before the first start."""
    source: str = ""
    """File name or `-e` number of the script that runs; differs from the program's name if a fallback runs."""
    probes: int = 0
    interval_ns: int = 1_000_000_000
    complaint: Complaint | None = None
    """Why the latest change could not run while an older generation continues, or why nothing runs."""
    badges: tuple[Badge, ...] = ()
    hints: tuple[str, ...] = ()
    """The tracepoints that could replace its probes on kernel functions, in sentences."""
    restarts: int = 0
    """Number of restarts that the user did not request, after crashes, silence or damage."""
    asks: str = ""
    """The command line option that runs the script that is held back, if the user can also confirm it on the screen;
    else empty."""
    offered: bool = False
    """Whether there is a cheaper alternative to the script that is held back."""
    itself: str = ""
    """Whether bttop's own processes are counted, as text; empty if no exclusion was requested."""
    thinned: Thinned | None = None
    """How its events are thinned; None: it takes all."""
    retry_at_ns: int | None = None
    """CLOCK_BOOTTIME of the next automatic try, in ns; None if none is planned."""

    @property
    def running(self) -> bool:
        return self.state in (
            ProgramState.STARTING,
            ProgramState.ATTACHED,
            ProgramState.LIVE,
            ProgramState.SILENT,
            ProgramState.DAMAGED,
        )
