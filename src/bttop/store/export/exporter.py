"""Types of export formats. A format is a module of this folder that declares an `EXPORTER`."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

from msgspec import Struct

from bttop.files import Mode
from bttop.store.export.selection import Selection
from bttop.store.export.tables import ExportTable

WriteTable = Callable[[Selection, ExportTable, IO[Any]], None]


class StreamExporter(Struct, frozen=True):
    """Writes a selection as one text."""

    name: str
    suffix: str
    """File name ending of OUT that selects the format."""
    summary: str
    write: Callable[[Selection, IO[str]], None]
    has_rows: bool = False
    """Whether it writes rows, which can be grouped."""


class TableExporter(Struct, frozen=True):
    """Writes each map of a selection as a separate table."""

    name: str
    suffix: str
    summary: str
    write: WriteTable
    mode: Mode
    """File mode: text or bytes. Bytes are not written to stdout."""
    has_rows: bool = True
    """Whether it writes rows, which can be grouped."""
