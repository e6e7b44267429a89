"""Types of export formats. A format is a module of this folder that declares an `EXPORTER`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from bttop.files import Mode
from bttop.model.format.names import Decoder
from bttop.store.export.selection import Selection
from bttop.store.export.tables import ExportTable

WriteTable = Callable[[Selection, ExportTable, Mapping[str, Decoder], IO[Any]], None]


@dataclass(frozen=True, slots=True)
class StreamExporter:
    """Writes a selection as one text."""

    name: str
    suffix: str
    """File name ending of OUT that selects the format."""
    summary: str
    write: Callable[[Selection, IO[str]], None]


@dataclass(frozen=True, slots=True)
class TableExporter:
    """Writes each map of a selection as a separate table."""

    name: str
    suffix: str
    summary: str
    write: WriteTable
    mode: Mode
    """File mode: text or bytes. Bytes are not written to stdout."""
