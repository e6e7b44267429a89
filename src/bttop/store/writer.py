"""The writer of a snapshot file: what happens goes in at once, so that the file is whole at every instant."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bttop.errors import BttopError
from bttop.model.jsontext import json_text
from bttop.store.blocks import CODEC, compressed, decompressed
from bttop.store.happenings import Added, Badged, Begun, Came, Changed, Ended, Happening, Marked, Met, Shown, Spent
from bttop.store.journal import Journal, Sealed
from bttop.store.plans import plan_object
from bttop.store.schema import COSTS, create

COST_DIGITS = 5
"""Of a number of the cost ledger."""
CHECKPOINT_BLOCKS = 4
"""Sealed blocks between two transfers from the log to the file: about a minute of five panes."""
LOG_BYTES = 1 << 20
"""Lines in the log after which it is transferred as well."""


class CannotRecord(BttopError):
    """The recording has ended because the file could not be written; what was written stays readable."""


class Place(NamedTuple):
    """Which file a path leads to, and how long it is: the log aside, a recording alone changes that."""

    device: int
    inode: int
    size: int


def place_of(path: Path) -> Place:
    """The file of a path now. Raises OSError."""
    status = path.stat()
    return Place(status.st_dev, status.st_ino, status.st_size)


class SnapshotWriter:
    """Writes one snapshot file. One thread at a time."""

    def __init__(self, path: Path, facts: Mapping[str, str], *, max_bytes: int = 0, max_age_ns: int = 0) -> None:
        """Begin a file where an empty one is. `facts` are those of store/facts.py; above `max_bytes`, and older than
        `max_age_ns`, the oldest blocks go first (0: nothing goes). Raises CannotRecord."""
        self.path = path
        self._max_bytes = max_bytes
        self._max_age_ns = max_age_ns
        self._since_checkpoint = 0
        self._logged = 0
        """Bytes of the lines that were written since the last transfer."""
        self._last_shown: dict[int, int] = {}
        self._windowed: set[int] = set()
        try:
            self._db = create(path, facts)
            self._place = place_of(path)
        except sqlite3.Error as error:
            _remove_empty(path)
            raise _cannot(path, error) from error
        except OSError as error:
            raise self._displaced("was removed") from error

    @property
    def size(self) -> int:
        """Bytes of the file and its log."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return sum(one.stat().st_size for one in (self.path, log) if one.exists())

    def begin_with(self, journal: Journal) -> None:
        """Write everything that a journal has kept. Raises CannotRecord."""
        self._transaction(lambda: self._write_past(journal))

    def write(self, happenings: Sequence[Happening]) -> None:
        """Write what has happened. Raises CannotRecord."""
        self._transaction(lambda: self._write_all(happenings))
        self._tidy()

    def write_blocks(self, sealed: Sequence[Sealed]) -> None:
        """Write blocks in the place of the lines that they hold. Raises CannotRecord."""
        self._transaction(lambda: self._replace_lines(sealed))
        self._tidy()

    def check_place(self) -> None:
        """Raise CannotRecord when the file of this path is not the one that is written any more."""
        try:
            found = place_of(self.path)
        except OSError as error:
            raise self._displaced("was removed or renamed") from error
        if found[:2] != self._place[:2]:
            raise self._displaced("was replaced by another file")
        if found != self._place:
            raise self._displaced("was overwritten")

    def close(self) -> None:
        """Bring everything into the one file and let go of it."""
        try:
            self.check_place()
        except CannotRecord:
            # Further steps go by the path, and could take the log of another recording away; closing alone does not.
            self._db.close()
            return
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._give_back()
            self._db.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error:
            return  # the disk is full: the file and its log stay as they are, and are read together
        finally:
            self._db.close()

    def _displaced(self, what: str) -> CannotRecord:
        why = f"{self.path} {what} while it was being written"
        return CannotRecord(why, title="recording stopped", hint=f"ls -l {self.path}*")

    def _transaction(self, step: Callable[[], None]) -> None:
        self.check_place()
        try:
            self._db.execute("BEGIN")
            step()
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise _cannot(self.path, error) from error

    def _write_past(self, journal: Journal) -> None:
        for one in (*journal.programs, *journal.begun, *journal.notes):
            self._write(one)
        self._last_shown = dict(journal.last_shown)
        for begun in journal.begun:
            first, last = journal.window(begun.generation)
            if first is not None:
                self._windowed.add(begun.generation)
            self._set_window(begun.generation, first, last)
        for sealed in journal.blocks:
            self._insert_block(sealed)
        for _, line in journal.open_lines():
            self._insert_line(Came(line, hexadecimal=False))

    def _write_all(self, happenings: Sequence[Happening]) -> None:
        for one in happenings:
            self._write(one)

    def _replace_lines(self, blocks: Sequence[Sealed]) -> None:
        for sealed in blocks:
            self._insert_block(sealed)
            self._db.execute(
                "DELETE FROM line WHERE id IN (SELECT id FROM line WHERE generation = ? ORDER BY id LIMIT ?)",
                (sealed.generation, sealed.lines),
            )
            self._since_checkpoint += 1

    def _write(self, happening: Happening) -> None:
        match happening:
            case Came():
                self._insert_line(happening)
            case Shown(generation=generation, stamp=stamp):
                self._last_shown[generation] = stamp.boot_ns
                if generation not in self._windowed:
                    self._windowed.add(generation)
                    self._set_window(generation, stamp.boot_ns, None)
            case Ended(generation=generation):
                if generation in self._last_shown:
                    self._db.execute(
                        "UPDATE generation SET last_shown_ns = ? WHERE id = ?",
                        (self._last_shown.pop(generation), generation),
                    )
            case Begun():
                self._insert_generation(happening)
            case Badged():
                self._set_badges(happening)
            case _:
                self._insert_note(happening)

    def _insert_note(self, note: Added | Changed | Marked | Spent | Met) -> None:
        match note:
            case Added(program=program, name=name):
                self._insert("program", program, name)
            case Changed(program=program, stamp=stamp, state=state, reason=reason, complaint=complaint):
                self._insert("state", None, program, *stamp, state, reason, complaint)
            case Marked(stamp=stamp, cause=cause, note=text):
                self._insert("mark", None, *stamp, cause, text)
            case Spent(program=program, stamp=stamp, cost=cost):
                scaled = [(cost.get(name), scale) for name, scale in COSTS.values()]
                values = [None if value is None else _rounded(scale * value) for value, scale in scaled]
                self._insert("cost", program, *stamp, *values)
            case Met(pid=pid, stamp=stamp, facts=facts):
                self._insert("process", None, pid, stamp.wall_ns, json_text(dict(facts)))

    def _insert_generation(self, one: Begun) -> None:
        self._insert(
            "generation",
            one.generation,
            one.program,
            one.number,
            one.source,
            hashlib.sha256(_clean(one.text).encode()).hexdigest(),
            one.pin,
            *one.stamp,
            None,
            None,
            compressed(_script(one)),
        )

    def _set_badges(self, one: Badged) -> None:
        found = self._db.execute("SELECT script FROM generation WHERE id = ?", (one.generation,)).fetchone()
        if found is not None:
            script = json.loads(decompressed(found[0])) | {"badges": [list(badge) for badge in one.badges]}
            row = (compressed(json_text(script)), one.generation)
            self._db.execute("UPDATE generation SET script = ? WHERE id = ?", row)

    def _insert_line(self, came: Came) -> None:
        line = came.line
        self._insert("line", None, line.generation, line.stream, *line.stamp, line.data)
        self._logged += len(line.data)

    def _insert_block(self, sealed: Sealed) -> None:
        *head, size, data = sealed
        self._insert("block", None, *head, CODEC, size, data)

    def _insert(self, table: str, *values: object) -> None:
        marks = ", ".join("?" * len(values))
        values = tuple([_clean(value) if isinstance(value, str) else value for value in values])
        self._db.execute(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608  our own table names

    def _set_window(self, generation: int, first: int | None, last: int | None) -> None:
        self._db.execute(
            "UPDATE generation SET first_shown_ns = ?, last_shown_ns = ? WHERE id = ?", (first, last, generation)
        )

    def _tidy(self) -> None:
        """Now and then: bring the log into the file, and let the oldest blocks go."""
        if self._since_checkpoint < CHECKPOINT_BLOCKS and self._logged < LOG_BYTES:
            return
        self._since_checkpoint = self._logged = 0
        try:
            self._drop_oldest()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._place = self._place._replace(size=self.path.stat().st_size)
        except sqlite3.Error as error:
            raise _cannot(self.path, error) from error
        except OSError as error:
            raise self._displaced("was removed or renamed") from error

    def _drop_oldest(self) -> None:
        if self._max_age_ns:
            newest = self._one("SELECT max(end_ns) FROM block")
            self._db.execute("DELETE FROM block WHERE end_ns < ?", (newest - self._max_age_ns,))
        while self._max_bytes and self._used() > self._max_bytes and self._one("SELECT count(*) FROM block") > 1:
            self._db.execute("DELETE FROM block WHERE id IN (SELECT id FROM block ORDER BY end_ns LIMIT 5)")
        self._give_back()

    def _give_back(self) -> None:
        """Give all free pages back. As a script: the pragma frees one page a step, and `execute` makes one step."""
        self._db.executescript("PRAGMA incremental_vacuum")

    def _used(self) -> int:
        """Bytes of the pages in use, without the newest lines: in blocks they take a tenth."""
        pages = self._one("PRAGMA page_count") - self._one("PRAGMA freelist_count")
        return pages * self._one("PRAGMA page_size") - self._one("SELECT total(length(data)) FROM line")

    def _one(self, statement: str) -> int:
        found = self._db.execute(statement).fetchone()
        return int(found[0] or 0)


def _remove_empty(path: Path) -> None:
    """What never became a snapshot must not stand in the way of the next one."""
    with contextlib.suppress(OSError):
        if path.stat().st_size == 0:
            path.unlink()


def _cannot(path: Path, error: sqlite3.Error) -> CannotRecord:
    return CannotRecord(
        f"{path}: {error}", title="recording stopped", hint=f"df -h {path.parent}  # what was written stays readable"
    )


def _script(one: Begun) -> str:
    """What ran, as JSON. All in one piece: the two texts and the plan have most of their words in common."""
    return json_text(
        {
            "text": _clean(one.text),
            "prepared": _clean(one.prepared),
            "args": [_clean(arg) for arg in one.args],
            "plan": plan_object(one.plan),
            "badges": [list(badge) for badge in one.badges],
        }
    )


def _rounded(value: float) -> float:
    """A measured number with the digits that mean something."""
    found = float(f"{value:.{COST_DIGITS}g}")
    return int(found) if found.is_integer() else found


def _clean(text: str) -> str:
    """Text that UTF-8 can hold; a script may have been read from bytes that are none."""
    return text.encode(errors="surrogateescape").decode(errors="replace")
