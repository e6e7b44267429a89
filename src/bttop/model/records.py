"""Records: what one line of bpftrace says, with the moment it arrived. Frozen; a bad line is a record too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias


class Stamp(NamedTuple):
    """When a line arrived at the tracer."""

    boot_ns: int
    """CLOCK_BOOTTIME in ns: never steps back, and the clock of bpftrace's `nsecs`."""
    wall_ns: int
    """CLOCK_REALTIME in ns since 1970."""


FOREVER: Final = 1 << 62
"""After every moment in ns, and above every number in a file; its negative is before them."""

Stream: TypeAlias = Literal["stdout", "stderr", "oversized", "skipped", "detaching"]
"""Where a line was printed. Of an `oversized` one, of either output, `data` is only how many bytes it had, in
decimal. A `skipped` one was not printed: the tracer read it from the kernel (see `Skipped`)."""


@dataclass(frozen=True, slots=True)
class StampedLine:
    """One line as it came, without its newline: the unit of recording and of replay."""

    generation: int
    """The tracer's number of the bpftrace process; never used twice in a session."""
    stream: Stream
    stamp: Stamp
    data: bytes


class Bucket(NamedTuple):
    """One histogram bucket, both ends inclusive; None is an open end."""

    low: int | None
    high: int | None
    count: int  # type: ignore[assignment]  # hides tuple.count, which a bucket has no use for


class Stats(NamedTuple):
    """A `stats()` value. `average` is recomputed as total // count wherever count is known."""

    count: int  # type: ignore[assignment]  # hides tuple.count
    average: int
    total: int


Value: TypeAlias = (
    "int | float | str | bool | Stats | tuple[Bucket, ...] | tuple[Value, ...] | Mapping[str, Value] | None"
)
"""A map's value: a number, a histogram (tuple of Bucket), Stats, a tuple or array, a struct, or text."""


@dataclass(frozen=True, slots=True)
class MapRecord:
    """One printed map."""

    stamp: Stamp
    name: str
    """As printed, with its `@`."""
    kind: Literal["map", "hist", "stats", "tseries"]
    keyed: bool
    rows: Mapping[str, Value]
    """Raw key text (repaired, unescaped, not split) to value; a scalar's only key is the empty string.
    Equal keys of one print are merged."""
    ambiguous: bool = False
    """Keys of different origin may have been merged, or one key could be split in several ways."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The end of a flush: `printf("bttop-hb MARK NUMBER NSECS\\n")` of a prepared script."""

    stamp: Stamp
    mark: str
    number: int
    nsecs: int
    is_last: bool = False
    """Whether the script's END block printed it: every probe is detached, and nothing is counted any more."""


@dataclass(frozen=True, slots=True)
class Printed:
    """Text or a value that the script printed by itself."""

    stamp: Stamp
    kind: str
    """printf, time, cat, join, syscall, value, errorf, warnf ..."""
    data: Value


@dataclass(frozen=True, slots=True)
class AttachedProbes:
    """`attached_probes`. Before loading up to 0.23, after attaching from 0.24: never proof by itself."""

    stamp: Stamp
    probes: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The line that `__BPFTRACE_NOTIFY_PROBES_ATTACHED=1` makes bpftrace print after the last attach."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class LostEvents:
    """Messages that found the output buffer full. A delta up to 0.18, a running total from 0.19."""

    stamp: Stamp
    events: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """Events for which the kernel did not run a BPF program of the process, because another was running on the CPU:
    those since the record before it."""

    stamp: Stamp
    events: int
    runs: int | None
    """How often it ran the same BPF programs in that time; None where runs are not counted."""


@dataclass(frozen=True, slots=True)
class Detaching:
    """bttop has told the process to detach: what it prints of later ticks is of the time until the detach is done."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class HelperError:
    """A BPF helper failed; `map_full` when a new key found no room."""

    stamp: Stamp
    helper: str
    retcode: int
    message: str
    line: int
    column: int

    @property
    def map_full(self) -> bool:
        return self.helper == "map_update_elem" and self.retcode == -7

    @property
    def lost_update(self) -> bool:
        """Two CPUs made the same new key at once, and bpftrace (0.23) dropped the second one's event."""
        return self.helper == "map_update_elem" and self.retcode == -17


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for people: a diagnostic on stderr, a warning on stdout, a message type with text only."""

    stamp: Stamp
    text: str


@dataclass(frozen=True, slots=True)
class Blank:
    """An empty line: bpftrace up to 0.23 prints two before its maps at exit."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A line that should have been a record and is not."""

    stamp: Stamp
    reason: str
    head: bytes
    """At most the first 200 bytes of the line."""


@dataclass(frozen=True, slots=True)
class Oversized:
    """A line above the cap: counted, not kept."""

    stamp: Stamp
    size: int


Record: TypeAlias = (
    MapRecord
    | Heartbeat
    | Printed
    | AttachedProbes
    | Ready
    | LostEvents
    | Skipped
    | Detaching
    | HelperError
    | Notice
    | Blank
    | Undecodable
    | Oversized
)
