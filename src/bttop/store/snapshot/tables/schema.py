"""The tables of a snapshot file, and how a new file is created. docs/snapshots.md explains every column."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

MAGIC = b"SQLite format 3\x00"
"""The first bytes of a SQLite file."""
FORMAT = 1
"""Format version. It is increased whenever an older bttop could misread what a newer one writes."""
APPLICATION_ID = 0x62747470
"""`bttp` in the file's header: distinguishes a snapshot from SQLite files of other programs."""

TABLES: dict[str, str] = {
    "meta": "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "host": (
        "CREATE TABLE host (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kernel TEXT NOT NULL, machine TEXT NOT NULL, "
        "cpus INTEGER NOT NULL, release TEXT NOT NULL, key_limit INTEGER NOT NULL, devices TEXT NOT NULL, "
        "boot_ahead_ns INTEGER NOT NULL, wall_ahead_ns INTEGER NOT NULL, clock_error_ns INTEGER NOT NULL)"
    ),
    "program": "CREATE TABLE program (id INTEGER PRIMARY KEY, host INTEGER NOT NULL, name TEXT NOT NULL)",
    "generation": (
        "CREATE TABLE generation (id INTEGER PRIMARY KEY, program INTEGER NOT NULL, number INTEGER NOT NULL, "
        "source TEXT NOT NULL, sha256 TEXT NOT NULL, pin TEXT NOT NULL, boot_ns INTEGER NOT NULL, "
        "wall_ns INTEGER NOT NULL, first_shown_ns INTEGER, last_shown_ns INTEGER, script BLOB NOT NULL)"
    ),
    "line": (
        "CREATE TABLE line (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, stream TEXT NOT NULL, "
        "boot_ns INTEGER NOT NULL, wall_ns INTEGER NOT NULL, data BLOB NOT NULL)"
    ),
    "block": (
        "CREATE TABLE block (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, program INTEGER NOT NULL, "
        "first_flush INTEGER NOT NULL, flushes INTEGER NOT NULL, begin_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, "
        "begin_wall_ns INTEGER NOT NULL, end_wall_ns INTEGER NOT NULL, first_line INTEGER NOT NULL, "
        "lines INTEGER NOT NULL, hexadecimal INTEGER NOT NULL, untimed INTEGER NOT NULL, codec TEXT NOT NULL, "
        "size INTEGER NOT NULL, data BLOB NOT NULL)"
    ),
    "state": (
        "CREATE TABLE state (id INTEGER PRIMARY KEY, program INTEGER NOT NULL, boot_ns INTEGER NOT NULL, "
        "wall_ns INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, complaint TEXT NOT NULL)"
    ),
    "mark": (
        "CREATE TABLE mark (id INTEGER PRIMARY KEY, host INTEGER NOT NULL, boot_ns INTEGER NOT NULL, "
        "wall_ns INTEGER NOT NULL, cause TEXT NOT NULL, note TEXT NOT NULL)"
    ),
    "cost": (
        "CREATE TABLE cost (host INTEGER NOT NULL, program INTEGER NOT NULL, boot_ns INTEGER NOT NULL, "
        "wall_ns INTEGER NOT NULL, run_ns INTEGER, events REAL, cpu_ns INTEGER, output REAL, rss INTEGER, "
        "map_bytes INTEGER, programs INTEGER, "
        "PRIMARY KEY (host, program, boot_ns) ON CONFLICT REPLACE) WITHOUT ROWID"
    ),
    "process": (
        "CREATE TABLE process (id INTEGER PRIMARY KEY, host INTEGER NOT NULL, pid INTEGER NOT NULL, "
        "wall_ns INTEGER NOT NULL, data TEXT NOT NULL)"
    ),
}
COSTS: dict[str, tuple[str, float]] = {
    "run_ns": ("run", 1e9),
    "events": ("events", 1),
    "cpu_ns": ("cpu", 1e9),
    "output": ("output", 1),
    "rss": ("rss", 1),
    "map_bytes": ("map_bytes", 1),
    "programs": ("programs", 1),
}
"""Column of the cost ledger to its name in an entry, and the factor from the entry's unit to the column's unit. Whole
numbers take one to six bytes; columns take a third of the space of names and numbers in each row."""
INDEXES = (
    "CREATE INDEX block_flush ON block (program, first_flush, generation)",
    "CREATE INDEX block_begin ON block (program, begin_ns)",
)


def create(path: Path, session: Mapping[str, str]) -> sqlite3.Connection:
    """Create the tables of a snapshot in an existing empty file, and open it for writing. `session`: the rows of
    `meta`. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _fill(connection, session)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _fill(connection: sqlite3.Connection, session: Mapping[str, str]) -> None:
    # First, because the next pragma fixes the page size. Small pages: each table and index leaves half of one empty.
    connection.execute("PRAGMA page_size = 512")
    connection.execute("PRAGMA synchronous = OFF")
    # One transaction, so that a process that is killed here leaves an empty file or one that can be opened.
    connection.execute("PRAGMA journal_mode = MEMORY")
    connection.execute("BEGIN")
    # Inside the transaction: alone, it would write a first page without the application id.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    for statement in (*TABLES.values(), *INDEXES):
        connection.execute(statement)
    connection.executemany("INSERT INTO meta VALUES (?, ?)", list(session.items()))
    connection.execute("COMMIT")
    # With a write-ahead log the file is intact whenever the process is killed. A power cut may lose what the kernel had
    # not yet written: waiting for the disk would block on a host that is overloaded.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
