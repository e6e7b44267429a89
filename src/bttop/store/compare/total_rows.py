"""The totals of one map as plain text: its largest rows as a table, as histograms or as stacks.

Numbers have all their digits, as bpftrace prints them; a unit adds a rounded form in brackets.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from bttop.model.flush.rates import amount
from bttop.model.format import numbers
from bttop.model.format.floats import as_float, ratio
from bttop.model.format.json_text import json_text
from bttop.model.format.names import Decoder
from bttop.model.format.numbers import bucket_labels, quantile_text
from bttop.model.format.percentiles import quantile, scale_of
from bttop.model.format.text import visible, visible_name
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.stacks import NO_FRAMES, parse_stack
from bttop.model.record.values import histogram
from bttop.store.compare.totals import MapTotals, Total
from bttop.store.flush_json import plain

_INDENT: Final = "  "
_SHARES: Final = (50, 90, 99)
_NARROWEST_BAR: Final = 10
_BAR: Final = "@"


class TotalRow(Struct, frozen=True):
    """One key with its value."""

    key: str
    value: Value


class TotalRows(Struct, frozen=True):
    """How the rows of a map are written."""

    totals: MapTotals
    most: int
    """Number of rows to write."""
    width: int
    """Columns of the terminal. Only histograms adapt to it: no name or number is cut."""
    decoders: Mapping[str, Decoder]

    @property
    def _plan(self) -> MapPlan:
        return self.totals.plan

    @property
    def is_keyed(self) -> bool:
        return bool(self._plan.columns) or any(self.totals.rows)

    def lines(self) -> Iterator[str]:
        """The largest rows, the largest first."""
        rows = self._largest()
        if self.totals.is_histogram:
            for row in rows:
                yield from self._histogram(row)
        elif any(column.kind == "stack" for column in self._plan.columns):
            for row in rows:
                yield from self._stacks(row)
        else:
            yield from self._table(rows)

    def _largest(self) -> list[TotalRow]:
        items: Iterator[tuple[str, Total]] = iter(self.totals.rows.items())
        best = heapq.nsmallest(self.most, items, key=lambda item: (-self._weight(item[1].value), item[0]))
        return [TotalRow(key, total.value) for key, total in best]

    def _weight(self, value: Value) -> float:
        if isinstance(value, Stats) and self._plan.aggregation == "avg":
            return abs(as_float(value.average))
        return abs(amount(value) or 0.0)

    # Tables.

    def _table(self, rows: Sequence[TotalRow]) -> Iterator[str]:
        heads, columns = self._value_heads(rows), self._key_columns
        cells = [[*self._value_cells(row.value), *self._key_cells(row.key)] for row in rows]
        if not columns and len(heads) == 1:
            yield from (cell for line in cells for cell in line)
        elif rows:
            texts = {len(heads) + at for at in range(len(columns)) if self._is_text(at)}
            yield from aligned([[*heads, *(visible(column.title) for column in columns)], *cells], texts)

    @property
    def _key_columns(self) -> Sequence[Column]:
        return self._plan.columns or ((Column("key"),) if self.is_keyed else ())

    def _is_text(self, at: int) -> bool:
        column = self._key_columns[at]
        return column.kind != "int" or bool(column.decoder)

    def _value_heads(self, rows: Sequence[TotalRow]) -> list[str]:
        if any(isinstance(row.value, Stats) for row in rows):
            return ["average", "count"] if self._plan.aggregation == "avg" else ["count", "average", "total"]
        return [self._plan.aggregation]

    def _value_cells(self, value: Value) -> list[str]:
        mark = self.totals.mark
        if not isinstance(value, Stats):
            return [f"{mark}{self._number(value)}"]
        if self._plan.aggregation == "avg":
            return [self._number(value.average), f"{mark}{value.count}"]
        return [f"{mark}{value.count}", self._number(value.average), f"{mark}{self._number(value.total)}"]

    def _number(self, value: Value) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return visible(value if isinstance(value, str) else json_text(plain(value)))
        return f"{value} ({numbers.with_unit(value, self._plan.unit)})" if self._plan.unit else str(value)

    def _key_cells(self, key: str) -> list[str]:
        return [self._part(column, part) for column, part in self._parts(key)]

    def _parts(self, key: str) -> list[tuple[Column, int | str]]:
        parts = split_key(key, self._plan.columns).parts if self.is_keyed else ()
        return list(zip(self._key_columns, parts, strict=False))

    def _part(self, column: Column, part: int | str) -> str:
        return visible_name(str(self.decoders[column.decoder](part) if column.decoder in self.decoders else part))

    # Stacks.

    def _stacks(self, row: TotalRow) -> Iterator[str]:
        parts = self._parts(row.key)
        words = [self._part(column, part) for column, part in parts if column.kind != "stack"]
        yield "  ".join([*self._value_cells(row.value), *words])
        for column, part in parts:
            if column.kind == "stack":
                yield from _frames(column, str(part))

    # Histograms.

    def _histogram(self, row: TotalRow) -> Iterator[str]:
        buckets = histogram(row.value)
        count = sum(bucket.count for bucket in buckets)
        scale = scale_of(self._plan.aggregation)
        found = [
            f"p{share} {quantile_text(quantile(buckets, share / 100, scale), self._plan.unit)}" for share in _SHARES
        ]
        named = "  ".join(self._key_cells(row.key))
        yield "  ".join([*([named] if named else []), f"count {self.totals.mark}{count}", *(found if count else [])])
        yield from (f"{_INDENT}{line}" for line in drawn(buckets, self._plan.unit, self.width - len(_INDENT)))


def drawn(buckets: Sequence[Bucket], unit: str, width: int) -> list[str]:
    """A histogram with one line per bucket: its range, its count, and a bar as wide as the line allows."""
    labels = bucket_labels(buckets, unit)
    counts = [str(bucket.count) for bucket in buckets]
    label, number = max(map(len, labels), default=0), max(map(len, counts), default=0)
    room = max(_NARROWEST_BAR, width - label - number - 4)
    most = max([bucket.count for bucket in buckets], default=0)
    bars = [_BAR * round(room * ratio(bucket.count, most)) for bucket in buckets]
    return [
        f"{text:<{label}} {count:>{number}} |{bar:<{room}}|"
        for text, count, bar in zip(labels, counts, bars, strict=True)
    ]


def aligned(rows: Sequence[Sequence[str]], texts: set[int]) -> Iterator[str]:
    """Rows with their columns aligned: those in `texts` to the left, the others to the right; two spaces between."""
    widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(max(map(len, rows), default=0))]
    for row in rows:
        cells = [cell.ljust(width) if at in texts else cell.rjust(width) for at, (cell, width) in
                 enumerate(zip(row, widths, strict=False))]  # fmt: skip
        yield "  ".join(cells).rstrip()


def _frames(column: Column, stack: str) -> Iterator[str]:
    frames = parse_stack(stack)
    yield f"{_INDENT}{visible(column.title)}"
    for frame in frames:
        yield f"{_INDENT * 2}{visible(frame.name)}" + (f"+{frame.offset}" if frame.offset is not None else "")
    if not frames:
        yield f"{_INDENT * 2}{NO_FRAMES}"
