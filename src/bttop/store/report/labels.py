"""How keys, values and moments are written in a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bttop.model import numbers
from bttop.model.floats import as_float
from bttop.model.keys import split_key
from bttop.model.names import Decoder
from bttop.model.plan import MapPlan
from bttop.model.records import Stamp, Stats, Value
from bttop.model.stacks import stacks_of
from bttop.store.redact import Names
from bttop.store.times import local, wall_at

_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Labels:
    """The words of one report."""

    names: Names
    decoders: Mapping[str, Decoder]
    begin: Stamp
    """Of the recording, as `end`."""
    end: Stamp
    public: frozenset[str] = frozenset()
    """Scripts that everybody can read: those that bttop brings."""

    def script(self, text: str) -> str:
        """A script as it may be shown."""
        return text if text in self.public else self.names.script(text)

    def of_script(self, words: str, script: str) -> str:
        """Words that a script says of itself."""
        return words if script in self.public else self.names.text(words)

    def clock(self, boot_ns: int) -> str:
        """Local time of day; with the date in a recording of more than a day."""
        moment = local(wall_at(boot_ns, self.begin, self.end))
        return f"{moment:%b %d %H:%M:%S}" if self.end.boot_ns - self.begin.boot_ns > _DAY_NS else f"{moment:%H:%M:%S}"

    def cells(self, key: str, plan: MapPlan) -> list[str]:
        """A key as one text for each column; a stack on one line, innermost frame first."""
        cells = []
        for column, part in zip(plan.columns, split_key(key, plan.columns).parts, strict=False):
            if column.kind == "stack":
                frames = [self.names.frame(frame) for _, found in stacks_of([column], [part]) for frame in found]
                cells.append(" < ".join(frames) or "[no frames]")
            else:
                decoded = self.decoders[column.decoder](part) if column.decoder in self.decoders else part
                cells.append(self.names.part(column, decoded))
        return cells or [key]

    def stack(self, key: str, plan: MapPlan) -> tuple[str, list[tuple[str, Sequence[str]]]]:
        """Whose stack a key is, and its stacks, kernel first, each with its column's title."""
        parts = split_key(key, plan.columns).parts
        words = [
            self.names.part(column, part)
            for column, part in zip(plan.columns, parts, strict=False)
            if column.kind != "stack" and not isinstance(part, int)
        ]
        stacks = stacks_of(plan.columns, parts)
        return " ".join(words), [(title, [self.names.frame(name) for name in frames]) for title, frames in stacks]

    def value(self, value: Value) -> str:
        """A value that is neither a number nor a histogram."""
        return self.names.value(value) if isinstance(value, str) else str(value)


def amount(value: float, unit: str) -> str:
    """An amount in its unit: 4.1 GiB and 12ms read better than their digits."""
    if unit == "bytes":
        found = numbers.size(value)
        return f"{found[:-1]} {found[-1]}iB" if found[-1:].isalpha() else f"{found} B"
    return numbers.with_unit(value, unit) if unit else numbers.whole(value)


def per_second(value: float, unit: str) -> str:
    """A rate. Time per second is a share of one CPU or thread, and said as time."""
    return f"{amount(value, unit)}/s"


def exact(value: Value, unit: str) -> str:
    """A number with every digit and its unit."""
    if isinstance(value, Stats):
        return f"{value.count:,} values, total {value.total:,} {unit}".rstrip()
    return f"{value:,} {unit}".rstrip() if isinstance(value, int | float) else ""


def share(part: float, whole: float) -> str:
    """A percentage."""
    return f"{numbers.share(as_float(part), as_float(whole))} %"


def span(nanoseconds: float) -> str:
    """How long something lasted."""
    return numbers.duration(nanoseconds / 1e9)
