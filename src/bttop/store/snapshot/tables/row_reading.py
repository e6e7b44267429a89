"""Reads rows of an untrusted file. The cost is limited by the size of the file; rows that bttop cannot have written are
left out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from bttop.store.snapshot.tables.cells import MOST_CHARACTERS, fault_of

STEPS: Final = 10_000
"""Steps of SQLite's virtual machine between two calls of the progress handler."""
_LEAST_STEPS: Final = 10_000_000
_STEPS_PER_BYTE: Final = 20
"""Reading a table takes less than one step per byte. Pages that refer to each other in a circle have endless rows."""
_LEAST_BYTES: Final = 1 << 20
MOST_ROWS: Final = 100_000
"""Most rows of a list that is held in memory."""


class Effort:
    """Limits the steps that SQLite may take for one statement on a file of `size` bytes."""

    def __init__(self, size: int) -> None:
        self._most = (_LEAST_STEPS + _STEPS_PER_BYTE * size) // STEPS
        self._taken = 0

    @property
    def is_spent(self) -> bool:
        """Whether the limit is exceeded, which ends the statement."""
        return self._taken > self._most

    def renew(self) -> None:
        """Reset the count for the next statement."""
        self._taken = 0

    def step(self) -> bool:
        """Count `STEPS` more steps; return whether to end the statement."""
        self._taken += 1
        return self.is_spent


def text_of(data: bytes) -> str:
    """Return a text of the file: bytes that are not UTF-8 become lone surrogates; a text that is too long is cut."""
    # A character has at most four bytes: a text that is cut here is still too long.
    return data[: 4 * (MOST_CHARACTERS + 1)].decode(errors="surrogateescape")


class Reader:
    """Reads rows over one connection; notes in sentences what cannot be read."""

    def __init__(self, connection: sqlite3.Connection, effort: Effort, size: int, note: Callable[[str], None]) -> None:
        self._connection = connection
        self._effort = effort
        self._most_bytes = _LEAST_BYTES + 2 * size
        self._note = note

    def rows(self, statement: str, values: Sequence[int] = (), what: str = "blocks") -> Iterator[tuple[Any, ...]]:
        """Yield the readable rows of a statement, unchecked. Their total size is limited by the size of the file: pages
        that several rows share would be copied in memory."""
        size = 0
        self._effort.renew()
        try:
            for row in self._connection.execute(statement, values):
                size += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
                if size > self._most_bytes:
                    self._note(f"{what}: the rows hold more bytes than the file, and the rest is left out")
                    return
                yield row
        except (sqlite3.Error, OverflowError) as error:
            why = "it takes more steps than a file of this size needs" if self._effort.is_spent else str(error)
            self._note(f"{what}: not everything can be read ({why})")

    def checked(
        self, table: str, columns: Sequence[str], rest: str = "", values: Sequence[int] = (), most: int = MOST_ROWS
    ) -> Iterator[tuple[Any, ...]]:
        """Yield at most `most` rows of a table that bttop may have written; `rest` is the rest of the statement."""
        statement = f"SELECT {', '.join(columns)} FROM {table} {rest}"  # noqa: S608  our words
        found = 0
        for row in self.rows(statement, values, table):
            why = fault_of(table, columns, row)
            if why:
                self._note(f"{table}: {why}; such rows are left out")
            elif found == most:
                self._note(f"{table}: there are more than {most:,} rows, and the rest is left out")
                return
            else:
                found += 1
                yield row
