"""Names user addresses in its own thread, within a budget of time and memory."""

from __future__ import annotations

import os
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from math import inf
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct

from bttop.engine.host.lookup_thread import LookupThread
from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.host.process.processes import PROC
from bttop.engine.symbols.allowance import Allowance
from bttop.engine.symbols.function_table import BadElf, FunctionTable, read_functions
from bttop.engine.symbols.memory_map import CodeMapping, MappedFile, mapping_at, open_mapped, read_maps
from bttop.model.record.demangle import demangled
from bttop.model.record.telling_frames import ENDED_PROCESS, UNKNOWN_FRAME

MOST_WAITING: Final = 4096
"""Addresses that can wait; above this, the last ones are dropped until they are asked for again."""
MOST_NAMES: Final = 65_536
TELL_SECONDS: Final = 120.0
"""Seconds after which a name is told again, if it is still wanted."""
CHECK_SECONDS: Final = 30.0
"""Seconds for which a file is assumed to be unchanged."""
MOST_MAPS: Final = 256
"""Processes whose last memory map is kept: it names their frames after they have ended."""
MOST_TABLE_BYTES: Final = 32 << 20
"""Memory for functions of files; those unused for the longest time are dropped."""
_BATCH: Final = 512

Address = tuple[int, int]
"""A process id and an address."""


class _KnownTable(Struct, frozen=True):
    """The functions of a file, and what tells whether the file has changed."""

    modified_ns: int
    size: int
    checked_at: float
    """When the file was found unchanged, in seconds of the clock."""
    table: FunctionTable | None
    """None if the file cannot be read."""


