"""Maps whose stacks are merged by function, as all parts of a pane show them."""

from __future__ import annotations

from collections.abc import Iterator
from time import thread_time
from typing import Final, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bttop.engine.session import FrameNames
from bttop.model.flush.by_function import (
    FrameNamer,
    addresses_to_name,
    by_function,
    by_function_in_steps,
    has_stacks,
)
from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.stacks.value_stacks import with_stacks_in_keys

T = TypeVar("T")

SMALL: Final = 128
"""Rows of a map up to which it is always merged at once."""
_KEPT: Final = 3
"""Results that are kept of each map: of the newest flush, of an earlier one on show, and of the one that is read."""


class _Merged(Struct, frozen=True):
    merged: MapData
    version: int
    """Of the names of frames."""


class MergedMaps:
    """Merges the stacks of maps by function. Remembers the last results of each map, because a flush is read several
    times: for the trends, for the rows, and to find out whether anything happened."""

    def __init__(self, frame_names: FrameNames | None) -> None:
        self._frame_names = frame_names
        self._namer = None if frame_names is None else frame_names.name
        self._version = 0
        self._merged: _Kept[_Merged] = _Kept()
        self._keyed: _Kept[MapData] = _Kept()
        self._stale: dict[str, MapData] = {}
        """The maps on show that were merged with the names of before."""
        self._renewal: Iterator[None] | None = None

    @property
    def namer(self) -> FrameNamer | None:
        """Names user addresses that bpftrace printed without a name; None if nothing does."""
        return self._namer

    def renew(self) -> None:
        """Use the names that are known now. They stay the same between two calls: while a pane is painted."""
        self._version = 0 if self._frame_names is None else self._frame_names.version

    def printed(self, data: MapData) -> MapData:
        """The map as bpftrace printed it, with stacks that are values as parts of the keys."""
        if data.plan.stack is None:
            return data
        return self._keyed.find(data) or self._keyed.keep(data, with_stacks_in_keys(data))

    def merged(self, data: MapData) -> MapData:
        """The map merged by function; a map without stacks is returned unchanged. A large map is shown with the names
        of before until `renew_until` has merged it again."""
        data = self.printed(data)
        if not has_stacks(data.plan):
            return data
        found = self._merged.find(data)
        if found is not None and found.version != self._version and len(data.rows) > SMALL:
            self._stale[data.plan.name] = data
        elif found is None or found.version != self._version:
            found = self._merged.keep(data, _Merged(by_function(data, self._namer), self._version))
        return found.merged

    def merge_in_steps(self, flush: Flush) -> Iterator[None]:
        """Merge the maps of a flush, so that `merged` returns each at once. Yields after each step, which takes about a
        millisecond; maps that are small, or merged already, need none."""
        for one in flush.maps.values():
            data = self.printed(one)
            if has_stacks(data.plan) and len(data.rows) > SMALL and self._merged.find(data) is None:
                yield from self._again(data)

    def _again(self, data: MapData) -> Iterator[None]:
        version = self._version
        merged = yield from by_function_in_steps(data, self._namer)
        self._merged.keep(data, _Merged(merged, version))

    @property
    def is_stale(self) -> bool:
        """Whether a map on show was merged with the names of before."""
        return bool(self._stale)

    def renew_until(self, stop: float) -> None:
        """Merge stale maps again until a moment (thread_time)."""
        while self._stale:
            name, data = next(iter(self._stale.items()))
            self._renewal = self._renewal or self._again(data)
            if not end_by(self._renewal, stop):
                return
            self._renewal = None
            if self._stale[name] is data:
                del self._stale[name]

    def only_row(self, data: MapData, key: str) -> MapData:
        """The map with only the row of a key, merged by function like the whole. For flushes of the past: it is not
        remembered, and rows that cannot become this one are left out first."""
        data = with_stacks_in_keys(data)
        if not has_stacks(data.plan):
            return replace(data, rows={key: data.rows[key]} if key in data.rows else {})
        name = max(key.split("\n"), key=len)
        likely = {one: value for one, value in data.rows.items() if name in one or "0x" in one}
        merged = by_function(replace(data, rows=likely), self._namer)
        return replace(merged, rows={key: merged.rows[key]} if key in merged.rows else {})

    def want_names(self, data: MapData) -> None:
        """Have the addresses of the largest rows named: those are read first."""
        data = self.printed(data)
        if self._frame_names is not None and has_stacks(data.plan):
            self._frame_names.want(addresses_to_name(data))


class _Kept(Generic[T]):
    """What was made of the maps of each name that were asked for last."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[tuple[MapData, T], ...]] = {}

    def find(self, data: MapData) -> T | None:
        """What was made of a map; None if that is not kept."""
        found = next((made for one, made in self._last.get(data.plan.name, ()) if one is data), None)
        return None if found is None else self.keep(data, found)

    def keep(self, data: MapData, made: T) -> T:
        """Keep what was made of a map. Returns it."""
        others = [one for one in self._last.get(data.plan.name, ()) if one[0] is not data]
        self._last[data.plan.name] = ((data, made), *others[: _KEPT - 1])
        return made


def end_by(steps: Iterator[None], stop: float) -> bool:
    """Make steps until they end, or until a moment (thread_time) has passed, but at least one. Return whether they
    have ended. Other processes on the host do not count: the limit is for the work, not for waiting."""
    return all(thread_time() < stop for _ in steps)
