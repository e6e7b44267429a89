"""The flushes of a recorded program, read from its snapshot when somebody looks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from bttop.model.contents import empty_map
from bttop.model.flush import Doubt, Flush, FlushReader
from bttop.model.records import StampedLine
from bttop.store.blocks import BadBlock, unpack
from bttop.store.snapshot import BlockRow, RecordedGeneration, Snapshot

_KEPT_BLOCKS = 4
"""Blocks whose flushes stay decoded; a window of 60 flushes lies in three at most."""
_FOREVER = 1 << 62


class RecordedHistory:
    """A program's flushes as `History` gives those of a live one; indexes count from the oldest that is kept."""

    def __init__(self, snapshot: Snapshot, program: int) -> None:
        self._snapshot = snapshot
        self._program = program
        self._first, self._sealed = snapshot.extent(program)
        self._decoded: OrderedDict[int, tuple[Flush, ...]] = OrderedDict()
        self._tail = self._read_tail()

    @property
    def dropped(self) -> int:
        """How many of the oldest flushes are gone."""
        return self._first

    @property
    def appended(self) -> int:
        """How many flushes there ever were."""
        return self._sealed + len(self._tail)

    @property
    def latest(self) -> Flush | None:
        """The newest flush."""
        return self.at(-1)

    def __len__(self) -> int:
        return self.appended - self._first

    def at(self, index: int) -> Flush | None:
        """The flush at `index`, 0 being the oldest and -1 the newest; None where there is none."""
        number = self._first + index + (len(self) if index < 0 else 0)
        if not self._first <= number < self.appended:
            return None
        if number >= self._sealed:
            return self._tail[number - self._sealed]
        block = self._snapshot.block_of_flush(self._program, number)
        if block is None:
            return None
        flushes = self._flushes(block)
        # An edited file may say more flushes than its lines hold.
        return flushes[min(number - block.first_flush, len(flushes) - 1)] if flushes else None

    def window(self, count: int, end: int | None = None) -> tuple[Flush, ...]:
        """The `count` flushes before index `end` (the newest without one), newest last."""
        stop = len(self) if end is None else min(end, len(self))
        found = [self.at(index) for index in range(max(0, stop - count), stop)]
        return tuple([flush for flush in found if flush is not None])

    def index_at(self, boot_ns: int) -> int | None:
        """Index of the last flush that ended at or before a moment (CLOCK_BOOTTIME in ns)."""
        early = [at for at, flush in enumerate(self._tail) if flush.end_ns <= boot_ns]
        if early:
            return self._sealed + early[-1] - self._first
        block = self._snapshot.block_of_moment(self._program, boot_ns)
        if block is None:
            return None
        before = sum(flush.end_ns <= boot_ns for flush in self._flushes(block))
        return block.first_flush + max(1, before) - 1 - self._first

    def between(self, begin_ns: int, end_ns: int = _FOREVER) -> Iterator[Flush]:
        """The flushes that ended in (begin, end], the oldest first, one block in memory at a time."""
        block = self._snapshot.block_of_moment(self._program, begin_ns) or self._snapshot.block_after(self._program, -1)
        while block is not None and block.begin_ns <= end_ns:
            yield from (flush for flush in self._read(block) if begin_ns < flush.end_ns <= end_ns)
            block = self._snapshot.block_after(self._program, block.first_flush)
        yield from (flush for flush in self._tail if begin_ns < flush.end_ns <= end_ns)

    def __iter__(self) -> Iterator[Flush]:
        return self.between(-_FOREVER)

    def _flushes(self, block: BlockRow) -> tuple[Flush, ...]:
        found = self._decoded.get(block.id)
        if found is None:
            found = self._decoded[block.id] = self._read(block)
            while len(self._decoded) > _KEPT_BLOCKS:
                self._decoded.popitem(last=False)
        self._decoded.move_to_end(block.id)
        return found

    def _read(self, block: BlockRow) -> tuple[Flush, ...]:
        generation = self._snapshot.generations.get(block.generation)
        if generation is None:
            self._snapshot.note(f"block {block.id} of {block.flushes} flushes is left out: its script is missing")
            return ()
        before = self._snapshot.block_before(block.generation, block.id)
        return self._assemble(generation, before, self._lines(block), block.hexadecimal)

    def _read_tail(self) -> tuple[Flush, ...]:
        """The flushes of the lines that are in no block: those of the last seconds before the end, or a crash."""
        found: list[Flush] = []
        for generation in self._snapshot.generations.values():
            lines = self._snapshot.open_lines(generation.id) if generation.program == self._program else ()
            if lines:
                before = self._snapshot.block_before(generation.id, None)
                found += self._assemble(generation, before, lines, hexadecimal=False)
        return tuple(found)

    def _assemble(
        self,
        generation: RecordedGeneration,
        before: BlockRow | None,
        lines: tuple[StampedLine, ...],
        hexadecimal: bool,
    ) -> tuple[Flush, ...]:
        """The shown flushes of some lines. The block before them is read first: cumulative maps are subtracted from
        its last prints, and its last heartbeat is where the first flush begins."""
        facts = self._snapshot.facts
        reader = FlushReader(
            facts.release,
            generation.plan,
            generation.number,
            key_limit=facts.key_limit,
            hexadecimal=hexadecimal if before is None else before.hexadecimal,
        )
        earlier = () if before is None else self._lines(before)
        for line in earlier:
            reader.due(line.stamp.boot_ns)
            reader.feed(line)
        if earlier:
            reader.due(_FOREVER)
        flushes = [flush for line in lines for flush in (reader.due(line.stamp.boot_ns), reader.feed(line)[1])]
        flushes.append(reader.end(_FOREVER))
        found = [one for one in flushes if one is not None and generation.shows(_closed(one))]
        if found and not earlier and found[0].number > 1:
            found[0] = _without_base(found[0])
        return tuple(found)

    def _lines(self, block: BlockRow) -> tuple[StampedLine, ...]:
        try:
            return unpack(block.data, block.codec, block.generation)
        except BadBlock as error:
            self._snapshot.note(f"block {block.id} of {block.flushes} flushes is left out: {error}")
            return ()


def _without_base(flush: Flush) -> Flush:
    """A flush whose block before is gone: what its cumulative maps counted in the interval cannot be known."""
    unknown = [name for name, data in flush.maps.items() if data.plan.scheme == "cumulative"]
    if not unknown:
        return flush
    maps = {**flush.maps, **{name: empty_map(flush.maps[name].plan) for name in unknown}}
    return replace(flush, maps=maps, doubts=flush.doubts | {Doubt.DAMAGED})


def _closed(flush: Flush) -> int:
    """Arrival of the last line of a flush."""
    return flush.lines[-1].stamp.boot_ns if flush.lines else flush.end_ns
