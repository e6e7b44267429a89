"""CSV for spreadsheets: what a process calls itself must not become a formula or a control character there."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import IO

from bttop.model.names import Decoder
from bttop.model.text import visible
from bttop.store.export.selection import Selection
from bttop.store.export.tables import Cell, Table, rows
from bttop.store.jsonl import timestamp

_FORMULA = ("=", "+", "-", "@", "\n", *"\uff1d\uff0b\uff0d\uff20")
"""First characters that make spreadsheets compute a cell (OWASP's page on CSV injection), those of full width as well.
Tabs and carriage returns are escapes by then."""


def write_csv(selection: Selection, table: Table, decoders: Mapping[str, Decoder], out: IO[str]) -> None:
    """Write one map as a table."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_text(title) for title in table.columns])
    for row in rows(selection, table, decoders):
        writer.writerow([timestamp(int(row[0] or 0)), *(_cell(cell) for cell in row[1:])])


def _cell(cell: Cell) -> Cell:
    return _text(cell) if isinstance(cell, str) else cell


def _text(text: str) -> str:
    """Visible text; one that would be a formula has an apostrophe in front, which spreadsheets do not show."""
    shown = "\n".join(visible(line) for line in text.split("\n"))
    return f"'{shown}" if shown.startswith((*_FORMULA, "'")) else shown
