"""The reader of a snapshot file. It does not trust the file, which may be truncated, damaged or from another user."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from bttop.errors import BttopError
from bttop.model.format.json_text import bounded_value
from bttop.model.record.records import FOREVER, Stamp, StampedLine
from bttop.store.snapshot.blocks import NAMED, Stated
from bttop.store.snapshot.facts import HostClock, RecordedHost, SessionFacts
from bttop.store.snapshot.frame_names import RecordedFrameNames
from bttop.store.snapshot.generations import COLUMNS, RecordedGeneration, read_generation
from bttop.store.snapshot.hosts import Hosts
from bttop.store.snapshot.recording_events import CostSampled, MarkSet, ProcessSeen, StatusChanged
from bttop.store.snapshot.tables.cells import COUNT, MOMENT, is_good
from bttop.store.snapshot.tables.opening import empty, open_file, size_of, unreadable
from bttop.store.snapshot.tables.row_reading import Reader
from bttop.store.snapshot.tables.schema import COSTS

_LEDGER = ("host", "program", "boot_ns", "wall_ns", *COSTS)
_BLOCK = (
    "id",
    "program",
    "generation",
    "first_flush",
    "flushes",
    "begin_ns",
    "end_ns",
    "first_line",
    "hexadecimal",
    "untimed",
    "codec",
    "size",
    "lines",
    "data",
)
_MOMENT = ("boot_ns", "wall_ns")
_HAS_FLUSHES = f"{is_good('first_flush', COUNT)} AND {is_good('flushes', COUNT)} AND flushes > 0"
_MOST_GENERATIONS = 20_000
_MOST_SCRIPTS = 64 << 20, 16
"""Most bytes of all scripts together: a base, and so many more per byte of the file."""
_MOST_PROCESSES = 1_000_000
_MOST_ENTRIES = 10_000_000
"""Most entries of the cost ledger: a year of three programs."""
_MOST_PROBLEMS = 200
"""Most sentences about what cannot be read."""
_LEDGER_NS = 15_000_000_000
"""Largest distance from a moment to an entry of the ledger that covers it; there is one every ten seconds."""


class BlockRow(Struct, frozen=True):
    """A row of the table `block`; `data` is compressed. Times are on the clock of the recording."""

    id: int
    generation: int
    first_flush: int
    flushes: int
    begin_ns: int
    end_ns: int
    first_line: int
    hexadecimal: bool
    untimed: int
    stated: Stated
    data: bytes


class Snapshot:
    """An open snapshot file, read-only. Data is read on demand, so that memory does not grow with the file. All times
    are on the clocks of the recording: those of each host, less what the host's clocks were ahead. `problems` collects
    sentences about what could not be read."""

    def __init__(self, path: Path, only: Sequence[str] = ()) -> None:
        """Open a file. `only`: the hosts to read; empty for all. Raises CannotReview if it is not a snapshot or has a
        newer format, UsageError if it has no such host."""
        self.path = path
        self.problems: list[str] = []
        self._db, effort = open_file(path, self.note)
        self._size = size_of(path)
        least, per_byte = _MOST_SCRIPTS
        self._script_bytes = least + per_byte * self._size
        """Bytes that further scripts may take, decompressed."""
        self._reader = Reader(self._db, effort, self._size, self.note)
        try:
            self.session = SessionFacts.read(dict(self._reader.checked("meta", ("name", "value"))))
            self._hosts = self._read_hosts(only)
            self.generations = self._generations()
            self.programs = self._hosts.programs(one.program for one in self.generations.values())
        except sqlite3.Error as error:
            self._db.close()
            raise unreadable(path, str(error)) from error
        except BttopError:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Contents.

    @property
    def hosts(self) -> tuple[RecordedHost, ...]:
        """The hosts that are read, at least one."""
        return tuple(self._hosts.by_number.values())

    @property
    def missing_hosts(self) -> tuple[str, ...]:
        """The hosts that were never reached."""
        return tuple(name for name in self.session.missing_hosts if name not in self._hosts.names)

    @property
    def host_names(self) -> tuple[str, ...]:
        """The names of the hosts that are read, and of those that were never reached."""
        return (*(host.name for host in self.hosts), *self.missing_hosts)

    def told(self, mark: MarkSet) -> str:
        """Return the note of a mark, else its cause; in a recording of several hosts, with the host that it is
        about."""
        said = mark.note or mark.cause
        name = next((host.name for host in self.hosts if host.id == mark.host), "")
        return f"{name}: {said}" if name and len(self.hosts) > 1 else said

    def host_of(self, generation: RecordedGeneration) -> RecordedHost:
        """Return the host on which a generation ran."""
        host = self._hosts.host_of(generation.program)
        assert host is not None, "generations of other programs are not read"
        return host

    def clock_of(self, generation: int) -> HostClock:
        """Return how far the clocks of the host of a generation are ahead."""
        found = self.generations.get(generation)
        return HostClock() if found is None else self._hosts.clock_of(found.program)

    def marks(self) -> tuple[MarkSet, ...]:
        """Return all marks, oldest first."""
        rows = self._reader.checked("mark", ("host", *_MOMENT, "cause", "note"), "ORDER BY boot_ns, id")
        found = [
            MarkSet(self._hosts.clock(host).aligned(Stamp(boot, wall)), cause, note, host)
            for host, boot, wall, cause, note in rows
            if self._hosts.is_read(host)
        ]
        return tuple(sorted(found, key=lambda one: one.stamp.boot_ns))

    def states(self, program: int, until_ns: int | None = None) -> tuple[StatusChanged, ...]:
        """Return the states of a program, oldest first; with `until_ns`, only the last one up to that moment."""
        columns = (*_MOMENT, "state", "reason", "complaint")
        if until_ns is None:
            rows = self._reader.checked("state", columns, "WHERE program = ? ORDER BY boot_ns, id", (program,))
        else:
            order = "WHERE program = ? AND boot_ns <= ? ORDER BY boot_ns DESC, id DESC"
            own_ns = until_ns + self._hosts.clock_of(program).boot_ns
            rows = islice(self._reader.checked("state", columns, order, (program, own_ns)), 1)
        aligned = self._hosts.clock_of(program).aligned
        return tuple([StatusChanged(program, aligned(Stamp(boot, wall)), *words) for boot, wall, *words in rows])

    def costs(self, host: int, program: int) -> Iterator[CostSampled]:
        """Yield the entries of the cost ledger of a program, oldest first."""
        order = "WHERE host = ? AND program = ? ORDER BY boot_ns"
        for row in self._reader.checked("cost", _LEDGER, order, (host, program), _MOST_ENTRIES):
            yield self._spent(*row)

    def cost_at(self, host: int, program: int, boot_ns: int | None) -> CostSampled | None:
        """Return the entry of the cost ledger that covers a moment, or at the end of a recording the last one before
        it; None if none is near. Without a moment, return the last entry."""
        # An entry is the mean of the time before it.
        order = "WHERE host = ? AND program = ? AND boot_ns BETWEEN ? AND ? ORDER BY boot_ns < ?, abs(boot_ns - ?)"
        near = (0, FOREVER, FOREVER, FOREVER)
        if boot_ns is not None:
            own_ns = boot_ns + self._hosts.clock(host).boot_ns
            near = (own_ns - _LEDGER_NS, own_ns + _LEDGER_NS, own_ns, own_ns)
        rows = self._reader.checked("cost", _LEDGER, order, (host, program, *near))
        return next((self._spent(*row) for row in rows), None)

    def processes(self, host: int) -> Iterator[ProcessSeen]:
        """Yield the facts of the processes of a host that were on the screen."""
        columns = ("pid", "wall_ns", "data")
        order = "WHERE host = ? ORDER BY id"
        for pid, wall, data in self._reader.checked("process", columns, order, (host,), _MOST_PROCESSES):
            yield ProcessSeen(pid, self._hosts.clock(host).aligned(Stamp(0, wall)), _facts_of(data), host)

    def frame_names(self, host: int) -> RecordedFrameNames:
        """Return the names of user addresses of a host that were found during the recording."""
        return RecordedFrameNames(self.processes(host))

    def span(self) -> tuple[Stamp, Stamp] | None:
        """Return the ends of the first and last kept flushes, extended to lines before and after that are in no block;
        None if nothing is kept."""
        # Both clocks come from the same row, so that they belong to the same moment.
        good = f"FROM line WHERE {is_good('boot_ns', MOMENT)} AND {is_good('wall_ns', MOMENT)}"
        ends = [f"SELECT generation, {end}(boot_ns), wall_ns {good} GROUP BY generation" for end in ("min", "max")]
        rows = self._reader.rows(" UNION ALL ".join(ends), (), "line")
        stamps = [self.clock_of(one).aligned(Stamp(*row)) for one, *row in rows if one in self.generations]
        for program in self.programs:
            for end, order in (("begin", ""), ("end", "DESC")):
                columns = (f"{end}_ns", f"{end}_wall_ns")
                nearest = f"WHERE program = ? ORDER BY begin_ns {order}"
                found = islice(self._reader.checked("block", columns, nearest, (program.id,)), 1)
                stamps += [program.host.clock.aligned(Stamp(*row)) for row in found]
        return (min(stamps), max(stamps)) if stamps else None

    # Blocks and open lines (see recorded_history.py).

    def block_of_flush(self, program: int, number: int) -> BlockRow | None:
        """Return the block that holds a program's flush of this number, or else the last readable one before it."""
        return self._first_good("first_flush", "<=", program, number)

    def block_of_moment(self, program: int, boot_ns: int) -> BlockRow | None:
        """Return the last readable block whose first flush ended at or before a moment."""
        return self._first_good("begin_ns", "<=", program, boot_ns + self._hosts.clock_of(program).boot_ns)

    def block_before(self, generation: RecordedGeneration, block: BlockRow | None) -> BlockRow | None:
        """Return the block of a generation before `block`; with None, the block before the open lines."""
        id_, flush = (FOREVER, FOREVER) if block is None else (block.id, block.first_flush)
        last = (
            "SELECT id FROM block WHERE program = ? AND first_flush <= ? AND generation = ? AND id < ? "
            "ORDER BY first_flush DESC, id DESC LIMIT 1"
        )
        return self._block(f"id = ({last})", generation.program, flush, generation.id, id_)

    def block_after(self, program: int, number: int) -> BlockRow | None:
        """Return the first readable block of a program whose flushes come after this number."""
        return self._first_good("first_flush", ">", program, number)

    def extent(self, program: int) -> tuple[int, int]:
        """Return the number of the first flush in a block, and of the first flush after all blocks."""
        ends = "min(first_flush), max(first_flush + flushes)"
        statement = f"SELECT {ends} FROM block WHERE program = ? AND {_HAS_FLUSHES}"  # noqa: S608  our words
        found = list(self._reader.rows(statement, (program,)))
        return found[0] if found and found[0][0] is not None else (0, 0)

    def blocks(self) -> Iterator[BlockRow]:
        """Yield every readable block in the order of sealing. Their ids come from an index, so that a damaged page of
        the table hides only its own blocks."""
        ids = self._reader.rows("SELECT program, id FROM block ORDER BY program, first_flush")
        size = 0
        for id_ in sorted(id_ for program, id_ in ids if not self._hosts.leaves_out(program)):
            found = self._block("id = ?", id_)
            size += 0 if found is None else len(found.data)
            if size > self._size:
                self.note("block: the rows hold more bytes than the file, and the rest is left out")
                return
            if found is not None:
                yield found

    def open_lines(self, generation: int) -> tuple[StampedLine, ...]:
        """Return the lines of a generation that are not yet in a block."""
        columns = ("stream", *_MOMENT, "data")
        rows = self._reader.checked("line", columns, "WHERE generation = ? ORDER BY id", (generation,))
        streams = {name: name for name in NAMED}
        aligned = self.clock_of(generation).aligned
        return tuple(
            [
                StampedLine(generation, streams.get(stream, "stdout"), aligned(Stamp(boot, wall)), data)
                for stream, boot, wall, data in rows
            ]
        )

    def integrity(self) -> tuple[str, ...]:
        """Return the faults that SQLite finds in the file, at most ten sentences."""
        rows = self._reader.rows("PRAGMA integrity_check(10)", (), "pages")
        return tuple([str(row[0]) for row in rows if row[0] != "ok"])

    def note(self, problem: str) -> None:
        """Add a sentence about what could not be read, unless it is already there."""
        if problem in self.problems or len(self.problems) > _MOST_PROBLEMS:
            return
        self.problems.append(problem if len(self.problems) < _MOST_PROBLEMS else "and more cannot be read")

    # Reading.

    def _first_good(self, column: str, relation: str, program: int, value: int) -> BlockRow | None:
        """Return the nearest block with flushes on one side of a value. The search uses only the index of the column,
        so that a damaged page of the table hides only its own blocks."""
        order = "" if relation == ">" else "DESC"
        statement = (
            f"SELECT {column}, rowid FROM block WHERE program = ? AND {column} {relation} ? "  # noqa: S608  our words
            f"ORDER BY {column} {order}, rowid {order}"
        )
        for _, id_ in self._reader.rows(statement, (program, value)):
            found = self._block("id = ?", id_)
            if found is not None and found.flushes > 0:
                return found
        return None

    def _block(self, where: str, *values: int) -> BlockRow | None:
        for row in self._reader.checked("block", _BLOCK, f"WHERE {where} LIMIT 1", values):
            *numbers, hexadecimal, untimed, codec, size, lines, data = row
            one, program, generation, first, flushes, begin, end, line = numbers
            ahead_ns = self._hosts.clock_of(program).boot_ns
            span = (begin - ahead_ns, end - ahead_ns)
            stated = Stated(codec, size, lines)
            return BlockRow(one, generation, first, flushes, *span, line, bool(hexadecimal), untimed, stated, data)
        return None

    def _read_hosts(self, only: Sequence[str]) -> Hosts:
        found = Hosts(self._reader, only, self.note)
        if not found.by_number:
            if not any(self._reader.rows("SELECT id FROM generation LIMIT 1", (), "generation")) and not self.problems:
                raise empty(self.path, ())
            why = "it does not say which bpftrace it was made with"
            raise unreadable(self.path, "; ".join([why, *self.problems]))
        return found

    def _generations(self) -> Mapping[int, RecordedGeneration]:
        # One by one, with those that only blocks refer to: a damaged page would end a scan and hide the rest.
        named = islice(self._reader.rows("SELECT id FROM generation", (), "generation"), _MOST_GENERATIONS + 1)
        ids = {id_ for (id_,) in named}
        in_blocks = self._reader.rows("SELECT DISTINCT generation FROM block INDEXED BY block_flush")
        ids |= {id_ for (id_,) in islice(in_blocks, _MOST_GENERATIONS) if type(id_) is int}
        if len(ids) > _MOST_GENERATIONS:
            self.note(f"generation: there are more than {_MOST_GENERATIONS:,}, and the rest is left out")
        rows = [row for id_ in sorted(ids)[:_MOST_GENERATIONS] for row in self._generation_row(id_)]
        found = [one for row in rows if (one := self._generation(row)) is not None]
        return {one.id: one for one in found if self._hosts.host_of(one.program) is not None}

    def _generation_row(self, id_: int) -> Iterator[tuple[Any, ...]]:
        return self._reader.checked("generation", COLUMNS, "WHERE id = ?", (id_,))

    def _spent(self, host: int, program: int, boot_ns: int, wall_ns: int, *values: object) -> CostSampled:
        pairs = zip(COSTS.values(), values, strict=True)
        cost = {name: value / scale for (name, scale), value in pairs if isinstance(value, int | float)}
        return CostSampled(program, self._hosts.clock(host).aligned(Stamp(boot_ns, wall_ns)), cost, host)

    def _generation(self, row: tuple[Any, ...]) -> RecordedGeneration | None:
        try:
            clock = self._hosts.clock_of(row[COLUMNS.index("program")])
            found, size = read_generation(row, self._script_bytes, clock)
        except ValueError as error:
            self.note(f"generation {row[0]} cannot be read ({error}), and what it printed is left out")
            return None
        self._script_bytes -= size
        return found


def _facts_of(data: str) -> dict[str, Any]:
    """Return the JSON object in `data`; an empty one if it is not a JSON object."""
    try:
        found = bounded_value(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
