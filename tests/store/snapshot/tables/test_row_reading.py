"""What reading a stranger's file may cost SQLite."""

from __future__ import annotations

import sqlite3

from bttop.store.snapshot.tables.row_reading import STEPS, Effort, Reader

ENDLESS = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) "


def reader(size: int) -> tuple[Reader, list[str]]:
    notes: list[str] = []
    connection = sqlite3.connect(":memory:")
    effort = Effort(size)
    connection.set_progress_handler(effort.step, STEPS)
    return Reader(connection, effort, size, notes.append), notes


def test_rows_without_end_are_ended_and_said() -> None:
    found, notes = reader(1_000)
    assert list(found.rows(f"{ENDLESS} SELECT count(*) FROM r", (), "mark")) == []
    assert notes == ["mark: not everything can be read (it takes more steps than a file of this size needs)"]
    assert list(found.rows("SELECT 1")) == [(1,)]
    assert len(notes) == 1


def test_rows_hold_no_more_bytes_than_the_file_has() -> None:
    found, notes = reader(1_000)
    rows = list(found.rows(f"{ENDLESS} SELECT zeroblob(100000) FROM r", (), "process"))
    assert len(rows) == 10
    assert notes == ["process: the rows hold more bytes than the file, and the rest is left out"]
