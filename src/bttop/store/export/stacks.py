"""The stacks of a selection, each with its total weight over the span."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from bttop.errors import UsageError
from bttop.model.flush.contents import MapData
from bttop.model.format.text import visible
from bttop.model.record.keys import split_key
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.stacks import names
from bttop.store.export.selection import MapName, Selection

Stack = tuple[str, ...]
"""Outermost frame first."""


def folded(selection: Selection) -> Mapping[MapName, Counter[Stack]]:
    """Return the stacks of each selected map that has a stack column, with their weights over the span. Raises
    UsageError if there are no stacks."""
    programs = {program.name: program.id for program in selection.snapshot.programs}
    found: dict[MapName, Counter[Stack]] = {}
    for name, plan in selection.maps().items():
        if any(column.kind == "stack" for column in plan.columns):
            stacks: Counter[Stack] = Counter()
            for _, data in selection.data(name, programs[name.program]):
                for stack, weight in _stacks(data):
                    stacks[stack] += weight
            found[name] = stacks
    if not any(found.values()):
        raise UsageError("there are no stacks in this part of the snapshot", hint="bttop info FILE")
    return found


def _stacks(data: MapData) -> Iterator[tuple[Stack, int]]:
    columns = data.plan.columns
    for key, value in data.rows.items():
        weight = _weight(value)
        if weight <= 0:
            continue
        parts = split_key(key, columns).parts
        text = [visible(str(part)) for part, column in zip(parts, columns, strict=False) if column.kind == "text"]
        stacks = [
            (column.title, str(part)) for part, column in zip(parts, columns, strict=False) if column.kind == "stack"
        ]
        yield (*text, *_frames(stacks)), weight


def _frames(stacks: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the frames, outermost first. User frames come first, because they called the kernel."""
    for title, stack in sorted(stacks, key=lambda one: one[0].startswith("k")):
        mark = "_[k]" if title.startswith("k") and len(stacks) > 1 else ""
        for frame in reversed(names(stack)):
            yield visible(frame) + mark


def _weight(value: Value) -> int:
    """Return the weight of a value: the events of a histogram, the count of stats, or an integer itself; else 0."""
    if isinstance(value, Stats):
        return value.count
    if isinstance(value, tuple):
        return sum(one.count for one in value if isinstance(one, Bucket))
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
