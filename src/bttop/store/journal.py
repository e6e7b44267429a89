"""The journal: the last minutes in memory, in the form in which a snapshot keeps them, so that a recording can begin in
the past."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bttop.model.jsontext import json_text
from bttop.model.records import Stamp, StampedLine
from bttop.store.blocks import pack
from bttop.store.happenings import Added, Badged, Begun, Came, Changed, Ended, Happening, Marked, Met, Shown, Spent

BLOCK_LINES = 240
"""Lines of a sealed block: fewer compress worse (60 lines: 8 % more), more would hold a seek up."""
BLOCK_BYTES = 1 << 20
"""Of lines; from here on a larger block is no smaller part of them, but longer to seal (50 ms) and to read."""
HUGE_BYTES = 16 << 20
"""A block is cut here in the midst of a flush."""
MOST_OPEN_LINES = 6_000
"""A script that prints without end and never flushes is cut here."""
MOST_MET = 16_384
"""Processes met: a host that starts a thousand of them a second has more in its minutes than memory should hold."""
MINUTE = 60_000_000_000


class Sealed(NamedTuple):
    """A block, and what is known of it without unpacking. `program`'s flushes are counted from 0."""

    generation: int
    program: int
    first_flush: int
    flushes: int
    begin_ns: int
    """End of its first flush; of a block without one, the arrival of its first line."""
    end_ns: int
    """The same of its last flush, or last line."""
    begin_wall_ns: int
    """The moment of `begin_ns` on the wall clock."""
    end_wall_ns: int
    first_line: int
    """How many lines of its generation came before it."""
    lines: int
    hexadecimal: bool
    untimed: int
    """Number of its first flush that no heartbeat closed; 0 where there is none."""
    size: int
    """Bytes before compression."""
    data: bytes


@dataclass(slots=True)
class Open:
    """A generation's lines since its last block."""

    program: int
    lines: list[StampedLine] = field(default_factory=list)
    size: int = 0
    first_line: int = 0
    hexadecimal: bool = False
    newest_hexadecimal: bool = False
    """The decoder's flag before the newest line."""
    first_flush: int = 0
    untimed: int = 0
    ends: list[Stamp] = field(default_factory=list)
    """Ends of its flushes."""
    rest: int = 0
    """How many of the lines had come when the last of its flushes was shown, and belong to a later one."""
    shown_lines: int = 0
    """How many lines there were then."""


