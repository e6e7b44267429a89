"""Formats keys, values and moments for a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from bttop.model.flush.by_function import FrameNamer, function_key
from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.format.names import Decoder
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Stamp, Stats, Value
from bttop.model.record.stacks import NO_FRAMES, stacks_of
from bttop.store.aliases import NamePolicy
from bttop.store.snapshot.facts import HostClock
from bttop.store.times import local, wall_at

_DAY_NS = 86_400 * 10**9


class Labels(Struct, frozen=True):
    """The formatting rules of one report."""

    names: NamePolicy
    decoders: Mapping[str, Decoder]
    begin: Stamp
    """Begin of the recording; `end` is its end."""
    end: Stamp
    namer: FrameNamer | None = None
    """Names user addresses that bpftrace printed without a name."""
    public: frozenset[str] = frozenset()
    """Scripts that are public, because bttop ships them."""

    def script(self, text: str) -> str:
        """Return a script as it may be shown."""
        return text if text in self.public else self.names.script(text)

    def of_script(self, words: str, script: str) -> str:
        """Return a text about a script that the script itself contains, such as its title."""
        return words if script in self.public else self.names.text(words)

    def clock(self, boot_ns: int) -> str:
        """Return the local time of day; in a recording of more than a day, with the date."""
        moment = local(wall_at(boot_ns, self.begin, self.end))
        return f"{moment:%b %d %H:%M:%S}" if self.end.boot_ns - self.begin.boot_ns > _DAY_NS else f"{moment:%H:%M:%S}"

    def cells(self, key: str, plan: MapPlan) -> list[str]:
        """Return a key as one text per column; a stack is one line, innermost frame first."""
        cells = []
        for column, part in zip(plan.columns, self._parts(key, plan), strict=False):
            if column.kind == "stack":
                frames = [self.names.frame(frame) for _, found in stacks_of([column], [part]) for frame in found]
                cells.append(" < ".join(frames) or NO_FRAMES)
            else:
                cells.append(self.cell(column, part))
        return cells or [key]

    def cell(self, column: Column, part: int | str) -> str:
        """Return a part of a key. The names of the kernel's numbers are public; an address is not."""
        decoded = self.decoders[column.decoder](part) if column.decoder in self.decoders else part
        is_public = column.decoder != "address" and decoded != part
        return str(decoded) if is_public else self.names.part(column, decoded)

    def stack(self, key: str, plan: MapPlan) -> tuple[str, list[tuple[str, Sequence[str]]]]:
        """Return the text parts of a key, such as the process name, and its stacks, kernel first, each with the title
        of its column."""
        parts = self._parts(key, plan)
        words = [
            self.names.part(column, part)
            for column, part in zip(plan.columns, parts, strict=False)
            if column.kind != "stack" and not isinstance(part, int)
        ]
        stacks = stacks_of(plan.columns, parts)
        return " ".join(words), [(title, [self.names.frame(name) for name in frames]) for title, frames in stacks]

    def _parts(self, key: str, plan: MapPlan) -> Sequence[int | str]:
        return split_key(function_key(key, plan, self.namer), plan.columns).parts

    def value(self, value: Value) -> str:
        """Return a value that is neither a number nor a histogram as text."""
        return self.names.value(value) if isinstance(value, str) else str(value)


def amount(value: float, unit: str) -> str:
    """Return an amount with its unit, rounded: 4.1 GiB, 12ms."""
    if unit == "bytes":
        found = numbers.size(value)
        return f"{found[:-1]} {found[-1]}iB" if found[-1:].isalpha() else f"{found} B"
    return numbers.with_unit(value, unit) if unit else numbers.whole(value)


def per_second(value: float, unit: str) -> str:
    """Return a rate per second. A rate of time is a share of one CPU or thread and is written as time."""
    return f"{amount(value, unit)}/s"


def exact(value: Value, unit: str) -> str:
    """Return a number with all its digits and its unit; empty if the value is not a number."""
    if isinstance(value, Stats):
        return f"{value.count:,} values, total {value.total:,} {unit}".rstrip()
    return f"{value:,} {unit}".rstrip() if isinstance(value, int | float) else ""


def share(part: float, whole: float) -> str:
    """Return `part` as a percentage of `whole`."""
    return f"{numbers.share(as_float(part), as_float(whole))} %"


def span(nanoseconds: float) -> str:
    """Return a duration as text."""
    return numbers.duration(nanoseconds / 1e9)


def ahead_text(clock: HostClock) -> str:
    """How far the wall clock of a host is ahead of that of the recording, and how wrong that may be."""
    sign = "-" if clock.wall_ns < 0 else ""
    return f"{sign}{span(abs(clock.wall_ns))} ± {span(clock.error_ns)}"
