"""Parquet, written by pyarrow. pyarrow is an optional dependency, because it takes 120 MB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import IO, Any

from bttop.errors import BttopError
from bttop.store.export.exporter import TableExporter
from bttop.store.export.selection import Selection
from bttop.store.export.tables import Cell, ExportTable, fitted, rows

BATCH_ROWS = 50_000
"""Rows of a row group, which is held in memory."""


def write_parquet(selection: Selection, table: ExportTable, file: IO[bytes]) -> None:
    """Write one map to a binary file. Raises as `write_rows`."""
    write_rows(table, rows(selection, table), file)


def write_rows(table: ExportTable, found: Iterable[Sequence[Cell]], file: IO[bytes]) -> None:
    """Write the rows of a table to a binary file. Raises BttopError if pyarrow is not installed."""
    arrow, parquet = _pyarrow()
    types = {"int": arrow.int64(), "unsigned": arrow.uint64(), "float": arrow.float64(), "text": arrow.string()}
    fields = [(title, types[kind]) for title, kind in zip(table.columns, table.kinds, strict=True)]
    # Microseconds, as in the other formats: Spark refuses times in nanoseconds.
    fields[0] = (table.columns[0], arrow.timestamp("us", tz="UTC"))
    schema = arrow.schema(fields)
    parsed = ((int(row[0] or 0) // 1000, *fitted(row[1:], table.kinds[1:])) for row in found)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(parsed, BATCH_ROWS)):
            columns = zip(*batch, strict=True)
            arrays = [arrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(arrow.table(arrays, schema=schema))


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise BttopError(
            "Parquet needs pyarrow, which is not installed", title="cannot export", hint="pip install 'bttop[parquet]'"
        ) from None
    return pyarrow, pyarrow.parquet


EXPORTER = TableExporter(
    "parquet",
    ".parquet",
    "like csv, with typed columns, one file per map (`pip install 'bttop[parquet]'`)",
    write_parquet,
    "wb",
)
