"""Stacks for flame graph tools: folded lines, and speedscope's JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO, Any

from bttop.errors import UsageError
from bttop.model.flush import MapData
from bttop.model.jsontext import json_text
from bttop.model.keys import split_key
from bttop.model.records import Bucket, Stats, Value
from bttop.model.stacks import names
from bttop.model.text import visible
from bttop.store.export.selection import MapName, Selection

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
Stack = tuple[str, ...]
"""Outermost frame first."""


def write_folded(selection: Selection, out: IO[str]) -> None:
    """One line a stack: its frames from the outermost, joined by semicolons, and its weight over the whole span. Kernel
    frames above user frames end in `_[k]`, as flame graph tools know them."""
    for stacks in folded(selection).values():
        for frames, weight in sorted(stacks.items()):
            out.write(f"{';'.join(frame.replace(';', ':') for frame in frames)} {weight}\n")


def write_speedscope(selection: Selection, out: IO[str]) -> None:
    """speedscope's JSON: one sampled profile for each map that has stacks."""
    ids: dict[str, int] = {}
    profiles = [_profile(str(name), stacks, ids) for name, stacks in folded(selection).items()]
    document = {
        "$schema": SCHEMA,
        "exporter": f"bttop {selection.snapshot.facts.bttop}",
        "name": visible(selection.snapshot.path.name),
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": name} for name in ids]},
        "profiles": profiles,
    }
    out.write(f"{json_text(document)}\n")


def folded(selection: Selection) -> Mapping[MapName, Counter[Stack]]:
    """The stacks of every wanted map that has any, with their weights over the span. Raises UsageError for none."""
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
    """User frames come first, since the kernel was entered from them."""
    for title, stack in sorted(stacks, key=lambda one: one[0].startswith("k")):
        mark = "_[k]" if title.startswith("k") and len(stacks) > 1 else ""
        for frame in reversed(names(stack)):
            yield visible(frame) + mark


def _weight(value: Value) -> int:
    """How often: of a histogram its events, of stats their number, else the value itself."""
    if isinstance(value, Stats):
        return value.count
    if isinstance(value, tuple):
        return sum(one.count for one in value if isinstance(one, Bucket))
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _profile(name: str, stacks: Counter[Stack], ids: dict[str, int]) -> dict[str, Any]:
    samples = [[ids.setdefault(frame, len(ids)) for frame in stack] for stack in stacks]
    return {
        "type": "sampled",
        "name": visible(name),
        "unit": "none",
        "startValue": 0,
        "endValue": sum(stacks.values()),
        "samples": samples,
        "weights": list(stacks.values()),
    }
