"""The type, range and length that each column of a snapshot may have. A row with anything else was not written by bttop
and is left out when it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bttop.model.record.records import FOREVER

MOST_CHARACTERS = 4 << 20
"""Most characters of any text. The longest text that bttop writes is its command line, which Linux limits to 2 MiB."""


class ColumnRule(NamedTuple):
    """The rule for the cells of a column."""

    type: type
    """int, float (allows int as well), str or bytes."""
    what: str
    """The name of the type in messages."""
    least: int = 0
    most: int = FOREVER
    """The largest number; for text and bytes, the largest length."""
    optional: bool = False
    """Whether NULL is allowed; it means unknown."""


NUMBER = ColumnRule(int, "a number from 0 up")
COUNT = ColumnRule(int, "a count", most=1 << 40)
MOMENT = ColumnRule(int, "a moment", most=FOREVER - 1)
MAYBE_MOMENT = MOMENT._replace(optional=True)
FLAG = ColumnRule(int, "0 or 1", most=1)
AHEAD = ColumnRule(int, "a difference of clocks", least=-(FOREVER >> 1), most=FOREVER >> 1)
MEASURED = ColumnRule(float, "a measured number", most=10**18, optional=True)
NAME = ColumnRule(str, "a name", most=4096)
TEXT = ColumnRule(str, "a text", most=1 << 20)
BYTES = ColumnRule(bytes, "bytes", most=128 << 20)

CELLS: Mapping[str, Mapping[str, ColumnRule]] = {
    "meta": {"name": NAME, "value": ColumnRule(str, "a text", most=MOST_CHARACTERS)},
    "host": {
        "id": NUMBER,
        "name": NAME,
        "kernel": NAME,
        "machine": NAME,
        "cpus": COUNT,
        "release": NAME,
        "key_limit": COUNT,
        "devices": TEXT,
        "boot_ahead_ns": AHEAD,
        "wall_ahead_ns": AHEAD,
        "clock_error_ns": AHEAD,
    },
    "program": {"id": NUMBER, "host": NUMBER, "name": NAME},
    "generation": {
        "id": NUMBER,
        "program": NUMBER,
        "number": COUNT,
        "source": NAME,
        "sha256": NAME,
        "pin": TEXT,
        "boot_ns": MOMENT,
        "wall_ns": MOMENT,
        "first_shown_ns": MAYBE_MOMENT,
        "last_shown_ns": MAYBE_MOMENT,
        "script": BYTES,
    },
    "line": {
        "id": NUMBER,
        "generation": NUMBER,
        "stream": NAME,
        "boot_ns": MOMENT,
        "wall_ns": MOMENT,
        "data": BYTES,
    },
    "block": {
        "id": NUMBER,
        "generation": NUMBER,
        "program": NUMBER,
        "first_flush": COUNT,
        "flushes": COUNT,
        "begin_ns": MOMENT,
        "end_ns": MOMENT,
        "begin_wall_ns": MOMENT,
        "end_wall_ns": MOMENT,
        "first_line": COUNT,
        "lines": COUNT,
        "hexadecimal": FLAG,
        "untimed": COUNT,
        "codec": NAME,
        "size": COUNT,
        "data": BYTES,
    },
    "state": {
        "id": NUMBER,
        "program": NUMBER,
        "boot_ns": MOMENT,
        "wall_ns": MOMENT,
        "state": NAME,
        "reason": TEXT,
        "complaint": TEXT,
    },
    "mark": {"id": NUMBER, "host": NUMBER, "boot_ns": MOMENT, "wall_ns": MOMENT, "cause": NAME, "note": TEXT},
    "cost": {
        "host": NUMBER,
        "program": NUMBER,
        "boot_ns": MOMENT,
        "wall_ns": MOMENT,
        "run_ns": MEASURED,
        "events": MEASURED,
        "cpu_ns": MEASURED,
        "output": MEASURED,
        "rss": MEASURED,
        "map_bytes": MEASURED,
        "programs": MEASURED,
    },
    "process": {"id": NUMBER, "host": NUMBER, "pid": NUMBER, "wall_ns": MOMENT, "data": TEXT},
}


def fault_of(table: str, columns: Sequence[str], row: Sequence[object]) -> str:
    """Return what is wrong with a row of these columns; empty if bttop may have written it."""
    cells = CELLS[table]
    for column, value in zip(columns, row, strict=True):
        why = _fault(cells[column], value)
        if why:
            return f"{column} {why}"
    return ""


def is_good(column: str, cell: ColumnRule) -> str:
    """Return the SQL condition that a column holds an integer within the rule's range."""
    return f"typeof({column}) = 'integer' AND {column} BETWEEN {cell.least} AND {cell.most}"


def _fault(cell: ColumnRule, value: object) -> str:
    if value is None:
        return "" if cell.optional else f"is NULL and not {cell.what}"
    if isinstance(value, str):
        return _text_fault(cell, value)
    if isinstance(value, bytes):
        if cell.type is not bytes:
            return f"is bytes and not {cell.what}"
        return "" if len(value) <= cell.most else f"is longer than {cell.most:,} bytes"
    is_number = type(value) is int or (type(value) is float and cell.type is float)
    if not is_number or cell.type not in (int, float):
        return f"is a number and not {cell.what}" if isinstance(value, int) else f"is not {cell.what}"
    # Also false for NaN.
    return "" if cell.least <= value <= cell.most else f"is out of range for {cell.what}"  # type: ignore[operator]


def _text_fault(cell: ColumnRule, value: str) -> str:
    if cell.type is not str:
        return f"is text and not {cell.what}"
    if len(value) > cell.most:
        return f"is longer than {cell.most:,} characters"
    return "" if value.isascii() or _is_unicode(value) else "holds bytes that are not UTF-8"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
