"""Opens an untrusted snapshot file: checks its first bytes before SQLite opens it, and uses a connection that executes
nothing from the file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from bttop.errors import BttopError, bttop_command, command_line
from bttop.regular import open_regular
from bttop.store.snapshot.tables.row_reading import STEPS, Effort, text_of
from bttop.store.snapshot.tables.schema import APPLICATION_ID, FORMAT, MAGIC, TABLES

_CAUTIOUS = ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON", "mmap_size = 0")
_LARGEST_VALUE = 128 << 20
"""Most bytes of one value that SQLite may return."""


class CannotReview(BttopError):
    """A file is not a snapshot or cannot be read."""


def open_file(path: Path, note: Callable[[str], None]) -> tuple[sqlite3.Connection, Effort]:
    """Return a read-only connection to a snapshot, and the limit for its statements. Missing parts of a damaged file
    are noted. Raises CannotReview if it is not a snapshot or has a newer format."""
    _check_head(path)
    effort = Effort(size_of(path))
    connection = _connected(path, effort, note)
    try:
        _check_origin(path, connection)
    except sqlite3.Error as error:
        connection.close()
        raise unreadable(path, str(error)) from error
    except BttopError:
        connection.close()
        raise
    return connection, effort


def size_of(path: Path) -> int:
    """Return the bytes of a snapshot and of the log beside it."""
    log = path.with_name(f"{path.name}-wal")
    return sum(one.stat().st_size for one in (path, log) if one.exists())


def unreadable(path: Path, why: str) -> CannotReview:
    """Return the error for a snapshot that is too damaged to read."""
    return CannotReview(f"{path}: {why}", title="a damaged snapshot", hint=command_line("sqlite3", path, ".recover"))


def empty(path: Path, problems: Sequence[str]) -> CannotReview:
    """Return the error for a snapshot in which nothing can be read. `problems`: the damage, in sentences."""
    if problems:
        why = f"{path} holds no line that can be read: {problems[0]}"
        return CannotReview(why, title="a damaged snapshot", hint=bttop_command("verify", path))
    return CannotReview(f"{path} holds no line of any program", title="an empty snapshot")


def _check_head(path: Path) -> None:
    try:
        with open_regular(path) as file:
            head = file.read(len(MAGIC))
    except OSError as error:
        raise CannotReview(f"{path}: {error.strerror}", title="not a snapshot") from error
    if not head:
        raise CannotReview(f"{path} is empty", title="not a snapshot")
    if head != MAGIC:
        why = "begins with zeros" if not head.strip(b"\x00") else "is not a snapshot of bttop"
        raise CannotReview(f"{path} {why}", title="not a snapshot")


def _connected(path: Path, effort: Effort, note: Callable[[str], None]) -> sqlite3.Connection:
    """Try several ways to open the file, the strictest first: a log beside it may not be readable, and SQLite reads a
    truncated file only with `writable_schema`."""
    problem: sqlite3.Error | None = None
    for options, pragma in (("", ""), ("&immutable=1", ""), ("&immutable=1", "writable_schema = ON")):
        try:
            connection = _cautious(path, effort, options, pragma)
        except sqlite3.Error as error:
            problem = problem or error
            continue
        if pragma:
            note("the file was cut short: everything after its end is missing")
        elif options and path.with_name(f"{path.name}-wal").exists():
            note("the log beside the file cannot be read: the last minutes may be missing")
        return connection
    raise unreadable(path, str(problem))


def _cautious(path: Path, effort: Effort, options: str, further: str) -> sqlite3.Connection:
    """Return a connection that executes nothing from the file. Raises sqlite3.Error."""
    # As bytes: the name may not be UTF-8.
    name = quote(os.fsencode(path.resolve()))
    connection = sqlite3.connect(f"file:{name}?mode=ro{options}", uri=True, isolation_level=None, timeout=2.0)
    connection.text_factory = text_of
    connection.set_progress_handler(effort.step, STEPS)
    effort.renew()
    try:
        for pragma in (*_CAUTIOUS, *([further] if further else [])):
            connection.execute(f"PRAGMA {pragma}")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _check_origin(path: Path, connection: sqlite3.Connection) -> None:
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise CannotReview(f"{path} is a SQLite file of another program", title="not a snapshot")
    version = _pragma(connection, "user_version")
    if version > FORMAT:
        raise CannotReview(
            f"{path} has format {version}; this bttop reads formats up to {FORMAT}",
            title="a newer snapshot",
            hint="pip install --upgrade bttop",
        )
    found = connection.execute("SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    tables = {name: sql for name, type_, sql in found if type_ == "table"}
    if tables != TABLES or any(type_ not in ("table", "index") for _, type_, _ in found):
        raise CannotReview(f"{path}: its tables are not those of a snapshot", title="not a snapshot")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
