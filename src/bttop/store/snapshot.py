"""The reader of a snapshot file. It takes nothing on trust: the file may be cut short, torn, or made by a stranger."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bttop.errors import BttopError
from bttop.model.plan import Plan
from bttop.model.records import FOREVER, Stamp, StampedLine
from bttop.store.blocks import NAMED, decompressed
from bttop.store.facts import Facts
from bttop.store.happenings import Changed, Marked, Met, Spent
from bttop.store.opening import open_file, unreadable
from bttop.store.plans import read_plan
from bttop.store.schema import COSTS

_GENERATION = "SELECT * FROM generation WHERE id = ?"
_LEDGER = f"SELECT program, boot_ns, wall_ns, {', '.join(COSTS)} FROM cost"  # noqa: S608  our words
_LEDGER_NS = 15_000_000_000
"""From a moment to the entry of the ledger that speaks for it; there is one every ten seconds."""


@dataclass(frozen=True, slots=True)
class RecordedGeneration:
    """One generation of a recorded program."""

    id: int
    program: int
    number: int
    source: str
    text: str
    sha256: str
    prepared: str
    args: tuple[str, ...]
    plan: Plan
    pin: str
    badges: tuple[tuple[str, str], ...]
    begun: Stamp
    first_shown_ns: int | None
    """Arrival of the last line of the first flush that was shown; None where none was."""
    last_shown_ns: int | None
    """The same of the last one; None where it was on show when the recording ended."""

    def shows(self, boot_ns: int) -> bool:
        """Whether a flush whose last line arrived then was shown."""
        if self.first_shown_ns is None or boot_ns < self.first_shown_ns:
            return False
        return self.last_shown_ns is None or boot_ns <= self.last_shown_ns


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A sealed block as the table has it; `data` is still compressed."""

    id: int
    generation: int
    first_flush: int
    flushes: int
    begin_ns: int
    end_ns: int
    first_line: int
    hexadecimal: bool
    untimed: int
    codec: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded program: its number in the file and its name."""

    id: int
    name: str


class Snapshot:
    """An open snapshot file, read only. Everything is looked up when it is asked for: memory does not grow with the
    file. `problems` collects what could not be read, in sentences."""

    def __init__(self, path: Path) -> None:
        """Open a file. Raises CannotReview when it is no snapshot or a newer bttop's."""
        self.path = path
        self.problems: list[str] = []
        self._db = open_file(path, self.note)
        try:
            self.facts = self._facts()
            self.generations = self._generations()
            self.programs = self._programs()
        except sqlite3.Error as error:
            self._db.close()
            raise unreadable(path, str(error)) from error
        except BttopError:
            self._db.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What there is.

    def marks(self) -> tuple[Marked, ...]:
        """All marks, the oldest first."""
        rows = self._rows("SELECT boot_ns, wall_ns, cause, note FROM mark ORDER BY boot_ns, id", (), "marks")
        return tuple([Marked(Stamp(boot, wall), str(cause), str(note)) for boot, wall, cause, note in rows])

    def states(self, program: int, until_ns: int | None = None) -> tuple[Changed, ...]:
        """The states of a program, the oldest first; up to a moment, only the last one before it."""
        columns = "SELECT boot_ns, wall_ns, state, reason, complaint FROM state WHERE program = ?"
        if until_ns is None:
            rows = self._rows(f"{columns} ORDER BY boot_ns, id", (program,), "states")
        else:
            order = "AND boot_ns <= ? ORDER BY boot_ns DESC, id DESC LIMIT 1"
            rows = self._rows(f"{columns} {order}", (program, until_ns), "states")
        return tuple([Changed(program, Stamp(boot, wall), *map(str, words)) for boot, wall, *words in rows])

    def costs(self, program: int | None = None) -> Iterator[Spent]:
        """The cost ledger, the oldest entry first; of one program, or of all."""
        where, values = ("", ()) if program is None else ("WHERE program = ?", (program,))
        statement = f"{_LEDGER} {where} ORDER BY boot_ns, program"
        for row in self._rows(statement, values, "costs"):
            yield _spent(*row)

    def cost_at(self, program: int, boot_ns: int | None) -> Spent | None:
        """The entry of the cost ledger that covers a moment, or at the end of a recording the last one before it; None
        where none is near. Without a moment, the last entry."""
        # An entry is the mean of the time before it.
        statement = (
            f"{_LEDGER} WHERE program = ? AND boot_ns BETWEEN ? AND ? ORDER BY boot_ns < ?, abs(boot_ns - ?) LIMIT 1"
        )
        near = (0, FOREVER, FOREVER, FOREVER)
        if boot_ns is not None:
            near = (boot_ns - _LEDGER_NS, boot_ns + _LEDGER_NS, boot_ns, boot_ns)
        values = (program, *near)
        return next((_spent(*row) for row in self._rows(statement, values, "costs")), None)

    def processes(self) -> Iterator[Met]:
        """Who the processes on the screen were."""
        for pid, wall, data in self._rows("SELECT pid, wall_ns, data FROM process ORDER BY id", (), "processes"):
            yield Met(pid, Stamp(0, wall), _json(data, dict))

    def span(self) -> tuple[Stamp, Stamp] | None:
        """End of the first and of the last flush that is kept, and before and after them the arrival of lines that no
        flush holds; None where nothing is kept."""
        # Both clocks from one row each, so that they are those of one moment.
        rows = self._rows("SELECT min(boot_ns), wall_ns FROM line UNION ALL SELECT max(boot_ns), wall_ns FROM line")
        of_program = "FROM block WHERE program = ? ORDER BY begin_ns"
        for program in self.programs:
            rows += self._rows(f"SELECT begin_ns, begin_wall_ns {of_program} LIMIT 1", (program.id,))
            rows += self._rows(f"SELECT end_ns, end_wall_ns {of_program} DESC LIMIT 1", (program.id,))
        stamps = [Stamp(*row) for row in rows if type(row[0]) is int and type(row[1]) is int]
        return (min(stamps), max(stamps)) if stamps else None

    # Blocks and open lines (see timeline.py).

    def block_of_flush(self, program: int, number: int) -> BlockRow | None:
        """The block that holds a program's flush of this number, or the last one before it that can be read."""
        return self._first_good("first_flush", "<=", program, number)

    def block_of_moment(self, program: int, boot_ns: int) -> BlockRow | None:
        """The last block whose first flush ended at or before a moment, and that can be read."""
        return self._first_good("begin_ns", "<=", program, boot_ns)

    def block_before(self, generation: RecordedGeneration, block: BlockRow | None) -> BlockRow | None:
        """The block of a generation before another one; before the open lines with None."""
        id_, flush = (FOREVER, FOREVER) if block is None else (block.id, block.first_flush)
        last = (
            "SELECT id FROM block WHERE program = ? AND first_flush <= ? AND generation = ? AND id < ? "
            "ORDER BY first_flush DESC, id DESC LIMIT 1"
        )
        return self._block(f"id = ({last})", generation.program, flush, generation.id, id_)

    def block_after(self, program: int, number: int) -> BlockRow | None:
        """The first block of a program whose flushes come after this number, and that can be read."""
        return self._first_good("first_flush", ">", program, number)

    def extent(self, program: int) -> tuple[int, int]:
        """Numbers of the first flush in a block, and of the first one after all blocks."""
        statement = "SELECT min(first_flush), max(first_flush + flushes) FROM block WHERE program = ? AND flushes > 0"
        found = self._rows(statement, (program,))
        return (int(found[0][0]), int(found[0][1])) if found and found[0][0] is not None else (0, 0)

    def blocks(self) -> Iterator[BlockRow]:
        """Every block that can be read, in the order of sealing. Their numbers come from an index, so that a torn page
        of the table hides none but its own."""
        ids = self._rows("SELECT program, id FROM block ORDER BY program, first_flush")
        for id_ in sorted(id_ for _, id_ in ids):
            found = self._block("id = ?", id_)
            if found is not None:
                yield found

    def open_lines(self, generation: int) -> tuple[StampedLine, ...]:
        """The lines of a generation that are in no block yet."""
        statement = "SELECT stream, boot_ns, wall_ns, data FROM line WHERE generation = ? ORDER BY id"
        rows = self._rows(statement, (generation,), "the newest lines")
        streams = {name: name for name in NAMED}
        return tuple(
            [
                StampedLine(generation, streams.get(stream, "stdout"), Stamp(boot, wall), data)
                for stream, boot, wall, data in rows
                if isinstance(data, bytes) and type(boot) is int and type(wall) is int
            ]
        )

    def integrity(self) -> tuple[str, ...]:
        """What SQLite itself finds wrong with the file, at most ten sentences."""
        rows = self._rows("PRAGMA integrity_check(10)", (), "pages")
        return tuple([str(row[0]) for row in rows if row[0] != "ok"])

    def note(self, problem: str) -> None:
        """Keep a sentence about what could not be read, once."""
        if problem not in self.problems:
            self.problems.append(problem)

    # Reading.

    def _first_good(self, column: str, relation: str, program: int, value: int) -> BlockRow | None:
        """The nearest block with flushes on one side of a value. The search touches only the index of the column, so
        that a torn page of the table costs the blocks that lie on it and no others."""
        order = "" if relation == ">" else "DESC"
        statement = (
            f"SELECT {column}, rowid FROM block WHERE program = ? AND {column} {relation} ? "  # noqa: S608  our words
            f"ORDER BY {column} {order}, rowid {order}"
        )
        try:
            for _, id_ in self._db.execute(statement, (program, value)):
                found = self._block("id = ?", id_)
                if found is not None and found.flushes > 0:
                    return found
        except sqlite3.Error as error:
            self.note(f"blocks: not everything can be read ({error})")
        return None

    def _block(self, where: str, *values: int) -> BlockRow | None:
        columns = "id, generation, first_flush, flushes, begin_ns, end_ns, first_line, hexadecimal, untimed, codec"
        rows = self._rows(f"SELECT {columns}, data FROM block WHERE {where} LIMIT 1", values)  # noqa: S608  our words
        if not rows:
            return None
        id_, *numbers, codec, data = rows[0]
        if not (all(type(one) is int for one in numbers) and isinstance(data, bytes)):
            self.note(f"block {id_} is not as bttop writes them")
            return None
        generation, first, flushes, begin, end, first_line, hexadecimal, untimed = numbers
        return BlockRow(
            id_, generation, first, flushes, begin, end, first_line, bool(hexadecimal), untimed, str(codec), data
        )

    def _rows(self, statement: str, values: Sequence[int] = (), what: str = "blocks") -> list[tuple[Any, ...]]:
        """The rows of a statement, as many as can be read."""
        found: list[tuple[Any, ...]] = []
        try:
            for row in self._db.execute(statement, values):
                found.append(row)
        except sqlite3.Error as error:
            self.note(f"{what}: not everything can be read ({error})")
        return found

    def _facts(self) -> Facts:
        meta = {str(name): str(value) for name, value in self._db.execute("SELECT name, value FROM meta")}
        try:
            return Facts.read(meta)
        except ValueError as error:
            raise unreadable(self.path, str(error)) from error

    def _programs(self) -> tuple[Recorded, ...]:
        rows = self._rows("SELECT id, name FROM program ORDER BY id", (), "programs")
        named = {id_: str(name) for id_, name in rows}
        # Where the names are lost, the generations still tell which programs there were.
        ran = sorted({one.program for one in self.generations.values()} - named.keys())
        return tuple([Recorded(id_, name) for id_, name in (named | {id_: f"program {id_}" for id_ in ran}).items()])

    def _generations(self) -> Mapping[int, RecordedGeneration]:
        # One by one, also those that only blocks name: a torn page would end a scan, and hide what is behind it.
        named = self._rows("SELECT id FROM generation", (), "generations")
        named += self._rows("SELECT DISTINCT generation FROM block INDEXED BY block_flush")
        ids = sorted({id_ for (id_,) in named if type(id_) is int})
        rows = [row for id_ in ids for row in self._rows(_GENERATION, (id_,), f"generation {id_}")]
        found = [one for row in rows if (one := self._generation(row)) is not None]
        return {one.id: one for one in found}

    def _generation(self, row: tuple[Any, ...]) -> RecordedGeneration | None:
        id_, program, number, source, sha256, pin, boot, wall, first, last, packed = row
        try:
            numbers = (id_, program, number, boot, wall, *(one for one in (first, last) if one is not None))
            _check_numbers(numbers)
            script = json.loads(decompressed(packed))
            words = tuple([(str(one[0]), str(one[1])) for one in script["badges"]])
            return RecordedGeneration(
                id_,
                program,
                number,
                str(source),
                str(script["text"]),
                str(sha256),
                str(script["prepared"]),
                tuple(map(str, script["args"])),
                read_plan(script["plan"]),
                str(pin),
                words,
                Stamp(boot, wall),
                first,
                last,
            )
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            self.note(f"generation {id_} cannot be read ({error}), and what it printed is left out")
            return None


def _check_numbers(values: Sequence[object]) -> None:
    if not all(type(one) is int for one in values):
        raise ValueError("a number is none")


def _spent(program: int, boot_ns: int, wall_ns: int, *values: object) -> Spent:
    pairs = zip(COSTS.values(), values, strict=True)
    cost = {name: value / scale for (name, scale), value in pairs if isinstance(value, int | float)}
    return Spent(program, Stamp(boot_ns, wall_ns), cost)


def _json(text: object, kind: type) -> Any:
    """A JSON value of a kind; an empty one where there is none."""
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(str(text))
        if isinstance(found, kind):
            return found
    return kind()
