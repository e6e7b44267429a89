"""What a prepared script promises about its output. script/ writes a plan, the flush assembler reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from msgspec import Struct, field

MOST_THINNED: Final = 256
"""The largest `one_in`: even a stack of 8 us then costs less than turning an event away."""

Aggregation = Literal["count", "sum", "avg", "min", "max", "stats", "hist", "lhist", "tseries", "value"]
"""`value` is a map that is assigned, not aggregated."""

Scheme = Literal["bank", "cumulative", "gauge", "own"]
"""How a flush of the map is made exact.

bank: two maps take turns; the idle one is printed and cleared. Each print holds the data of one interval.
cumulative: never cleared; a flush is this print minus the previous one (same generation).
gauge: printed whole in each interval, never cleared (plain assignments).
own: the script prints the map itself; the print is used as it is. A map that is never cleared is `kept`.
"""

PartKind = Literal["int", "text", "name", "stack", "any"]
"""What a key part can hold: `name` is text without a comma, `any` is unknown (read as an integer if it looks like
one)."""


DECODERS: Final = frozenset(
    {
        "address", "advice", "block_operation", "device", "errno", "ethertype", "family", "futex", "map_flags",
        "open_flags", "process", "protection", "protocol", "result", "signal", "socket_type", "syscall", "task_state",
        "tcp_state",
    }
)  # fmt: skip
"""The names of all decoders (see `format/names.py`)."""


class Column(NamedTuple):
    """One part of a map's key. A named tuple, because the caches of split keys hash it."""

    title: str
    kind: PartKind = "any"
    decoder: str = ""
    """One of DECODERS, which turns the raw part into readable text; empty keeps the raw part."""
    depth: int = 0
    """Maximum frames of a stack, if the script sets it; 0 if bpftrace's own limit (127) holds."""


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


def own_print(name: str) -> str:
    """The name under which a script's own print of a map is shown beside bttop's."""
    return f"{name} (printed)"


class MapPlan(Struct, frozen=True):
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
    occasional: bool = False
    """Whether it is a print that the script makes at its end, on a signal or at an event, of a map that bttop shows at
    each interval (see `own_print`). Only the flush in which the script made the print has it."""
    mark: str = ""
    """Mark of the only heartbeat whose flushes have the map; empty if several have it, or if that is unknown."""
    limit: int = 0
    """Number of entries that the script itself gives the map; 0 if the limit of the bpftrace process holds."""
    longest_text: int = 0
    """Number of bytes that `str()` keeps if the script sets it; 0 if that of the release holds."""
    one_in: int = 1
    """The factor by which values are scaled, because the script counted only one event in this many; 1 if it counted
    all, and for values that cannot be scaled (`min`, `max`, assigned ones)."""
    by_key: bool = False
    """Whether the counted events were chosen by a key, such as the thread, and not each by chance: the error of the
    scaled values is then unknown."""
    stack: Column | None = None
    """The stack that each value is, if the script assigns nothing but stacks of one kind; else None."""
    since: bool = False
    """Whether the script stores moments, in ns of `nsecs`. The rows of a flush are their ages at its end."""

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
        return self.kept and self.is_state and not self.occasional and self.aggregation not in ("value", "tseries")


class Plan(Struct, frozen=True):
    """What the flush assembler must know about one prepared script."""

    maps: Mapping[str, MapPlan] = field(default_factory=dict)
    """By the user's name."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Printed name (of one of bttop's banks) to the user's name."""
    heartbeats: tuple[str, ...] = ()
    """Marks of the heartbeats in the script, one per interval block that prints; a heartbeat has the index of its mark.
    If empty, flushes are grouped by arrival time."""
    interval_ns: int = 1_000_000_000
    """Nominal length of the shortest interval; real lengths come from the heartbeats."""
    nonce: int = 0
    """A random number, another one for each generation: a heartbeat begins with it (see `record/heartbeats.py`)."""
    periods: Mapping[str, int] = field(default_factory=dict)
    """Nominal length in ns of the interval of each mark; 0 if it is unknown."""
    raw: bool = False
    """Whether the script prints plain text instead of records, as `iter` probes do."""
    one_in: int = 1
    """One event in this many reaches the script's probes; 1 if all do."""

    def period_ns(self, mark: str) -> int:
        """The nominal length of the interval of a mark; of the shortest one if it is unknown."""
        return self.periods.get(mark) or self.interval_ns

    def knows_period(self, mark: str) -> bool:
        """Whether the nominal length of the interval of a mark is known."""
        return self.periods.get(mark, self.interval_ns if len(self.heartbeats) < 2 else 0) > 0

    @property
    def has_banks_only(self) -> bool:
        """Whether each print of each map holds the data of one interval."""
        return all(one.scheme == "bank" for one in self.maps.values())

    def is_cleared(self, printed: str) -> bool:
        """Whether a map that bpftrace printed as `printed` is cleared after each of its prints."""
        plan = self.maps.get(self.logical(printed))
        return plan is not None and (plan.scheme == "bank" or (plan.scheme == "own" and not plan.kept))

    def logical(self, printed: str) -> str:
        """The user's name of a map that bpftrace printed as `printed`."""
        return self.aliases.get(printed, printed)
