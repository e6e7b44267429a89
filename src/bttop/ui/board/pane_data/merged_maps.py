"""Maps whose stacks are merged by function, as all parts of a pane show them."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from bttop.engine.session import FrameNames
from bttop.model.flush.by_function import FrameNamer, addresses_to_name, by_function, has_stacks
from bttop.model.flush.contents import MapData
from bttop.model.stacks.value_stacks import with_stacks_in_keys


class _Merged(Struct, frozen=True):
    data: MapData
    version: int
    """Of the names of frames."""
    merged: MapData


class MergedMaps:
    """Merges the stacks of maps by function. Remembers the last result of each map, because a flush is read several
    times: for the trends, for the rows, and to find out whether anything happened."""

    def __init__(self, frame_names: FrameNames | None) -> None:
        self._frame_names = frame_names
        self._namer = None if frame_names is None else frame_names.name
        self._version = 0
        self._last: dict[str, _Merged] = {}
        self._keyed: dict[str, tuple[MapData, MapData]] = {}
        """The last map whose values are stacks, by its name, and what was made of it."""

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
        last = self._keyed.get(data.plan.name)
        if last is None or last[0] is not data:
            last = self._keyed[data.plan.name] = data, with_stacks_in_keys(data)
        return last[1]

    def merged(self, data: MapData) -> MapData:
        """The map merged by function; a map without stacks is returned unchanged."""
        data = self.printed(data)
        if not has_stacks(data.plan):
            return data
        name = data.plan.name
        last = self._last.get(name)
        if last is None or last.data is not data or last.version != self._version:
            last = self._last[name] = _Merged(data, self._version, by_function(data, self._namer))
        return last.merged

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
