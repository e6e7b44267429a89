"""Joins two maps of counts about the same things, such as the switches to and from each thread, to one table."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.record.records import Value
from bttop.ui.views.base import Neighbour, parts


class Joined(NamedTuple):
    """A map with the rows of both, and the numbers of the other."""

    data: MapData
    beside: Neighbour


class Joins:
    """The last join of each map: a pane is drawn several times per flush."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[MapData, MapData, Joined]] = {}

    def of(self, data: MapData, other: MapData) -> Joined:
        """See `join`."""
        last = self._last.get(data.plan.name)
        if last is None or last[0] is not data or last[1] is not other:
            last = self._last[data.plan.name] = (data, other, join(data, other))
        return last[2]


def join(data: MapData, other: MapData) -> Joined:
    """The rows of `data` with those of `other` that have the same parts in the columns of `other`. Rows that only
    `other` has are added with 0; their other parts are empty."""
    titles = [column.title for column in data.plan.columns]
    places = [titles.index(column.title) for column in other.plan.columns]
    rows, numbers = dict(data.rows), dict[str, Value]()
    keys: dict[tuple[int | str, ...], str] = {}
    for key in data.rows:
        found = parts(key, data.plan.columns)
        keys.setdefault(tuple([found[place] for place in places if place < len(found)]), key)
    for key, value in other.rows.items():
        found = parts(key, other.plan.columns)
        mine = keys.get(found)
        if mine is None:
            mine = ",".join(str(dict(zip(places, found, strict=False)).get(index, "")) for index in range(len(titles)))
            rows[mine] = 0
        numbers[mine] = value
    return Joined(replace(data, rows=rows), Neighbour(other.plan.name.removeprefix("@"), numbers))
