"""The look-back buffer: holds the last minutes in memory, in the form of a snapshot, so that a recording can begin in
the past."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from bttop.model.format.json_text import json_text
from bttop.model.record.records import Stamp, StampedLine
from bttop.store.snapshot.blocks import LEVEL, QUICK_LEVEL, pack
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

BLOCK_LINES = 240
"""Lines of a sealed block. Fewer compress worse (60 lines: 8 % larger), more make a seek slower."""
BLOCK_BYTES = 1 << 20
"""Bytes of lines at which a block is sealed. Larger blocks do not compress better, but take longer to seal (50 ms) and
to read."""
HUGE_BYTES = 16 << 20
"""Bytes of lines at which a block is sealed even in the middle of a flush."""
MOST_OPEN_LINES = 6_000
"""Lines at which a block is sealed even in the middle of a flush: a script may print endlessly and never flush."""
MOST_MET = 16_384
"""Most processes to keep: a host may start a thousand per second, which is too many for memory."""
MINUTE = 60_000_000_000


class Sealed(NamedTuple):
    """A sealed block, and its facts that are known without unpacking. Flushes of a program are numbered from 0."""

    generation: int
    program: int
    first_flush: int
    flushes: int
    begin_ns: int
    """End of its first flush; in a block without a flush, the arrival of its first line."""
    end_ns: int
    """End of its last flush; in a block without a flush, the arrival of its last line."""
    begin_wall_ns: int
    """`begin_ns` on the wall clock."""
    end_wall_ns: int
    first_line: int
    """Number of lines of its generation before it."""
    lines: int
    hexadecimal: bool
    untimed: int
    """Number of its first flush without a heartbeat; 0 if there is none."""
    size: int
    """Bytes before compression."""
    data: bytes


class Open(Struct):
    """The lines of a generation since its last block."""

    program: int
    lines: list[StampedLine] = field(default_factory=list)
    size: int = 0
    first_line: int = 0
    hexadecimal: bool = False
    newest_hexadecimal: bool = False
    """The decoder's `hexadecimal` flag before the newest line."""
    first_flush: int = 0
    untimed: int = 0
    ends: list[Stamp] = field(default_factory=list)
    """Ends of its flushes."""
    rest: int = 0
    """Number of lines that had arrived when its last flush was shown, but belong to a later flush."""
    shown_lines: int = 0
    """Number of lines when its last flush was shown."""


