"""A table divided by host and day, as Hive names it: `host=web1/date=2026-11-30`. Tools that know this form read the
files of many recordings as one table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import PurePath
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote

from bttop.model.format.unique import unique_name
from bttop.store.export.selection import Selection
from bttop.store.export.tables import Cell, ExportTable, rows

T = TypeVar("T")
_HOST: Final = "host"
_NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"
_LONGEST: Final = 200
"""Most bytes of a value in a path: file systems allow 255 for a name."""
_DIGEST: Final = 16


class Partition(NamedTuple):
    """The rows of one host and day, to be read before the next partition."""

    path: PurePath
    """Relative, without the ending of the format. No part of it can lead out of its folder, whatever the host's
    name."""
    table: ExportTable
    """Without the column `host`, which the path has."""
    rows: Iterator[Sequence[Cell]]


def partitions(selection: Selection, table: ExportTable, name: str) -> Iterator[Partition]:
    """Yield the partitions of a table, host by host. `name`: the file name of each; a second part of one day, after the
    clock was set back over midnight, gets a number."""
    at = table.columns.index(_HOST)
    own = ExportTable(table.name, _without(table.columns, at), _without(table.kinds, at))
    for host in selection.snapshot.hosts:
        found = rows(selection, table, host.id)
        taken: list[str] = []
        for day, of_day in groupby(found, lambda row: _day(int(row[0] or 0))):
            path = unique_name(f"{_HOST}={path_value(host.name)}/date={day}/{name}", taken, "{name}-{number}")
            taken.append(path)
            yield Partition(PurePath(path), own, (_without(row, at) for row in of_day))


def path_value(text: str) -> str:
    """A value as part of a path: every byte except letters, digits and `_.-~` as `%` and two digits, which readers turn
    back. A long one is cut, and ends in its hash."""
    quoted = quote(text, safe="", errors="replace")
    if len(quoted) <= _LONGEST:
        return quoted or _NO_VALUE
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:_DIGEST]
    # A byte takes up to three characters.
    return f"{quote(text.encode(errors='replace')[: (_LONGEST - _DIGEST - 1) // 3], safe='')}-{digest}"


def _without(cells: Sequence[T], at: int) -> tuple[T, ...]:
    return (*cells[:at], *cells[at + 1 :])


def _day(wall_ns: int) -> str:
    """The day in UTC of a time in ns since 1970."""
    return f"{datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC):%Y-%m-%d}"
