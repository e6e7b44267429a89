"""Merges the rows of a map whose stacks differ only in offsets or addresses within the same functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from heapq import nlargest
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.flush.rates import amount
from bttop.model.format.text import visible_name
from bttop.model.plan import Column, MapPlan
from bttop.model.record.demangle import demangled
from bttop.model.record.keys import Part, split_key
from bttop.model.record.records import Value
from bttop.model.record.stacks import names
from bttop.model.record.telling_frames import NAMELESS
from bttop.model.record.values import merge
from bttop.patterns import pattern

FrameNamer: TypeAlias = Callable[[int, int], str]
"""Returns the name of a user address of a process id; empty if it is not known."""

NAMED_ROWS: Final = 256
"""Rows of a map whose unnamed addresses are looked up: the largest."""
_NOT_MERGED: Final = frozenset({"value", "tseries"})
_OFFSET: Final = pattern(r"(?<=.)\+(?:[0-9]+|0x[0-9a-fA-F]+)(?=\s*$)")
_ADDRESS: Final = pattern(r"(?<=\n)(\s*)0x([0-9a-fA-F]{1,16})(?=\s*$)", re.MULTILINE)
_ANY_NAMELESS: Final = "|".join(map(re.escape, sorted(NAMELESS)))
_REPEATED: Final = pattern(rf"(\n[ \t]*)({_ANY_NAMELESS})(?:\n[ \t]*\2)+(?=\n|$)")
_WITH_ADDRESSES: Final = "\n\t"
"""How each frame begins in the perf mode, which prints addresses beside symbols."""
_MOST_KEYS: Final = 8192
"""Keys that are kept with their functions: two full maps of bpftrace's usual size, each key up to some kilobytes. With
fewer than a map has, no key would be found again in the next flush."""
_MOST_HALVES: Final = 2048
"""Outer halves of stacks that are kept."""


def has_stacks(plan: MapPlan) -> bool:
    """Whether a part of the map's key is a stack, so that rows can be merged by function."""
    return plan.aggregation not in _NOT_MERGED and any(column.kind == "stack" for column in plan.columns)


def by_function(data: MapData, namer: FrameNamer | None = None) -> MapData:
    """The map with stacks as lists of functions, without offsets, and with equal rows merged; a map without stacks is
    returned unchanged. `namer` names user addresses that bpftrace has printed without a name."""
    if not has_stacks(data.plan):
        return data
    found: dict[str, list[Value]] = {}
    for key, value in data.rows.items():
        found.setdefault(function_key(key, data.plan, namer), []).append(value)
    exact = True
    rows: dict[str, Value] = {}
    for key, values in found.items():
        rows[key], is_exact = (values[0], True) if len(values) == 1 else merge(values, data.plan.aggregation)
        exact = exact and is_exact
    return replace(data, rows=rows, ambiguous=data.ambiguous or not exact)


def function_key(key: str, plan: MapPlan, namer: FrameNamer | None = None) -> str:
    """The key with each stack as a list of functions: the key of the merged row."""
    bare = _without_offsets(key, plan.columns)
    places = _places(plan.columns, plan.pid)
    pid = _pid(bare, places) if namer is not None and "0x" in key else None
    if namer is None or pid is None:
        return ",".join(map(str, bare))
    parts = list(bare)
    for index in places.user_stacks:
        named = _ADDRESS.sub(lambda frame: _named(frame, pid, namer), str(parts[index]))
        # How many of these there are says nothing: rows must not differ in that.
        parts[index] = _REPEATED.sub(r"\1\2", named)
    return ",".join(map(str, parts))


def unnamed_addresses(key: str, plan: MapPlan) -> Iterator[tuple[int, int]]:
    """The user addresses without a name in the stacks of a key, each with its process id, innermost first."""
    if "0x" not in key:
        return
    parts, places = _without_offsets(key, plan.columns), _places(plan.columns, plan.pid)
    pid = _pid(parts, places)
    if pid is not None:
        for index in places.user_stacks:
            yield from ((pid, int(frame[2], 16)) for frame in _ADDRESS.finditer(str(parts[index])))


def addresses_to_name(data: MapData) -> Iterator[tuple[int, int]]:
    """The user addresses without a name in the largest rows of a map, each with its process id, largest rows first."""
    if has_stacks(data.plan):
        for key, _ in nlargest(NAMED_ROWS, data.rows.items(), key=lambda row: amount(row[1]) or 0.0):
            yield from unnamed_addresses(key, data.plan)


class _Places(Struct, frozen=True):
    """Indexes of key parts."""

    pid: int | None
    user_stacks: tuple[int, ...]


@lru_cache(maxsize=256)
def _places(columns: tuple[Column, ...], pid: str) -> _Places:
    """Where the process id and the user stacks are. Cached, because it is asked for each key."""
    at = next((at for at, one in enumerate(columns) if one.title == (pid or "pid")), None)
    stacks = (at for at, one in enumerate(columns) if one.kind == "stack" and not one.title.startswith("k"))
    return _Places(at, tuple(stacks))


def _pid(parts: Sequence[int | str], places: _Places) -> int | None:
    """The process id in a key; None if it has none."""
    found = parts[places.pid] if places.pid is not None and places.pid < len(parts) else None
    return found if isinstance(found, int) and found > 0 else None


def _named(frame: re.Match[str], pid: int, namer: FrameNamer) -> str:
    name = namer(pid, int(frame[2], 16))
    return f"{frame[1]}{visible_name(name)}" if name else frame[0]


@lru_cache(maxsize=_MOST_KEYS)
def _without_offsets(key: str, columns: tuple[Column, ...]) -> tuple[Part, ...]:
    """The parts of a key. Cached, because each flush has many stacks of earlier ones."""
    parts = split_key(key, columns).parts
    found = [_functions(part) if one.kind == "stack" else part for part, one in zip(parts, columns, strict=False)]
    return (*found, *parts[len(found) :])


def _functions(stack: int | str) -> str:
    text = str(stack)
    # Most stacks share their outer frames with others.
    half = max(0, text.find("\n", len(text) >> 1))
    if _WITH_ADDRESSES in text and (found := _listed(text[:half]) + _listed_outer(text[half:])):
        return f"{found}\n"
    return _bare(text[:half]) + _bare_outer(text[half:])


def _listed(text: str) -> str:
    """The names of frames, each after a line end."""
    return "\n".join(("", *names(text)))


def _bare(text: str) -> str:
    """The lines without offsets."""
    return "\n".join(map(_without_offset, text.split("\n")))


_listed_outer, _bare_outer = lru_cache(maxsize=_MOST_HALVES)(_listed), lru_cache(maxsize=_MOST_HALVES)(_bare)


@lru_cache(maxsize=16_384)
def _without_offset(line: str) -> str:
    bare = _OFFSET.sub("", line)
    name = bare.lstrip()
    return bare[: len(bare) - len(name)] + demangled(name)
