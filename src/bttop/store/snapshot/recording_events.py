"""The events of a recording, in the order in which they happened. Times are CLOCK_BOOTTIME and ns since 1970.

Named tuples: a module of dataclasses takes three times as long to import, and this one is imported before the first
frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from bttop.model.plan import Plan
from bttop.model.record.records import Stamp, StampedLine
from bttop.store.snapshot.facts import RecordedHost

FIRST_HOST = 1
"""Number of the first host, and of the only one."""
NO_HOST = 0
"""Number that stands for no single host; times are then on the clocks of the recording."""


class HostKnown(Struct, frozen=True):
    """A host joined the session, or its clocks were measured more exactly."""

    host: RecordedHost


class ProgramAdded(Struct, frozen=True):
    """A program joined the session."""

    program: int
    """Its number in the recording; numbers are not reused."""
    name: str
    host: int = FIRST_HOST


class GenerationStarted(Struct, frozen=True):
    """A generation was started."""

    generation: int
    """The tracer's number for it."""
    program: int
    number: int
    """Its number within its program, from 1."""
    source: str
    text: str
    """The user's script."""
    prepared: str
    """The text that bpftrace runs."""
    args: tuple[str, ...]
    plan: Plan
    pin: str
    """The pin as an expression of bpftrace; empty without a pin."""
    badges: tuple[tuple[str, str], ...]
    """The caveats of the script: badge and explanation."""
    stamp: Stamp


class CaveatsChanged(Struct, frozen=True):
    """The caveats of a generation changed after its start: some of its probes could not be attached."""

    generation: int
    badges: tuple[tuple[str, str], ...]


class LineReceived(Struct, frozen=True):
    """A line was received."""

    line: StampedLine
    hexadecimal: bool
    """The decoder's `hexadecimal` flag before the line (see model/record/decode.py)."""


class FlushCompleted(Struct, frozen=True):
    """A flush was added to its program's history."""

    generation: int
    end: Stamp
    """End of the flush; its boot time uses the clock of bpftrace's `nsecs`."""
    stamp: Stamp
    """Arrival of the last line of the flush."""
    rest: int = 0
    """Number of lines of its generation after its last one: the line that closed it begins the next flush."""
    untimed: int = 0
    """Its number, if no heartbeat closed it; else 0."""


class GenerationEnded(Struct, frozen=True):
    """The display of a generation ended: it was retired, or its process has ended."""

    generation: int


class StatusChanged(Struct, frozen=True):
    """The state of a program changed."""

    program: int
    stamp: Stamp
    state: str
    reason: str
    complaint: str = ""
    """bpftrace's message, or the reason why nothing runs; may have several lines."""


class MarkSet(Struct, frozen=True):
    """A mark was set at a moment of interest."""

    stamp: Stamp
    cause: str
    """`user`, or the cause of an automatic mark: `trigger`, `silent`, `lost`, `reached`, `stopped`."""
    note: str
    host: int = NO_HOST
    """The host that it is about, whose clocks its time is on."""


LOST = "lost"
"""The cause of a mark that reports what is missing from a recording."""
REACHED = "reached"
"""The cause of a mark when a host has come that was missing or lost."""


BTTOP = 0
"""Program number that stands for bttop itself; on another host, for the tracer there."""


class CostSampled(Struct, frozen=True):
    """An entry was added to the cost ledger."""

    program: int
    """Number of the program, or `BTTOP`."""
    stamp: Stamp
    cost: Mapping[str, float]
    host: int = FIRST_HOST


class ProcessSeen(Struct, frozen=True):
    """A process appeared on the screen; its facts."""

    pid: int
    stamp: Stamp
    facts: Mapping[str, object]
    host: int = FIRST_HOST


RecordingEvent: TypeAlias = (
    HostKnown
    | ProgramAdded
    | GenerationStarted
    | CaveatsChanged
    | LineReceived
    | FlushCompleted
    | GenerationEnded
    | StatusChanged
    | MarkSet
    | CostSampled
    | ProcessSeen
)
