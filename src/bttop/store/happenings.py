"""What a recording is made of, in the order in which it happened. Times are CLOCK_BOOTTIME and ns since 1970.

Named tuples: a module of dataclasses takes three times as long to import, and this one is imported before the first
frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from bttop.model.plan import Plan
from bttop.model.records import Stamp, StampedLine


class Added(NamedTuple):
    """A program joined the session."""

    program: int
    """Its number in the recording; never used twice."""
    name: str


class Begun(NamedTuple):
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
    """The text that was given to bpftrace."""
    args: tuple[str, ...]
    plan: Plan
    pin: str
    """The restriction as an expression of bpftrace; empty without a pin."""
    badges: tuple[tuple[str, str], ...]
    """The caveats of the text: badge and explanation."""
    stamp: Stamp


class Badged(NamedTuple):
    """A generation has other caveats than when it was started: not all of it could be attached."""

    generation: int
    badges: tuple[tuple[str, str], ...]


class Came(NamedTuple):
    """A line came."""

    line: StampedLine
    hexadecimal: bool
    """The decoder's flag before the line (see model/decode.py)."""


class Shown(NamedTuple):
    """A flush joined its program's history."""

    generation: int
    end: Stamp
    """The flush's end; its boot time is on the clock of bpftrace's `nsecs`."""
    stamp: Stamp
    """Of the last line of the flush."""
    rest: int = 0
    """How many lines of its generation came after its last one: the one that closed it by beginning the next."""
    untimed: int = 0
    """Its number, when no heartbeat closed it; else 0."""


class Ended(NamedTuple):
    """A generation is not shown any more: it was retired, or its process has ended."""

    generation: int


class Changed(NamedTuple):
    """A program is in another state."""

    program: int
    stamp: Stamp
    state: str
    reason: str
    complaint: str = ""
    """bpftrace's message, or why nothing runs; several lines."""


class Marked(NamedTuple):
    """Something worth finding again."""

    stamp: Stamp
    cause: str
    """`user`, or what set it by itself: `trigger`, `silent`, `lost`."""
    note: str


LOST = "lost"
"""The cause of a mark that says what a recording does not hold."""


BTTOP = 0
"""In the place of a program: bttop itself."""


class Spent(NamedTuple):
    """An entry of the cost ledger."""

    program: int
    """Or `BTTOP`."""
    stamp: Stamp
    cost: Mapping[str, float]


class Met(NamedTuple):
    """Who a process on the screen was."""

    pid: int
    stamp: Stamp
    facts: Mapping[str, object]


Happening: TypeAlias = Added | Begun | Badged | Came | Shown | Ended | Changed | Marked | Spent | Met
