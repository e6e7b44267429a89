"""What a prepared script promises about its output: the one vocabulary between script/ (which writes a plan)
and the flush assembler (which reads it)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Aggregation = Literal["count", "sum", "avg", "min", "max", "stats", "hist", "lhist", "tseries", "value"]
"""`value` is a map that is assigned, not aggregated."""

Scheme = Literal["bank", "cumulative", "gauge", "own"]
"""How a flush of the map is made exact.

bank: two maps take turns; the idle one is printed and cleared. Each print is the interval's own data.
cumulative: never cleared; a flush is this print minus the one before (same generation).
gauge: printed whole each interval, never cleared (plain assignments).
own: the script prints it by itself; the print is taken as it is. What is never cleared is `kept`.
"""

PartKind = Literal["int", "text", "stack", "any"]
"""What a key part can hold; `any` is unknown (an integer when it reads like one)."""

HEARTBEAT_WORD = "bttop-hb"
"""First word of the heartbeat line: `bttop-hb MARK NUMBER NSECS\\n`. Plain ASCII: a control character would
switch bpftrace 0.24 and newer to hexadecimal histogram counts."""

LAST_WORD = "end"
"""Fourth word of the last heartbeat of a run, which the script's END block prints."""


class Column(NamedTuple):
    """One part of a map's key. A named tuple, because it is part of the key of every cache of split keys."""

    title: str
    kind: PartKind = "any"
    decoder: str = ""
    """Turns the raw part into what people read: `syscall` (number to name), `address` (bytes to an IP address);
    empty shows it as it is."""


class Numbered(NamedTuple):
    """A histogram that the edited script counts by the number of the bucket, as the last part of the key.

    Number 0 is everything below the first bucket. With a `step` of 0 the buckets are those of hist(): 1 is zero, 2 is
    one, 3 is two and three, and so on; else those of lhist(): from `low` to `high`, and one more for what is above.
    """

    low: int = 0
    high: int = 0
    step: int = 0

    @property
    def last(self) -> int:
        """The highest number."""
        return (self.high - self.low) // self.step + 1 if self.step else 64


@dataclass(frozen=True, slots=True)
class MapPlan:
    """One map of the user's script, under the name that the user gave it."""

    name: str
    """With its `@`, for example `@bytes`; `@` alone is bpftrace's nameless map."""
    aggregation: Aggregation
    columns: tuple[Column, ...] = ()
    """One per key part; empty for a scalar."""
    scheme: Scheme = "own"
    unit: str = ""
    """Unit of the value: `bytes`, `ns`, `us`, `ms`, `s` or empty for plain numbers."""
    title: str = ""
    view: str = ""
    """The view to open with; empty lets the shape of the data decide."""
    sort: str = ""
    """Column title to sort by at first; empty sorts by value."""
    pid: str = ""
    """Title of the key column that holds a process id, when one does."""
    tid: str = ""
    """Title of the key column that holds a thread id, when one does."""
    numbered: Numbered | None = None
    """How to make the histogram from the rows that are printed, where they are numbers of buckets."""
    under_key: bool = False
    """Whether the edited script keeps the value of a map without a key under the key 0: an empty map is then not
    printed, where bpftrace would print 0 for a map without a key (see `Dialect.empty_is_zero`)."""
    kept: bool = False
    """Whether a map that the script prints by itself is never cleared, so that a print holds everything so far.
    Where two prints can be subtracted the scheme is `cumulative`; elsewhere the total is shown."""
    at_end: bool = False
    """Whether the map is printed when the program ends and not before; only the last flush has it."""

    @property
    def arity(self) -> int:
        return len(self.columns)

    @property
    def is_state(self) -> bool:
        """Whether a print holds everything so far and not what came in one interval: prints cannot be added."""
        return self.scheme == "gauge" or (self.kept and self.scheme != "cumulative")

    @property
    def is_running(self) -> bool:
        """Whether a print is a total that grows with each event, where one would expect what an interval counted."""
        return self.kept and self.is_state and not self.at_end and self.aggregation not in ("value", "tseries")


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the flush assembler must know of one prepared script."""

    maps: Mapping[str, MapPlan] = field(default_factory=dict)
    """By the user's name."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Name as printed (a bank of bttop's) to the user's name."""
    heartbeats: tuple[str, ...] = ()
    """Marks of the heartbeats in the script, one per interval block that prints; empty: by arrival."""
    interval_ns: int = 1_000_000_000
    """Nominal length of an interval; real lengths come from the heartbeats."""
    raw: bool = False
    """Whether the script's text comes as it is, as that of `iter` probes does, and not as records."""

    def logical(self, printed: str) -> str:
        """The user's name of a map that bpftrace printed as `printed`."""
        return self.aliases.get(printed, printed)
