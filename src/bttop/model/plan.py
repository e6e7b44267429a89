"""What a prepared script promises about its output. script/ writes a plan, the flush assembler reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Aggregation = Literal["count", "sum", "avg", "min", "max", "stats", "hist", "lhist", "tseries", "value"]
"""`value` is a map that is assigned, not aggregated."""

Scheme = Literal["bank", "cumulative", "gauge", "own"]
"""How a flush of the map is made exact.

bank: two maps take turns; the idle one is printed and cleared. Each print holds the data of one interval.
cumulative: never cleared; a flush is this print minus the previous one (same generation).
gauge: printed whole in each interval, never cleared (plain assignments).
own: the script prints the map itself; the print is used as it is. A map that is never cleared is `kept`.
"""

PartKind = Literal["int", "text", "stack", "any"]
"""What a key part can hold; `any` is unknown (read as an integer if it looks like one)."""

HEARTBEAT_WORD = "bttop-hb"
"""First word of the heartbeat line: `bttop-hb MARK NUMBER NSECS\\n`. Plain ASCII: a control character would
switch bpftrace 0.24 and newer to hexadecimal histogram counts."""

LAST_WORD = "end"
"""Fourth word of the last heartbeat of a run, printed by the script's END block."""


class Column(NamedTuple):
    """One part of a map's key. A named tuple, because the caches of split keys hash it."""

    title: str
    kind: PartKind = "any"
    decoder: str = ""
    """Turns the raw part into readable text: `syscall` (number to name), `address` (bytes to an IP address); empty
    keeps the raw part."""


class Numbered(NamedTuple):
    """A histogram that the edited script counts by bucket number; the number is the last part of the key.

    Number 0 is every value below the first bucket. With a `step` of 0 the buckets are those of hist(): 1 is the value
    0, 2 is 1, 3 is 2 to 3, and so on. Otherwise they are those of lhist(): from `low` to `high`, and one more for
    larger values.
    """

    low: int = 0
    high: int = 0
    step: int = 0

    @property
    def last(self) -> int:
        """The highest bucket number."""
        return (self.high - self.low) // self.step + 1 if self.step else 64


@dataclass(frozen=True, slots=True)
class MapPlan:
    """One map of the user's script, under the user's name."""

    name: str
    """With its `@`, for example `@bytes`; bpftrace's nameless map is `@`."""
    aggregation: Aggregation
    columns: tuple[Column, ...] = ()
    """One per key part; empty for a scalar."""
    scheme: Scheme = "own"
    unit: str = ""
    """Unit of the value: `bytes`, `ns`, `us`, `ms`, `s`, or empty for plain numbers."""
    title: str = ""
    view: str = ""
    """The view to open with; if empty, the shape of the data decides."""
    sort: str = ""
    """Title of the column to sort by first; empty sorts by value."""
    pid: str = ""
    """Title of the key column that holds a process ID, if there is one."""
    tid: str = ""
    """Title of the key column that holds a thread ID, if there is one."""
    numbered: Numbered | None = None
    """How to build the histogram, if the printed rows are bucket numbers."""
    under_key: bool = False
    """Whether the edited script stores a map without a key under the key 0. Then an empty map is not printed, while
    bpftrace prints 0 for an empty map without a key (see `Traits.empty_is_zero`)."""
    kept: bool = False
    """Whether the script prints the map itself and never clears it, so that a print holds everything so far. If two
    prints can be subtracted, the scheme is `cumulative`; otherwise the total is shown."""
    at_end: bool = False
    """Whether the map is printed only when the program ends; then only the last flush has it."""

    @property
    def arity(self) -> int:
        return len(self.columns)

    @property
    def is_state(self) -> bool:
        """Whether a print holds everything so far instead of one interval: prints cannot be added."""
        return self.scheme == "gauge" or (self.kept and self.scheme != "cumulative")

    @property
    def is_running(self) -> bool:
        """Whether a print is a total that grows with each event, although the count of one interval is expected."""
        return self.kept and self.is_state and not self.at_end and self.aggregation not in ("value", "tseries")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the flush assembler must know about one prepared script."""

    maps: Mapping[str, MapPlan] = field(default_factory=dict)
    """By the user's name."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Printed name (of one of bttop's banks) to the user's name."""
    heartbeats: tuple[str, ...] = ()
    """Marks of the heartbeats in the script, one per interval block that prints. If empty, flushes are grouped by
    arrival time."""
    interval_ns: int = 1_000_000_000
    """Nominal length of an interval; real lengths come from the heartbeats."""
    raw: bool = False
    """Whether the script prints plain text instead of records, as `iter` probes do."""

    def logical(self, printed: str) -> str:
        """The user's name of a map that bpftrace printed as `printed`."""
        return self.aliases.get(printed, printed)
