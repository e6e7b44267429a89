"""The writer of a snapshot file. Events are written at once, so that the file is complete at any time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bttop.errors import BttopError, command_line
from bttop.model.format.json_text import json_text
from bttop.patterns import pattern
from bttop.store.recording.lookback_buffer import LookbackBuffer, Sealed
from bttop.store.snapshot.blocks import CODEC, compressed, decompressed
from bttop.store.snapshot.facts import SessionFacts
from bttop.store.snapshot.plan_json import plan_object
from bttop.store.snapshot.recording_events import (
    CaveatsChanged,
    CostSampled,
    FlushCompleted,
    GenerationEnded,
    GenerationStarted,
    HostKnown,
    LineReceived,
    MarkSet,
    ProcessSeen,
    ProgramAdded,
    RecordingEvent,
    StatusChanged,
)
from bttop.store.snapshot.tables.cells import MEASURED
from bttop.store.snapshot.tables.schema import COSTS, MAGIC, create

COST_DIGITS = 5
"""Significant digits of a number of the cost ledger."""
_HALVES = pattern("[\ud800-\udc7f\udd00-\udfff]")
"""Halves of surrogate pairs that stand for no byte; JSON of a tracer may hold them."""
CHECKPOINT_BLOCKS = 4
"""Sealed blocks after which the log is transferred to the file: about a minute of five panes."""
_ALIGNED_END = (
    "end_ns - coalesce((SELECT boot_ahead_ns FROM host JOIN program ON program.host = host.id "
    "WHERE program.id = block.program), 0)"
)
"""The end of a block on the clock of the recording: hosts have clocks of their own."""
LOG_BYTES = 1 << 20
"""Bytes of lines in the log after which it is transferred as well."""


class CannotRecord(BttopError):
    """The recording has ended because the file could not be written. What was written can still be read."""


class FileIdentity(NamedTuple):
    """Identity and size of the file at a path. Apart from the log, only the writer changes them."""

    device: int
    inode: int
    size: int


def place_of(path: Path) -> FileIdentity:
    """Return the identity of the file that is now at a path. Raises OSError."""
    status = path.stat()
    return FileIdentity(status.st_dev, status.st_ino, status.st_size)


class SnapshotWriter:
    """Writes one snapshot file. Only one thread at a time may use it."""

    def __init__(self, path: Path, session: SessionFacts, *, max_bytes: int = 0, max_age_ns: int = 0) -> None:
        """Begin a recording in an existing empty file. The oldest blocks are deleted above `max_bytes` and when older
        than `max_age_ns` (0: no limit). Raises CannotRecord."""
        self.path = path
        self._max_bytes = max_bytes
        self._max_age_ns = max_age_ns
        self._since_checkpoint = 0
        self._logged = 0
        """Bytes of lines written since the last transfer of the log."""
        self._last_shown: dict[int, int] = {}
        self._windowed: set[int] = set()
        try:
            self._db = create(path, session.as_text())
            self._place = place_of(path)
        except sqlite3.Error as error:
            if _is_foreign(path):
                raise self._displaced("was overwritten") from error
            _remove_empty(path)
            raise _cannot(path, error) from error
        except OSError as error:
            raise self._displaced("was removed") from error
        if _is_foreign(path):
            self._db.close()
            raise self._displaced("was overwritten")

    @property
    def size(self) -> int:
        """Bytes of the file and its log."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return sum(one.stat().st_size for one in (self.path, log) if one.exists())

    def begin_with(self, lookback_buffer: LookbackBuffer) -> None:
        """Write everything that is in a look-back buffer. Raises CannotRecord."""
        self._transaction(lambda: self._write_past(lookback_buffer))

    def write(self, events: Sequence[RecordingEvent]) -> None:
        """Write events. Raises CannotRecord."""
        self._transaction(lambda: self._write_all(events))
        self._tidy()

    def write_blocks(self, sealed: Sequence[Sealed]) -> None:
        """Write blocks and delete the lines that they hold. Raises CannotRecord."""
        self._transaction(lambda: self._replace_lines(sealed))
        self._tidy()

    def check_place(self) -> None:
        """Raise CannotRecord if the file at this path was removed, replaced or changed by another process."""
        try:
            found = place_of(self.path)
        except OSError as error:
            raise self._displaced("was removed or renamed") from error
        if found[:2] != self._place[:2]:
            raise self._displaced("was replaced by another file")
        if found != self._place:
            raise self._displaced("was overwritten")

    def close(self) -> None:
        """Transfer the log into the file and close it."""
        try:
            self.check_place()
        except CannotRecord:
            # Further steps use the path and could delete the log of another recording; closing alone does not.
            self._db.close()
            return
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._give_back()
            self._db.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error:
            return  # the disk is full: the file and its log remain and are read together
        finally:
            self._db.close()

    def _displaced(self, what: str) -> CannotRecord:
        why = f"{self.path} {what} while it was being written"
        return CannotRecord(why, title="recording stopped", hint=f"{command_line('ls', '-l', self.path)}*")

    def _transaction(self, step: Callable[[], None]) -> None:
        self.check_place()
        try:
            self._db.execute("BEGIN")
            step()
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self.check_place()
            raise _cannot(self.path, error) from error

    def _write_past(self, lookback_buffer: LookbackBuffer) -> None:
        for one in (*lookback_buffer.hosts, *lookback_buffer.programs, *lookback_buffer.begun, *lookback_buffer.notes):
            self._write(one)
        self._last_shown = dict(lookback_buffer.last_shown)
        for begun in lookback_buffer.begun:
            first, last = lookback_buffer.window(begun.generation)
            if first is not None:
                self._windowed.add(begun.generation)
            self._set_window(begun.generation, first, last)
        for sealed in lookback_buffer.blocks:
            self._insert_block(sealed)
        for _, line in lookback_buffer.open_lines():
            self._insert_line(LineReceived(line, hexadecimal=False))

    def _write_all(self, events: Sequence[RecordingEvent]) -> None:
        for one in events:
            self._write(one)

    def _replace_lines(self, blocks: Sequence[Sealed]) -> None:
        for sealed in blocks:
            self._insert_block(sealed)
            self._db.execute(
                "DELETE FROM line WHERE id IN (SELECT id FROM line WHERE generation = ? ORDER BY id LIMIT ?)",
                (sealed.generation, sealed.lines),
            )
            self._since_checkpoint += 1

    def _write(self, event: RecordingEvent) -> None:
        match event:
            case LineReceived():
                self._insert_line(event)
            case FlushCompleted(generation=generation, stamp=stamp):
                self._last_shown[generation] = stamp.boot_ns
                if generation not in self._windowed:
                    self._windowed.add(generation)
                    self._set_window(generation, stamp.boot_ns, None)
            case GenerationEnded(generation=generation):
                if generation in self._last_shown:
                    self._db.execute(
                        "UPDATE generation SET last_shown_ns = ? WHERE id = ?",
                        (self._last_shown.pop(generation), generation),
                    )
            case GenerationStarted():
                self._insert_generation(event)
            case CaveatsChanged():
                self._set_badges(event)
            case HostKnown(host=host):
                self._db.execute("DELETE FROM host WHERE id = ?", (host.id,))
                self._insert("host", *host.as_row())
            case _:
                self._insert_note(event)

    def _insert_note(self, note: ProgramAdded | StatusChanged | MarkSet | CostSampled | ProcessSeen) -> None:
        match note:
            case ProgramAdded(program=program, name=name, host=host):
                self._insert("program", program, host, name)
            case StatusChanged(program=program, stamp=stamp, state=state, reason=reason, complaint=complaint):
                self._insert("state", None, program, *stamp, state, reason, complaint)
            case MarkSet(stamp=stamp, cause=cause, note=text, host=host):
                self._insert("mark", None, host, *stamp, cause, text)
            case CostSampled(program=program, stamp=stamp, cost=cost, host=host):
                scaled = [(cost.get(name), scale) for name, scale in COSTS.values()]
                values = [None if value is None else _rounded(scale * value) for value, scale in scaled]
                self._insert("cost", host, program, *stamp, *values)
            case ProcessSeen(pid=pid, stamp=stamp, facts=facts, host=host):
                self._insert("process", None, host, pid, stamp.wall_ns, json_text(dict(facts)))

    def _insert_generation(self, one: GenerationStarted) -> None:
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

    def _set_badges(self, one: CaveatsChanged) -> None:
        found = self._db.execute("SELECT script FROM generation WHERE id = ?", (one.generation,)).fetchone()
        if found is not None:
            script = json.loads(decompressed(found[0])) | {"badges": [list(badge) for badge in one.badges]}
            row = (compressed(json_text(script)), one.generation)
            self._db.execute("UPDATE generation SET script = ? WHERE id = ?", row)

    def _insert_line(self, came: LineReceived) -> None:
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
        """Transfer the log into the file and delete the oldest blocks, if it is time for that."""
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
            newest = self._one(f"SELECT max({_ALIGNED_END}) FROM block")  # noqa: S608  our own words
            statement = f"DELETE FROM block WHERE {_ALIGNED_END} < ?"  # noqa: S608
            self._db.execute(statement, (newest - self._max_age_ns,))
        while self._max_bytes and self._used() > self._max_bytes and self._one("SELECT count(*) FROM block") > 1:
            oldest = f"SELECT id FROM block ORDER BY {_ALIGNED_END} LIMIT 5"  # noqa: S608
            self._db.execute(f"DELETE FROM block WHERE id IN ({oldest})")  # noqa: S608
        self._give_back()

    def _give_back(self) -> None:
        """Release all free pages. `executescript`, because the pragma frees one page per step, and `execute` makes one
        step."""
        self._db.executescript("PRAGMA incremental_vacuum")

    def _used(self) -> int:
        """Return the bytes of the pages in use, without the newest lines: in blocks they take a tenth."""
        pages = self._one("PRAGMA page_count") - self._one("PRAGMA freelist_count")
        return pages * self._one("PRAGMA page_size") - self._one("SELECT total(length(data)) FROM line")

    def _one(self, statement: str) -> int:
        found = self._db.execute(statement).fetchone()
        return int(found[0] or 0)


