"""How the rows of a stranger's file are read: at a cost that the size of the file allows, and only as bttop writes
them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from bttop.store.cells import MOST_CHARACTERS, fault_of

STEPS: Final = 10_000
"""Of SQLite's machine between two looks at how many it has taken."""
_LEAST_STEPS: Final = 10_000_000
_STEPS_PER_BYTE: Final = 20
"""A table is read in less than one step for each byte. Pages that name each other in a ring have rows without end."""
_LEAST_BYTES: Final = 1 << 20
MOST_ROWS: Final = 100_000
"""Of one list that is held in memory as a whole."""


class Effort:
    """The steps that SQLite may take for one statement on a file of so many bytes."""

    def __init__(self, size: int) -> None:
        self._most = (_LEAST_STEPS + _STEPS_PER_BYTE * size) // STEPS
        self._taken = 0

    @property
    def is_spent(self) -> bool:
        """Whether the statement was ended for its cost."""
        return self._taken > self._most

    def renew(self) -> None:
        """Begin another statement."""
        self._taken = 0

    def step(self) -> bool:
        """SQLite has taken `STEPS` more; true ends the statement."""
        self._taken += 1
        return self.is_spent


def text_of(data: bytes) -> str:
    """A text as the file has it: bytes that are not UTF-8 become lone surrogates, and one that is too long is cut."""
    # Four bytes are the longest character: what is cut here is still too long.
    return data[: 4 * (MOST_CHARACTERS + 1)].decode(errors="surrogateescape")


class Reader:
    """Reads rows over one connection; what cannot be read is noted in sentences."""

    def __init__(self, connection: sqlite3.Connection, effort: Effort, size: int, note: Callable[[str], None]) -> None:
        self._connection = connection
        self._effort = effort
        self._most_bytes = _LEAST_BYTES + 2 * size
        self._note = note

    def rows(self, statement: str, values: Sequence[int] = (), what: str = "blocks") -> Iterator[tuple[Any, ...]]:
        """The rows of a statement, as many as can be read, unchecked. Together they have no more bytes than the file:
        pages that several rows name are one piece on the disk and many in memory."""
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
        """At most so many rows of a table that bttop may have written; `rest` is what follows in the statement."""
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
