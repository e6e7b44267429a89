"""Records: the content of one line of bpftrace, with the time when it arrived. Frozen; a bad line is a record too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

from msgspec import Meta, Struct


class Stamp(NamedTuple):
    """When a line arrived at the tracer."""

    boot_ns: int
    """CLOCK_BOOTTIME in ns: never steps back; bpftrace's `nsecs` uses the same clock."""
    wall_ns: int
    """CLOCK_REALTIME in ns since 1970."""


FOREVER: Final = 1 << 62
"""Later than every time in ns, and above every number in a file; its negative is below them."""

Stream: TypeAlias = Literal["stdout", "stderr", "oversized", "skipped", "detaching"]
"""Where a line was printed. `oversized`: on either output; `data` is only its number of bytes, in decimal. `skipped`:
not printed, but read from the kernel by the tracer (see `Skipped`). `detaching`: not printed (see `Detaching`)."""


class StampedLine(Struct, frozen=True):
    """One line as it arrived, without its newline: the unit of recording and replay."""

    generation: int
    """The tracer's number of the bpftrace process; never reused in a session."""
    stream: Stream
    stamp: Stamp
    data: bytes


Word: TypeAlias = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""A number of 64 bits: the typed decoders refuse others."""


NO_COUNT: Final = -(1 << 63)
"""The count of a bucket that is printed without one: the typed decoder refuses it."""


class Bucket(Struct, frozen=True, gc=False, forbid_unknown_fields=True, rename={"low": "min", "high": "max"}):
    """One histogram bucket, both ends inclusive; None is an open end. The typed decoder makes it from bpftrace's line,
    in which an open end is missing; so all members have defaults."""

    low: Word | None = None
    high: Word | None = None
    count: Word = NO_COUNT


class Stats(NamedTuple):
    """A `stats()` value. `average` is recomputed as total // count unless count is 0."""

    count: int  # type: ignore[assignment]  # hides tuple.count
    average: int
    total: int


Value: TypeAlias = (
    "int | float | str | bool | Stats | tuple[Bucket, ...] | tuple[Value, ...] | Mapping[str, Value] | None"
)
"""A map's value: a number, a histogram (tuple of Bucket), Stats, a tuple or array, a struct, or text."""


class MapRecord(Struct, frozen=True):
    """One printed map."""

    stamp: Stamp
    name: str
    """As printed, with its `@`."""
    kind: Literal["map", "hist", "stats", "tseries"]
    keyed: bool
    rows: Mapping[str, Value]
    """Raw key text (repaired, unescaped, not split) to value; the only key of a scalar is the empty string. Equal keys
    of one print are merged."""
    ambiguous: bool = False
    """Different keys may have been merged, or a key could be split in several ways."""


class Heartbeat(Struct, frozen=True):
    """The end of a flush, printed by a prepared script (see `heartbeats.py`)."""

    stamp: Stamp
    mark: str
    number: int
    nsecs: int
    is_last: bool = False
    """Whether the script's END block printed it: all probes are detached, and counting has ended."""


class Printed(Struct, frozen=True):
    """Text or a value that the script printed itself."""

    stamp: Stamp
    kind: str
    """printf, time, cat, join, syscall, value, errorf, warnf ..."""
    data: Value


class AttachedProbes(Struct, frozen=True):
    """`attached_probes`: up to 0.23 printed before loading, so it does not prove an attach; from 0.24 printed after
    attaching."""

    stamp: Stamp
    probes: int


class Ready(Struct, frozen=True):
    """The line that `__BPFTRACE_NOTIFY_PROBES_ATTACHED=1` makes bpftrace print after the last attach."""

    stamp: Stamp


class LostEvents(Struct, frozen=True):
    """Messages lost because the output buffer was full. A difference up to 0.18, a running total from 0.19."""

    stamp: Stamp
    events: int


class Skipped(Struct, frozen=True):
    """Events since the previous such record for which the kernel did not run a BPF program of the process, because
    another one was running on the CPU."""

    stamp: Stamp
    events: int
    runs: int | None
    """How often the same BPF programs ran in that time; None if runs are not counted."""


class Detaching(Struct, frozen=True):
    """bttop has told the process to detach: later ticks that it prints cover the time until the detach is complete."""

    stamp: Stamp


class HelperError(Struct, frozen=True):
    """A BPF helper failed; `map_full` if there was no room for a new key."""

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
        """Two CPUs created the same new key at once, and bpftrace (0.23) dropped the event of the second one."""
        return self.helper == "map_update_elem" and self.retcode == -17


class Notice(Struct, frozen=True):
    """A line for people: a diagnostic on stderr, a warning on stdout, or a message type with only text."""

    stamp: Stamp
    text: str


class Blank(Struct, frozen=True):
    """An empty line: bpftrace up to 0.23 prints two before its maps at exit."""

    stamp: Stamp


class Undecodable(Struct, frozen=True):
    """A line that should have been a record but could not be decoded."""

    stamp: Stamp
    reason: str
    head: bytes
    """At most the first 200 bytes of the line."""


class Oversized(Struct, frozen=True):
    """A line above the size limit: counted, not kept."""

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
