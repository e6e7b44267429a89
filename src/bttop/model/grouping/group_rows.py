"""Adds up the rows of a map by group, as the kernel would have counted them with the group as key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.grouping.group_columns import GroupColumn
from bttop.model.plan import Aggregation, Column
from bttop.model.record.records import Bucket, Value
from bttop.model.record.values import added_buckets, merge

ROWS: Final = "rows"
"""Title of the column with the number of rows in a group."""
_HISTOGRAMS: Final = frozenset({"hist", "lhist"})
_NOT_ADDED: Final = frozenset({"value", "tseries"})


class Grouped(Struct, frozen=True):
    """A map with one row per group."""

    data: MapData
    """Its only key column is the group. The value of a group is None if the values of its rows cannot be merged: means
    without their counts, and assigned values that differ."""
    members: Mapping[str, Sequence[str]]
    """The raw keys of the rows in each group."""

    @property
    def rows(self) -> int:
        """How many rows were grouped."""
        return sum(map(len, self.members.values()))


def group_rows(data: MapData, by: GroupColumn) -> Grouped:
    """The rows of a map by group."""
    members: dict[str, list[str]] = {}
    of = by.of
    for key in data.rows:
        group = of(key)
        if group in members:
            members[group].append(key)
        else:
            members[group] = [key]
    plan = replace(data.plan, columns=(by.column,))
    return Grouped(replace(data, plan=plan, rows=merged_rows(data, members)), members)


def merged_rows(data: MapData, members: Mapping[str, Iterable[str]]) -> dict[str, Value]:
    """The value of each group from those of its rows."""
    rows, aggregation = data.rows, data.plan.aggregation
    return {group: merged([rows[key] for key in keys], aggregation) for group, keys in members.items()}


def merged(values: Sequence[Value], aggregation: Aggregation) -> Value:
    """The value that the kernel would have counted under one key; None if that is unknown."""
    if len(values) == 1:
        return values[0]
    if aggregation in _NOT_ADDED:
        return values[0] if all(value == values[0] for value in values) else None
    if aggregation in _HISTOGRAMS:
        return added_buckets(chain.from_iterable(values)) if _are_histograms(values) else None
    found, is_exact = merge(values, aggregation)
    return found if is_exact else None


def _are_histograms(values: Sequence[Value]) -> TypeGuard[Sequence[tuple[Bucket, ...]]]:
    return set(map(type, values)) == {tuple} and set(map(type, chain.from_iterable(values))) <= {Bucket}  # type: ignore[arg-type]


def with_counts(grouped: Grouped) -> MapData:
    """The grouped map with the number of rows in each group as a second key column, for tables of other tools."""
    data = grouped.data
    title = ROWS if data.plan.columns[0].title != ROWS else f"key_{ROWS}"
    plan = replace(data.plan, columns=(*data.plan.columns, Column(title, "int")))
    rows = {f"{group},{len(grouped.members[group])}": value for group, value in data.rows.items()}
    return replace(data, plan=plan, rows=rows)