def _remove_empty(path: Path) -> None:
    """Remove an empty file, so that it does not block the next recording."""
    with contextlib.suppress(OSError):
        if path.stat().st_size == 0:
            path.unlink()


def _is_foreign(path: Path) -> bool:
    """Whether another process has put something else into a new recording."""
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except OSError:
        return False
    return bool(head) and head != MAGIC


def _cannot(path: Path, error: sqlite3.Error) -> CannotRecord:
    return CannotRecord(
        f"{path}: {error}",
        title="recording stopped",
        hint=f"{command_line('df', '-h', path.parent)}  # what was written can be read",
    )


def _script(one: GenerationStarted) -> str:
    """Return a generation's texts and plan as one piece of JSON, which compresses well: they share most words."""
    return json_text(
        {
            "text": _clean(one.text),
            "prepared": _clean(one.prepared),
            "args": [_clean(arg) for arg in one.args],
            "plan": plan_object(one.plan),
            "badges": [list(badge) for badge in one.badges],
        }
    )


def _rounded(value: float) -> float | None:
    """Return a measured number, rounded to `COST_DIGITS` digits; None for one that no host can have."""
    if value > MEASURED.most:
        return None
    found = float(f"{value:.{COST_DIGITS}g}")
    return int(found) if found.is_integer() else found


def _clean(text: str) -> str:
    """Return text that UTF-8 can encode; a script may have been read from bytes that are not UTF-8."""
    return _HALVES.sub("\ufffd", text).encode(errors="surrogateescape").decode(errors="replace")
