"""Merges the rows of a map whose stacks differ only in offsets or addresses within the same functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import lru_cache
from heapq import nlargest
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.flush.rates import amount
from bttop.model.format.text import visible_name
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import Part, split_before_stacks, split_key
from bttop.model.record.records import Value
from bttop.model.record.telling_frames import NAMELESS
from bttop.model.record.values import merge
from bttop.patterns import pattern

FrameNamer: TypeAlias = Callable[[int, int], str]
"""Returns the name of a user address of a process id; empty if it is not known."""

NAMED_ROWS: Final = 256
"""Rows of a map whose unnamed addresses are looked up: the largest."""
_NOT_MERGED: Final = frozenset({"value", "tseries"})
_ADDRESS: Final = pattern(r"\n([^\S\n]*)0x([0-9a-fA-F]{1,16})(?=[^\S\n]*(?:\n|$))")
_ANY_NAMELESS: Final = "|".join(map(re.escape, sorted(NAMELESS)))
_REPEATED: Final = pattern(rf"(\n[ \t]*)({_ANY_NAMELESS})(?:\n[ \t]*\2)+(?=\n|$)")
_AT_ONCE: Final = 128
"""Rows in a step."""


def has_stacks(plan: MapPlan) -> bool:
    """Whether a part of the map's key is a stack, so that rows can be merged by function."""
    return plan.aggregation not in _NOT_MERGED and any(column.kind == "stack" for column in plan.columns)


def by_function(data: MapData, namer: FrameNamer | None = None) -> MapData:
    """The map with stacks as lists of functions, without offsets, and with equal rows merged; a map without stacks is
    returned unchanged. `namer` names user addresses that bpftrace has printed without a name."""
    steps = by_function_in_steps(data, namer)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: MapData = end.value
            return found


def by_function_in_steps(data: MapData, namer: FrameNamer | None = None) -> Generator[None, None, MapData]:
    """The same as `by_function`. Yields after each step, which takes about a millisecond."""
    if not has_stacks(data.plan):
        return data
    rows: dict[str, Value] = {}
    several: dict[str, list[Value]] = {}
    """The values of the keys that have more than one."""
    keys = FunctionKeys(data.plan, namer)
    for number, (key, value) in enumerate(data.rows.items(), 1):
        merged = keys.of(key)
        if merged not in rows:
            rows[merged] = value
        elif merged in several:
            several[merged].append(value)
        else:
            several[merged] = [rows[merged], value]
        if not number % _AT_ONCE:
            yield
    exact = True
    for number, (key, values) in enumerate(several.items(), 1):
        rows[key], is_exact = merge(values, data.plan.aggregation)
        exact = exact and is_exact
        if not number % _AT_ONCE:
            yield
    return replace(data, rows=rows, ambiguous=data.ambiguous or not exact)


def function_key(key: str, plan: MapPlan, namer: FrameNamer | None = None) -> str:
    """The key with each stack as a list of functions: the key of the merged row."""
    return FunctionKeys(plan, namer).of(key)


class FunctionKeys:
    """Makes the keys of merged rows."""

    def __init__(self, plan: MapPlan, namer: FrameNamer | None = None) -> None:
        self._columns = plan.columns
        self._namer = namer
        self._places = _places(plan.columns, plan.pid)
        from bttop.model.flush.function_lists import function_list  # needed once a map has stacks

        self._function_list = function_list

    def of(self, key: str) -> str:
        """The key with each stack as a list of functions."""
        is_named = self._namer is not None and "0x" in key
        usual = None if is_named else split_before_stacks(key, self._columns)
        if usual is not None:
            head, stacks = usual
            return head + ",".join(map(self._function_list, stacks))
        parts = _with_functions(key, self._columns)
        return ",".join(map(str, self._named(parts) if is_named else parts))

    def _named(self, parts: list[Part]) -> list[Part]:
        """The parts with names in place of the addresses of user stacks that are known."""
        namer, pid = self._namer, _pid(parts, self._places)
        if namer is not None and pid is not None:
            for index in self._places.user_stacks:
                named = _ADDRESS.sub(lambda frame: _name_of(frame, pid, namer), str(parts[index]))
                # How many of these there are says nothing: rows must not differ in that.
                parts[index] = _REPEATED.sub(r"\1\2", named)
        return parts


def unnamed_addresses(key: str, plan: MapPlan) -> Iterator[tuple[int, int]]:
    """The user addresses without a name in the stacks of a key, each with its process id, innermost first."""
    if "0x" not in key:
        return
    parts, places = _with_functions(key, plan.columns), _places(plan.columns, plan.pid)
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


def _name_of(frame: re.Match[str], pid: int, namer: FrameNamer) -> str:
    name = namer(pid, int(frame[2], 16))
    return f"\n{frame[1]}{visible_name(name)}" if name else frame[0]


def _with_functions(key: str, columns: tuple[Column, ...]) -> list[Part]:
    """The parts of a key, each stack as a list of functions."""
    from bttop.model.flush.function_lists import function_list  # needed once a map has stacks

    parts = split_key(key, columns).parts
    found = [
        function_list(str(part)) if one.kind == "stack" else part for part, one in zip(parts, columns, strict=False)
    ]
    return [*found, *parts[len(found) :]]
