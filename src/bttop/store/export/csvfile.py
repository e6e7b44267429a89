"""CSV for spreadsheets. A process name must not become a formula or a control character there."""

from __future__ import annotations

import csv
from typing import IO

from bttop.model.format.text import visible
from bttop.store.export.exporter import TableExporter
from bttop.store.export.selection import Selection
from bttop.store.export.tables import Cell, ExportTable, rows
from bttop.store.flush_json import timestamp

_FORMULA = ("=", "+", "-", "@", "\n", *"\uff1d\uff0b\uff0d\uff20")
"""First characters that make a spreadsheet evaluate a cell (OWASP's page on CSV injection), also in full width. Tabs
and carriage returns are already escaped."""


def write_csv(selection: Selection, table: ExportTable, out: IO[str]) -> None:
    """Write one map as a table."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_text(title) for title in table.columns])
    for row in rows(selection, table):
        writer.writerow([timestamp(int(row[0] or 0)), *(_cell(cell) for cell in row[1:])])


def _cell(cell: Cell) -> Cell:
    return _text(cell) if isinstance(cell, str) else cell


def _text(text: str) -> str:
    """Return visible text. A text that would be a formula gets a leading apostrophe, which spreadsheets hide."""
    shown = "\n".join(visible(line) for line in text.split("\n"))
    return f"'{shown}" if shown.startswith((*_FORMULA, "'")) else shown


EXPORTER = TableExporter(
    "csv",
    ".csv",
    "a table: one row per key and flush, for histograms one per bucket; names never become formulas",
    write_csv,
    "w",
)
