"""A map as a table: one row per key and flush. A histogram has one row per bucket, so that it can be summed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from bttop.model.flush.contents import MapData
from bttop.model.format.names import Decoder
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Bucket, Stats, Value
from bttop.store.export.selection import MapName, ProgramFlush, Selection
from bttop.store.flush_json import plain

Cell: TypeAlias = "int | float | str | None"
Kind = Literal["int", "unsigned", "float", "text"]
_Seen = Literal["natural", "negative", "large", "float", "text"]
HEAD = ("time", "seconds", "host", "program", "generation", "flush", "doubts", "skipped")
_NUMBERS = frozenset({"low", "high", "count", "average", "total"})
_SIGNED, _UNSIGNED = 1 << 63, 1 << 64


class ExportTable(Struct, frozen=True):
    """The columns of a map's table."""

    name: MapName
    columns: tuple[str, ...]
    """All titles: those of HEAD, then the key's, then the value's."""
    kinds: tuple[Kind, ...]
    """The type of the non-empty cells, one per column."""


def tables(selection: Selection) -> Iterator[ExportTable]:
    """Yield the tables of all selected maps with rows, each with the rows of all hosts. Each map is read once to find
    the type of its columns: a column with numbers that do not fit 64 bits together, signed or unsigned, or with any
    text, is a text column."""
    for name, plan in selection.maps().items():
        titles = (*HEAD, *_key_titles(plan), *_value_titles(plan))
        seen: list[set[_Seen]] = [set() for _ in titles]
        table = ExportTable(name, titles, ())
        for row in rows(selection, table):
            for kinds, cell in zip(seen, row, strict=True):
                if cell is not None:
                    kinds.add(_seen(cell))
        if any(seen):
            yield ExportTable(name, titles, tuple([_common(*one) for one in zip(seen, titles, strict=True)]))


def rows(selection: Selection, table: ExportTable, host: int | None = None) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of a table in order of time, of one host or of all. The first cell is the end of the flush in ns
    since 1970."""
    width = len(table.columns)
    decoders = {host.id: host.facts.decoders for host in selection.snapshot.hosts}
    for found, data in selection.data(table.name, host):
        head = _head(found, data)
        for key, value in data.rows.items():
            parts = _key(key, data, decoders[found.program.host.id], _key_width(table))
            for cells in _values(value, data):
                row = (*head, *parts, *cells)
                yield (*row, *([None] * (width - len(row))))[:width]


def fitted(row: Sequence[Cell], kinds: Sequence[Kind]) -> tuple[Cell, ...]:
    """Return a row with each cell converted to the type of its column."""
    return tuple([_fitted(cell, kind) for cell, kind in zip(row, kinds, strict=True)])


def _fitted(cell: Cell, kind: Kind) -> Cell:
    if cell is None or (kind in ("int", "unsigned") and isinstance(cell, int)):
        return cell
    # Bytes that are not UTF-8 are lone surrogates here; Parquet's strings cannot hold those.
    return float(cell) if kind == "float" else str(cell).encode(errors="backslashreplace").decode()


def _seen(cell: Cell) -> _Seen:
    if isinstance(cell, int) and not isinstance(cell, bool) and -_SIGNED <= cell < _UNSIGNED:
        return "negative" if cell < 0 else "natural" if cell < _SIGNED else "large"
    return "float" if isinstance(cell, float) else "text"


def _common(seen: set[_Seen], title: str) -> Kind:
    if not seen:
        # Such as the upper ends of buckets that are all open.
        return "int" if title in _NUMBERS else "text"
    if seen <= {"natural", "negative"}:
        return "int"
    if seen <= {"natural", "large"}:
        return "unsigned"
    return "float" if seen <= {"natural", "negative", "float"} else "text"


def _head(found: ProgramFlush, data: MapData) -> tuple[Cell, ...]:
    program, flush = found
    words = ";".join(sorted(caveat.value for caveat in flush.caveats_about(data)))
    caveats = (words or None, flush.skipped)
    names = (program.host.name, program.name)
    return flush.wall_ns, round(flush.seconds, 6), *names, flush.generation, flush.number, *caveats


def _key_titles(plan: MapPlan) -> tuple[str, ...]:
    """Return the titles of the key's columns, unique and different from all other titles."""
    taken = {*HEAD, *_value_titles(plan)}
    titles: list[str] = []
    for number, column in enumerate(plan.columns, start=1):
        title = column.title or f"key{number}"
        while title in taken:
            title = f"key_{title}"
        taken.add(title)
        titles.append(title)
    return tuple(titles)


def _value_titles(plan: MapPlan) -> tuple[str, ...]:
    if plan.aggregation in ("hist", "lhist"):
        return "low", "high", "count"
    return ("count", "average", "total") if plan.aggregation == "stats" else ("value",)


def _key_width(table: ExportTable) -> int:
    return len(table.columns) - len(HEAD) - (3 if table.columns[-1] in ("count", "total") else 1)


def _key(key: str, data: MapData, decoders: Mapping[str, Decoder], width: int) -> tuple[Cell, ...]:
    """Return exactly `width` parts of a key; the map of another generation may have had more or fewer."""
    columns: tuple[Column, ...] = data.plan.columns
    parts = split_key(key, columns).parts if columns else ()
    named = [
        decoders[column.decoder](part) if column.decoder in decoders else part
        for part, column in zip(parts, columns, strict=False)
    ]
    return (*named[:width], *([None] * (width - len(named))))


def _values(value: Value, data: MapData) -> Iterator[tuple[Cell, ...]]:
    if isinstance(value, Stats) and data.plan.aggregation != "avg":
        yield value.count, value.average, value.total
    elif isinstance(value, tuple) and value and all(isinstance(one, Bucket) for one in value):
        yield from ((one.low, one.high, one.count) for one in value if isinstance(one, Bucket) and one.count)
    else:
        found = plain(value, data)
        yield (found if isinstance(found, int | float | str) else None if found is None else str(found),)
