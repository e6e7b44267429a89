"""The flushes of a recorded program, read from its snapshot on demand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from bttop.model.flush.flush import Flush
from bttop.model.record.records import FOREVER, StampedLine
from bttop.store.snapshot.block_replay import block_flushes, block_lines, flush_ends, flush_of, open_flushes
from bttop.store.snapshot.snapshot import BlockRow, Snapshot

_KEPT_BLOCKS = 4
"""Number of blocks whose decoded flushes are cached; a window of 60 flushes is in three blocks at most."""


class RecordedHistory:
    """The flushes of a recorded program, with the interface of `History`. Index 0 is the oldest kept flush."""

    def __init__(self, snapshot: Snapshot, program: int) -> None:
        self._snapshot = snapshot
        self._program = program
        self._first, self._sealed = snapshot.extent(program)
        self._decoded: OrderedDict[int, tuple[Flush, ...]] = OrderedDict()
        self._unpacked: dict[int, tuple[StampedLine, ...]] = {}
        """Lines of the last used block."""
        self._tail = self._read_tail()

    @property
    def dropped(self) -> int:
        """Number of oldest flushes that were deleted."""
        return self._first

    @property
    def appended(self) -> int:
        """Number of all flushes, with the deleted ones."""
        return self._sealed + len(self._tail)

    @property
    def latest(self) -> Flush | None:
        """The newest flush."""
        return self.at(-1)

    def __len__(self) -> int:
        return self.appended - self._first

    def at(self, index: int) -> Flush | None:
        """Return the flush at `index`, 0 being the oldest and -1 the newest; None if there is none."""
        number = self._first + index + (len(self) if index < 0 else 0)
        if not self._first <= number < self.appended:
            return None
        if number >= self._sealed:
            return self._tail[number - self._sealed]
        block = self._snapshot.block_of_flush(self._program, number)
        if block is None:
            return None
        return self._one(block, number - block.first_flush)

    def window(self, count: int, end: int | None = None) -> tuple[Flush, ...]:
        """Return the last `count` flushes before index `end` (default: the newest ones), newest last."""
        stop = len(self) if end is None else min(end, len(self))
        return tuple(self._in_order(self._first + max(0, stop - count), self._first + stop))

    def index_at(self, boot_ns: int) -> int | None:
        """Return the index of the last flush that ended at or before a moment (CLOCK_BOOTTIME in ns); None if there is
        none."""
        early = [at for at, flush in enumerate(self._tail) if flush.end_ns <= boot_ns]
        if early:
            return self._sealed + early[-1] - self._first
        block = self._snapshot.block_of_moment(self._program, boot_ns)
        if block is None:
            return None
        ends = flush_ends(self._snapshot, block, self._lines(block))
        if len(ends) != block.flushes:
            ends = [flush.end_ns for flush in self._flushes(block)]
        before = sum(end <= boot_ns for end in ends)
        return block.first_flush + max(1, before) - 1 - self._first

    def between(self, begin_ns: int, end_ns: int = FOREVER) -> Iterator[Flush]:
        """Yield the flushes that ended in (begin, end], oldest first, with one block in memory at a time."""
        block = self._snapshot.block_of_moment(self._program, begin_ns) or self._snapshot.block_after(self._program, -1)
        while block is not None and block.begin_ns <= end_ns:
            yield from (flush for flush in self._read(block) if begin_ns < flush.end_ns <= end_ns)
            block = self._snapshot.block_after(self._program, block.first_flush)
        yield from (flush for flush in self._tail if begin_ns < flush.end_ns <= end_ns)

    def numbered(self) -> Iterator[tuple[int, Flush]]:
        """Yield all readable flushes with their numbers, counted from 0 with the deleted ones; a file may state more
        than it holds."""
        block = self._snapshot.block_after(self._program, -1)
        while block is not None:
            yield from zip(range(block.first_flush, block.first_flush + block.flushes), self._read(block), strict=False)
            block = self._snapshot.block_after(self._program, block.first_flush)
        yield from enumerate(self._tail, self._sealed)

    def __iter__(self) -> Iterator[Flush]:
        return self.between(-FOREVER)

    def _in_order(self, number: int, stop: int) -> Iterator[Flush]:
        """Yield the flushes of these numbers. Each block is decoded as a whole: its flushes are neighbours. Those of a
        missing block are replaced by the last one before it."""
        while number < min(stop, self._sealed):
            block = self._snapshot.block_of_flush(self._program, number)
            after = number + 1 if block is None else max(number + 1, block.first_flush + block.flushes)
            after = min(after, stop, self._sealed)
            flushes = () if block is None else self._flushes(block)
            if block is not None and flushes:
                # An edited file may state more flushes than its lines hold.
                last = len(flushes) - 1
                yield from (flushes[min(one - block.first_flush, last)] for one in range(number, after))
            number = after
        yield from self._tail[max(0, number - self._sealed) : max(0, stop - self._sealed)]

    def _one(self, block: BlockRow, position: int) -> Flush | None:
        """Return a flush of a block; without decoding the whole block if possible."""
        if block.id not in self._decoded:
            alone = flush_of(self._snapshot, block, self._lines(block), position)
            if alone is not None:
                return alone
        flushes = self._flushes(block)
        # An edited file may state more flushes than its lines hold.
        return flushes[min(position, len(flushes) - 1)] if flushes else None

    def _lines(self, block: BlockRow) -> tuple[StampedLine, ...]:
        if block.id not in self._unpacked:
            self._unpacked = {block.id: block_lines(self._snapshot, block)}
        return self._unpacked[block.id]

    def _flushes(self, block: BlockRow) -> tuple[Flush, ...]:
        found = self._decoded.get(block.id)
        if found is None:
            found = self._decoded[block.id] = self._read(block)
            while len(self._decoded) > _KEPT_BLOCKS:
                self._decoded.popitem(last=False)
        self._decoded.move_to_end(block.id)
        return found

    def _read(self, block: BlockRow) -> tuple[Flush, ...]:
        return block_flushes(self._snapshot, block)

    def _read_tail(self) -> tuple[Flush, ...]:
        own = [one for one in self._snapshot.generations.values() if one.program == self._program]
        return tuple([flush for generation in own for flush in open_flushes(self._snapshot, generation)])