class LookbackBuffer:
    """Takes recording events and seals blocks of `block_lines`. Keeps blocks that are younger than `age_ns`, in at
    most `limit_bytes`."""

    def __init__(self, age_ns: int = 15 * MINUTE, limit_bytes: int = 32 << 20, block_lines: int = BLOCK_LINES) -> None:
        self._block_lines = block_lines
        self._age_ns = age_ns
        self._limit_bytes = limit_bytes
        self._blocks: deque[Sealed] = deque()
        self._bytes = 0
        self._hosts: dict[int, HostKnown] = {}
        self._programs: dict[int, ProgramAdded] = {}
        self._begun: dict[int, GenerationStarted] = {}
        self._windows: dict[int, tuple[int, int | None]] = {}
        self._last_shown: dict[int, int] = {}
        self._open: dict[int, Open] = {}
        self._shown: dict[int, int] = {}
        self._newest: dict[int, int] = {}
        """Program to its generation whose flush was shown last."""
        self._notes: deque[StatusChanged | MarkSet | CostSampled] = deque()
        # Facts are kept as JSON: those of one process take 2.4 KB as objects and 0.5 KB as JSON.
        self._met: deque[tuple[int, int, Stamp, bytes]] = deque(maxlen=MOST_MET)
        """Host, process, moment and facts."""
        self._states: dict[int, StatusChanged] = {}

    @property
    def bytes(self) -> int:
        """Compressed bytes of the sealed blocks."""
        return self._bytes

    @property
    def hosts(self) -> tuple[HostKnown, ...]:
        return tuple(self._hosts.values())

    @property
    def programs(self) -> tuple[ProgramAdded, ...]:
        return tuple(self._programs.values())

    @property
    def begun(self) -> tuple[GenerationStarted, ...]:
        """The generations that have blocks or are still running."""
        kept = {block.generation for block in self._blocks} | set(self._open)
        return tuple(one for generation, one in self._begun.items() if generation in kept)

    @property
    def blocks(self) -> tuple[Sealed, ...]:
        return tuple(self._blocks)

    @property
    def notes(self) -> tuple[StatusChanged | MarkSet | CostSampled | ProcessSeen, ...]:
        met = [ProcessSeen(pid, stamp, json.loads(facts), host) for host, pid, stamp, facts in self._met]
        return (*self._states.values(), *self._notes, *met)

    def open_lines(self) -> Iterator[tuple[int, StampedLine]]:
        """Yield the lines that are not yet in a block, with their generations."""
        for generation, one in self._open.items():
            for line in one.lines:
                yield generation, line

    def window(self, generation: int) -> tuple[int | None, int | None]:
        """Return when the last lines of the first and of the last shown flush of a generation arrived; None if there is
        none yet."""
        return self._windows.get(generation, (None, None))

    @property
    def last_shown(self) -> Mapping[int, int]:
        """Each running generation to the arrival (ns) of the last line of its last shown flush."""
        return self._last_shown

    def take(self, event: RecordingEvent) -> Sealed | None:
        """Take the next event; return the block that it seals, if any."""
        match event:
            case LineReceived(line=line, hexadecimal=hexadecimal):
                return self._came(line, hexadecimal)
            case FlushCompleted():
                return self._was_shown(event)
            case HostKnown(host=host):
                self._hosts[host.id] = event
            case ProgramAdded(program=program):
                self._programs[program] = event
            case GenerationStarted(generation=generation, program=program):
                self._begun[generation] = event
                self._open[generation] = Open(program)
            case CaveatsChanged(generation=generation, badges=badges):
                if generation in self._begun:
                    self._begun[generation] = replace(self._begun[generation], badges=badges)
            case GenerationEnded(generation=generation):
                return self._end(generation)
            case StatusChanged() | MarkSet() | CostSampled():
                self._notes.append(event)
            case ProcessSeen(pid=pid, stamp=stamp, facts=facts, host=seen_on):
                self._met.append((seen_on, pid, stamp, json_text(facts).encode()))
        return None

    def seal(self) -> list[Sealed]:
        """Seal all open lines, as at the end of a recording; return the blocks."""
        return [one for generation in list(self._open) if (one := self._seal(generation)) is not None]

    def _came(self, line: StampedLine, hexadecimal: bool) -> Sealed | None:
        found = self._open.get(line.generation)
        if found is None:
            return None  # what an ended generation prints at its exit is never shown
        found.newest_hexadecimal = hexadecimal
        if not found.lines:
            found.hexadecimal = hexadecimal
            found.first_flush = self._shown.get(found.program, 0)
        found.lines.append(line)
        found.size += len(line.data)
        return self._seal(line.generation) if len(found.lines) >= MOST_OPEN_LINES or found.size >= HUGE_BYTES else None

    def _was_shown(self, shown: FlushCompleted) -> Sealed | None:
        found = self._open.get(shown.generation)
        if found is None:
            return None
        sealed = self._change_generation(found.program, shown.generation)
        found = self._open[shown.generation]
        if shown.generation not in self._windows:
            self._windows[shown.generation] = (shown.stamp.boot_ns, None)
        self._last_shown[shown.generation] = shown.stamp.boot_ns
        if not found.ends:
            found.first_flush = self._shown.get(found.program, 0)
        self._shown[found.program] = self._shown.get(found.program, 0) + 1
        found.ends.append(shown.end)
        found.untimed = found.untimed or shown.untimed
        found.shown_lines, found.rest = len(found.lines), shown.rest
        is_full = len(found.lines) >= self._block_lines or found.size >= BLOCK_BYTES
        return self._seal(shown.generation, shown.rest) if is_full and sealed is None else sealed

    def _change_generation(self, program: int, generation: int) -> Sealed | None:
        """Seal the shown lines of the previous generation when another one of the program is shown, as at a hand-over:
        the flushes of a block must have consecutive numbers."""
        before = self._newest.get(program, generation)
        self._newest[program] = generation
        found = self._open.get(before)
        if before == generation or found is None or not found.ends:
            return None
        return self._seal(before, len(found.lines) - found.shown_lines + found.rest)

    def _end(self, generation: int) -> Sealed | None:
        sealed = self._seal(generation)
        self._open.pop(generation, None)
        if generation in self._last_shown:
            self._windows[generation] = (self._windows[generation][0], self._last_shown.pop(generation))
        return sealed

    def _seal(self, generation: int, rest: int = 0) -> Sealed | None:
        """Seal all lines except the last `rest` ones, which begin the next block."""
        found = self._open.get(generation)
        lines = [] if found is None else found.lines[: len(found.lines) - rest]
        if found is None or not lines:
            return None
        data, size = pack(lines, QUICK_LEVEL if found.size >= BLOCK_BYTES else LEVEL)
        begin, end = (found.ends[0], found.ends[-1]) if found.ends else (lines[0].stamp, lines[-1].stamp)
        sealed = Sealed(
            generation,
            found.program,
            found.first_flush,
            len(found.ends),
            begin.boot_ns,
            end.boot_ns,
            begin.wall_ns,
            end.wall_ns,
            found.first_line,
            len(lines),
            found.hexadecimal,
            found.untimed,
            size,
            data,
        )
        self._open[generation] = following = Open(found.program, first_line=found.first_line + len(lines))
        for line in found.lines[len(lines) :]:
            following.lines.append(line)
            following.size += len(line.data)
            following.hexadecimal = following.newest_hexadecimal = found.newest_hexadecimal
            following.first_flush = found.first_flush + len(found.ends)
        self._keep(sealed, lines[-1].stamp.boot_ns - self._ahead_ns(found.program))
        return sealed

    def _keep(self, sealed: Sealed, now_ns: int) -> None:
        self._blocks.append(sealed)
        self._bytes += len(sealed.data)
        while self._blocks and (self._bytes > self._limit_bytes or self._is_old(self._blocks[0], now_ns)):
            self._bytes -= len(self._blocks.popleft().data)
        while self._notes and now_ns - self._noted_ns(self._notes[0]) > self._age_ns:
            note = self._notes.popleft()
            if isinstance(note, StatusChanged):
                self._states[note.program] = note
        while self._met and now_ns - self._aligned(self._met[0][0], self._met[0][2].boot_ns) > self._age_ns:
            self._met.popleft()
        self._forget_generations()

    def _is_old(self, block: Sealed, now_ns: int) -> bool:
        return now_ns - (block.end_ns - self._ahead_ns(block.program)) > self._age_ns

    def _noted_ns(self, note: StatusChanged | MarkSet | CostSampled) -> int:
        if isinstance(note, StatusChanged):
            return note.stamp.boot_ns - self._ahead_ns(note.program)
        return self._aligned(note.host, note.stamp.boot_ns)

    def _ahead_ns(self, program: int) -> int:
        """How far the clock of a program's host is ahead of that of the recording."""
        added = self._programs.get(program)
        return 0 if added is None else -self._aligned(added.host, 0)

    def _aligned(self, host: int, boot_ns: int) -> int:
        """A moment of a host on the clock of the recording."""
        known = self._hosts.get(host)
        return boot_ns if known is None else boot_ns - known.host.clock.boot_ns

    def _forget_generations(self) -> None:
        """Remove ended generations that have no blocks left."""
        kept = {block.generation for block in self._blocks} | set(self._open)
        for generation in [one for one in self._begun if one not in kept]:
            del self._begun[generation]
            self._windows.pop(generation, None)
