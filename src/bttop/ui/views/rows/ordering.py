"""Sorting only the rows that are shown: a map may have thousands of rows and a pane shows ten."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from msgspec import Struct

from bttop.model.record.keys import key_order
from bttop.model.record.records import Value


class Row(Struct, frozen=True):
    """One row of the map that is shown."""

    key: str
    value: Value


class Keys(Sequence[str]):
    """The raw keys of all rows in order. Only the head is sorted at first; the rest is sorted at the first access."""

    def __init__(self, head: Sequence[str], total: int, everything: Callable[[], Sequence[str]]) -> None:
        self._known = head
        self._total = total
        self._everything = everything

    def __len__(self) -> int:
        return self._total

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice) or not 0 <= index < len(self._known):
            self._complete()
        return self._known[index]

    def __contains__(self, key: object) -> bool:
        self._complete()
        return key in self._known

    def _complete(self) -> None:
        if len(self._known) < self._total:
            self._known = self._everything()


class Order(Struct, frozen=True):
    """How rows are compared."""

    place: Callable[[Row], Any]
    natural: bool
    """Rows are ordered by their values, so that the values alone can be compared: ten times faster."""
    falls: bool
    """Largest first."""

    def sort(self, rows: Sequence[Row]) -> list[Row]:
        """All rows in order. Rows with equal values are ordered by key, so that they keep their places."""
        if self.natural:
            try:
                return sorted(rows, key=_by_value, reverse=self.falls)
            except TypeError:
                pass  # values of several types cannot be compared; `place` can
        return sorted(rows, key=lambda row: (self.place(row), key_order(row.key)), reverse=self.falls)


def _by_value(row: Row) -> tuple[Any, object]:
    return row.value, key_order(row.key)


def head(rows: Mapping[str, Value], count: int, order: Order) -> list[Row] | None:
    """The first `count` rows in order, largest first; None if all rows must be sorted to find them."""
    if not order.natural or not order.falls or count <= 0 or len(rows) <= 2 * count:
        return None
    try:
        least = heapq.nlargest(count, rows.values())[-1]  # type: ignore[type-var]
        larger = [Row(key, value) for key, value in rows.items() if value > least]  # type: ignore[operator]
        # Most rows of a map may have the least value of all: sorting them takes longer than all else.
        equal = heapq.nlargest(count - len(larger), (key for key, value in rows.items() if value == least), key_order)
        return [*order.sort(larger), *[Row(key, rows[key]) for key in equal]]
    except TypeError:
        return None  # values of several types, as a map of tuples may have