class FrameLookup:
    """Names of user addresses, as `function [file]`; `[file]` alone where the file has no name for the address.

    `want` and `name` never block: a background thread reads memory maps and files; the first `want` starts it.
    Thread-safe.
    """

    def __init__(
        self,
        *,
        root: Path = PROC,
        numbers: PidNumbers | None = None,
        named: Callable[[int, Mapping[int, str]], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`numbers`: whether bpftrace's process ids are those of /proc; without it they are. `named` is called with a
        process id and its names by address, from any thread: when they become known, and again while they are wanted,
        so that a recording that begins later has them. It must not block."""
        self._named = named
        self._clock = clock
        self._told: dict[Address, float] = {}
        """When `named` was called last for an address, in seconds of the clock."""
        self._is_blind = numbers is not None and not numbers.are_equal
        self._root = root
        self._names: OrderedDict[Address, str] = OrderedDict()
        self._waiting: dict[Address, None] = {}
        self._worker = LookupThread("bttop-symbols", self._run)
        self._version = 0
        # Used by the thread alone.
        self._maps: OrderedDict[int, tuple[CodeMapping, ...]] = OrderedDict()
        self._tables: OrderedDict[MappedFile, _KnownTable] = OrderedDict()

    @property
    def version(self) -> int:
        """Grows with each batch of names that becomes known."""
        return self._version

    def name(self, pid: int, address: int) -> str:
        """The name of an address of a process; empty if it is not known, or not yet."""
        return self._names.get((pid, address), "")

    def want(self, addresses: Iterable[Address]) -> None:
        """Queue the addresses that are not known."""
        if self._is_blind:
            return
        wanted = list(addresses)
        with self._worker.news:
            known = [one for one in wanted if one in self._names]
            fresh = {one: None for one in wanted if one not in self._names}
            # Those on the screen now go first: the processes of earlier ones may have ended.
            self._waiting = dict(islice((fresh | self._waiting).items(), MOST_WAITING))
            if self._waiting and not self._worker.is_closed:
                self._worker.begin()
                self._worker.news.notify()
        self._tell(known)

    def close(self) -> None:
        """End the thread; known names are kept."""
        self._worker.close()

    def _run(self) -> None:
        allowance = Allowance(time.monotonic)
        while batch := self._next():
            before = time.thread_time()
            pid = batch[0][0]
            self._learn({(pid, address): name for address, name in self._names_of(pid, [one[1] for one in batch])})
            self._rest(allowance.spend(time.thread_time() - before))

    def _next(self) -> Sequence[Address]:
        """The waiting addresses of one process, at most _BATCH; empty when the thread must end."""
        with self._worker.news:
            self._worker.news.wait_for(lambda: self._worker.is_closed or self._waiting)
            if self._worker.is_closed:
                return ()
            pid = next(iter(self._waiting))[0]
            found = [one for one in self._waiting if one[0] == pid][:_BATCH]
            for one in found:
                del self._waiting[one]
            return found

    def _rest(self, seconds: float) -> None:
        with self._worker.news:
            self._worker.news.wait_for(lambda: self._worker.is_closed, seconds)

    def _learn(self, found: dict[Address, str]) -> None:
        with self._worker.news:
            self._names |= found
            while len(self._names) > MOST_NAMES:
                self._told.pop(self._names.popitem(last=False)[0], None)
            self._version += 1
        self._tell(found)

    def _tell(self, addresses: Iterable[Address]) -> None:
        """Call `named` for the addresses with a name, unless it was called lately."""
        if self._named is None:
            return
        now, of_process = self._clock(), defaultdict[int, dict[int, str]](dict)
        with self._worker.news:
            for one in addresses:
                if (name := self._names.get(one)) and now - self._told.get(one, -inf) >= TELL_SECONDS:
                    self._told[one] = now
                    of_process[one[0]][one[1]] = name
        for pid, names in of_process.items():
            self._named(pid, names)

    def _forget(self, pid: int) -> None:
        """Drop the names of a process: another program runs in it, or its id was given to another process."""
        with self._worker.news:
            for one in [one for one in self._names if one[0] == pid]:
                del self._names[one]
                self._told.pop(one, None)

    # On the thread.

    def _names_of(self, pid: int, addresses: Sequence[int]) -> list[tuple[int, str]]:
        try:
            maps = read_maps(pid, self._root)
        except OSError:
            return [(address, "") for address in addresses]
        alive, found = bool(maps), maps or self._maps.get(pid, ())
        if alive:
            self._keep_maps(pid, maps)
        code = {address: mapping for address in addresses if (mapping := mapping_at(found, address)) is not None}
        tables = {mapping.file: self._table(pid, mapping, alive=alive) for mapping in _one_of_each(code.values())}
        nameless = UNKNOWN_FRAME if alive else ENDED_PROCESS
        return [
            (address, _name(code[address], tables[code[address].file], address) if address in code else nameless)
            for address in addresses
        ]

    def _keep_maps(self, pid: int, maps: tuple[CodeMapping, ...]) -> None:
        known = [mapping for mapping in self._maps.pop(pid, ()) if mapping.file.inode]
        if not set(known) <= set(maps):
            self._forget(pid)
        self._maps[pid] = maps
        while len(self._maps) > MOST_MAPS:
            self._maps.popitem(last=False)

    def _table(self, pid: int, mapping: CodeMapping, *, alive: bool) -> FunctionTable | None:
        """The functions of a mapped file; None if they cannot be read."""
        known = self._tables.get(mapping.file)
        now = self._clock()
        if known is not None and (not alive or now - known.checked_at < CHECK_SECONDS):
            return known.table
        try:
            with open_mapped(pid, mapping, self._root) as file:
                state = _state_of(file.fileno())
                is_same = known is not None and (known.modified_ns, known.size) == state
                table = known.table if known is not None and is_same else _functions_of(file)
        except OSError:
            return None
        known = _KnownTable(*state, now, table)
        self._keep_table(mapping.file, known)
        return known.table

    def _keep_table(self, file: MappedFile, known: _KnownTable) -> None:
        self._tables[file] = known
        self._tables.move_to_end(file)
        while len(self._tables) > 1 and sum(_bytes_of(one) for one in self._tables.values()) > MOST_TABLE_BYTES:
            self._tables.popitem(last=False)


def _one_of_each(mappings: Iterable[CodeMapping]) -> Iterable[CodeMapping]:
    """One mapping of each file."""
    return {mapping.file: mapping for mapping in mappings}.values()


def _name(mapping: CodeMapping, table: FunctionTable | None, address: int) -> str:
    """The function at an address and its file; the file alone without a function."""
    offset = address - mapping.start + mapping.offset
    # The address of a caller is that behind its call, which may be the end of its function.
    name = "" if table is None else table.name_at(offset) or table.name_at(offset - 1)
    return f"{demangled(name)} [{mapping.name}]" if name else f"[{mapping.name}]"


def _functions_of(file: BinaryIO) -> FunctionTable | None:
    try:
        return read_functions(file)
    except BadElf:
        return None


def _state_of(descriptor: int) -> tuple[int, int]:
    """When the file was modified, in ns, and its size in bytes."""
    found = os.fstat(descriptor)
    return found.st_mtime_ns, found.st_size


def _bytes_of(known: _KnownTable) -> int:
    return 0 if known.table is None else known.table.bytes