class Journal:
    """Takes what happens and seals blocks of `block_lines`; keeps what is younger than `age_ns`, in at most
    `limit_bytes`."""

    def __init__(self, age_ns: int = 15 * MINUTE, limit_bytes: int = 32 << 20, block_lines: int = BLOCK_LINES) -> None:
        self._block_lines = block_lines
        self._age_ns = age_ns
        self._limit_bytes = limit_bytes
        self._blocks: deque[Sealed] = deque()
        self._bytes = 0
        self._programs: dict[int, Added] = {}
        self._begun: dict[int, Begun] = {}
        self._windows: dict[int, tuple[int, int | None]] = {}
        self._last_shown: dict[int, int] = {}
        self._open: dict[int, Open] = {}
        self._shown: dict[int, int] = {}
        self._newest: dict[int, int] = {}
        """The generation of each program whose flush was shown last."""
        self._notes: deque[Changed | Marked | Spent] = deque()
        # As text: the facts of one process are 2.4 KB of objects and 0.5 KB of JSON.
        self._met: deque[tuple[int, Stamp, bytes]] = deque(maxlen=MOST_MET)
        self._states: dict[int, Changed] = {}

    @property
    def bytes(self) -> int:
        """Bytes of the sealed blocks."""
        return self._bytes

    @property
    def programs(self) -> tuple[Added, ...]:
        return tuple(self._programs.values())

    @property
    def begun(self) -> tuple[Begun, ...]:
        """The generations that blocks or open lines are there of, and those that run."""
        kept = {block.generation for block in self._blocks} | set(self._open)
        return tuple(one for generation, one in self._begun.items() if generation in kept)

    @property
    def blocks(self) -> tuple[Sealed, ...]:
        return tuple(self._blocks)

    @property
    def notes(self) -> tuple[Changed | Marked | Spent | Met, ...]:
        met = [Met(pid, stamp, json.loads(facts)) for pid, stamp, facts in self._met]
        return (*self._states.values(), *self._notes, *met)

    def open_lines(self) -> Iterator[tuple[int, StampedLine]]:
        """The lines that are in no block yet, with their generations."""
        for generation, one in self._open.items():
            for line in one.lines:
                yield generation, line

    def window(self, generation: int) -> tuple[int | None, int | None]:
        """Arrival of the last line of the first and of the last shown flush of a generation; None is open."""
        return self._windows.get(generation, (None, None))

    @property
    def last_shown(self) -> Mapping[int, int]:
        """Arrival of the last line of the flush shown last, of each generation that is on show."""
        return self._last_shown

    def take(self, happening: Happening) -> Sealed | None:
        """Take what happened next; the block that it seals, if any."""
        match happening:
            case Came(line=line, hexadecimal=hexadecimal):
                return self._came(line, hexadecimal)
            case Shown():
                return self._was_shown(happening)
            case Added(program=program):
                self._programs[program] = happening
            case Begun(generation=generation, program=program):
                self._begun[generation] = happening
                self._open[generation] = Open(program)
            case Badged(generation=generation, badges=badges):
                if generation in self._begun:
                    self._begun[generation] = self._begun[generation]._replace(badges=badges)
            case Ended(generation=generation):
                return self._end(generation)
            case Changed() | Marked() | Spent():
                self._notes.append(happening)
            case Met(pid=pid, stamp=stamp, facts=facts):
                self._met.append((pid, stamp, json_text(facts).encode()))
        return None

    def seal(self) -> list[Sealed]:
        """Seal what is open, as at the end of a recording."""
        return [one for generation in list(self._open) if (one := self._seal(generation)) is not None]

    def _came(self, line: StampedLine, hexadecimal: bool) -> Sealed | None:
        found = self._open.get(line.generation)
        if found is None:
            return None  # what an ended generation prints at its exit is shown nowhere
        found.newest_hexadecimal = hexadecimal
        if not found.lines:
            found.hexadecimal = hexadecimal
            found.first_flush = self._shown.get(found.program, 0)
        found.lines.append(line)
        found.size += len(line.data)
        return self._seal(line.generation) if len(found.lines) >= MOST_OPEN_LINES or found.size >= HUGE_BYTES else None

    def _was_shown(self, shown: Shown) -> Sealed | None:
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
        """The flushes of a block are numbered in a row: when another generation of the program has its turn, as at a
        hand-over, what was shown of the one before is sealed."""
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
        """Seal all lines but the last `rest`, which may be one: it begins the next block."""
        found = self._open.get(generation)
        lines = [] if found is None else found.lines[: len(found.lines) - rest]
        if found is None or not lines:
            return None
        data, size = pack(lines)
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
        self._keep(sealed, lines[-1].stamp.boot_ns)
        return sealed

    def _keep(self, sealed: Sealed, now_ns: int) -> None:
        self._blocks.append(sealed)
        self._bytes += len(sealed.data)
        while self._blocks and (self._bytes > self._limit_bytes or now_ns - self._blocks[0].end_ns > self._age_ns):
            self._bytes -= len(self._blocks.popleft().data)
        while self._notes and now_ns - self._notes[0].stamp.boot_ns > self._age_ns:
            note = self._notes.popleft()
            if isinstance(note, Changed):
                self._states[note.program] = note
        while self._met and now_ns - self._met[0][1].boot_ns > self._age_ns:
            self._met.popleft()
        self._forget_generations()

    def _forget_generations(self) -> None:
        """Let go of the texts of generations that nothing is kept of any more."""
        kept = {block.generation for block in self._blocks} | set(self._open)
        for generation in [one for one in self._begun if one not in kept]:
            del self._begun[generation]
            self._windows.pop(generation, None)
