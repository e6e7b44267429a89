"""Restores the flushes of one block. A block depends on earlier ones: a cumulative map needs its previous print, and an
interval begins at the previous heartbeat; both may be several blocks earlier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.model.flush.reader import FlushReader
from bttop.model.plan import Plan
from bttop.model.record.heartbeats import count_heartbeats, heartbeat_ends, is_heartbeat
from bttop.model.record.records import FOREVER, StampedLine
from bttop.model.record.releases import traits_of
from bttop.patterns import pattern
from bttop.store.snapshot.blocks import BadBlock, unpack
from bttop.store.snapshot.generations import RecordedGeneration
from bttop.store.snapshot.snapshot import BlockRow, Snapshot

MOST_BEFORE = 3
"""Most earlier blocks that are read. One is enough for a script with one heartbeat."""
_MAP = pattern(rb'.{1,60}"data": \{"(@[^"]*)"')
_HEAD = 32
"""The type of a record is within this many bytes from the start of its line."""


class _Piece(Struct, frozen=True):
    """Some lines of a generation and their block; None for lines that are in no block."""

    block: BlockRow | None
    lines: tuple[StampedLine, ...]


def block_flushes(snapshot: Snapshot, block: BlockRow) -> tuple[Flush, ...]:
    """Return the flushes of a block that were shown. What cannot be read is noted and left out."""
    generation = snapshot.generations.get(block.generation)
    if generation is None:
        snapshot.note(f"block {block.id} of {block.flushes} flushes is left out: its script is missing")
        return ()
    lines = block_lines(snapshot, block)
    return _replayed(snapshot, generation, _Piece(block, lines)) if lines else ()


def flush_of(snapshot: Snapshot, block: BlockRow, lines: tuple[StampedLine, ...], position: int) -> Flush | None:
    """Return one flush of a block from its own lines and those of the previous flush, which is a fifteenth of the work;
    None if that is not enough and the whole block must be read."""
    generation = snapshot.generations.get(block.generation)
    if generation is None or not _is_regular(snapshot, generation, block, lines):
        return None
    beats = [at for at, line in enumerate(lines) if is_heartbeat(line.data, generation.plan)]
    shown = [index for index, at in enumerate(beats) if generation.shows(lines[at].stamp.boot_ns)]
    if len(shown) != block.flushes or not 0 <= position < len(shown):
        return None
    index = shown[position]
    earlier = _flush_before(lines, beats, index) if index else _last_flush_before(snapshot, generation, block)
    if earlier is None:
        return None
    own = lines[beats[index - 1] + 1 if index else 0 : beats[index] + 1]
    if earlier and not _totals_in(generation.plan, own) <= _totals_in(generation.plan, earlier):
        return None
    reader = _reader(snapshot, generation, hexadecimal=block.hexadecimal)
    fed = (*_totals_of(generation.plan, earlier), *own)
    found = [flush for line in fed if (flush := reader.feed(line)) is not None]
    return found[-1] if len(found) == (2 if earlier else 1) else None


def _flush_before(lines: tuple[StampedLine, ...], beats: Sequence[int], index: int) -> tuple[StampedLine, ...]:
    """Return the lines of the previous flush in the same block."""
    return _with_losses(lines[: beats[index - 1] + 1], beats[index - 2] + 1 if index > 1 else 0)


def _last_flush_before(
    snapshot: Snapshot, generation: RecordedGeneration, block: BlockRow
) -> tuple[StampedLine, ...] | None:
    """Return the lines of the last flush before a block; an empty tuple at the beginning of a generation, None if the
    lines are not sufficient."""
    before = _needed(generation, _earlier(snapshot, generation, block), block)
    if not before:
        return () if block.first_line == 0 else None
    return before[0].lines if len(before) == 1 else None


def _totals_in(plan: Plan, lines: Iterable[StampedLine]) -> set[str]:
    """Return the cumulative maps that some lines print. Each flush prints all of them, unless a message was lost."""
    totals = {name for name, one in plan.maps.items() if one.scheme == "cumulative"}
    if not totals:
        return set()
    printed = [found[1].decode(errors="replace") for line in lines if (found := _MAP.match(line.data)) is not None]
    return {name for one in printed if (name := plan.logical(one)) in totals}


def _totals_of(plan: Plan, lines: Iterable[StampedLine]) -> list[StampedLine]:
    """Return the lines of a flush that affect the next one: all except maps that restart with each flush."""
    begins_anew = {name for name, one in plan.maps.items() if one.scheme != "cumulative"}
    anew = {name.encode() for name in (*plan.maps, *plan.aliases) if plan.logical(name) in begins_anew}
    return [line for line in lines if (found := _MAP.match(line.data)) is None or found[1] not in anew]


def flush_ends(snapshot: Snapshot, block: BlockRow, lines: Iterable[StampedLine]) -> list[int]:
    """Return the ends, in ns, of the flushes that the heartbeats among the lines of a block close."""
    generation = snapshot.generations.get(block.generation)
    if generation is None:
        return []
    ahead_ns = snapshot.host_of(generation).clock.boot_ns
    return [end - ahead_ns for end in heartbeat_ends((line.data for line in lines), generation.plan)]


def _is_regular(
    snapshot: Snapshot, generation: RecordedGeneration, block: BlockRow, lines: Iterable[StampedLine]
) -> bool:
    """Return whether a heartbeat closes each flush, and no escape changes the number format within the block."""
    plan = generation.plan
    is_plain = len(plan.heartbeats) == 1 and bool(plan.maps) and block.flushes > 0
    is_steady = block.hexadecimal or not traits_of(snapshot.host_of(generation).facts.release).hexadecimal_after_escape
    return is_plain and (is_steady or not any(b"\\u" in line.data for line in lines))


def _reader(snapshot: Snapshot, generation: RecordedGeneration, *, hexadecimal: bool) -> FlushReader:
    host = snapshot.host_of(generation)
    return FlushReader(
        host.facts.release,
        generation.plan,
        generation.number,
        key_limit=host.facts.key_limit,
        hexadecimal=hexadecimal,
        ahead_ns=host.clock.boot_ns,
    )


def _with_losses(lines: tuple[StampedLine, ...], first: int) -> tuple[StampedLine, ...]:
    """Return the lines from index `first` on, preceded by the earlier reports of lost events, which are running
    totals."""
    return (*(line for line in lines[:first] if b'"lost_events"' in line.data[:_HEAD]), *lines[first:])


def open_flushes(snapshot: Snapshot, generation: RecordedGeneration) -> tuple[Flush, ...]:
    """Return the flushes of a generation's lines that are in no block: those of the last seconds before the end or a
    crash."""
    lines = snapshot.open_lines(generation.id)
    return _replayed(snapshot, generation, _Piece(None, lines)) if lines else ()


def _replayed(snapshot: Snapshot, generation: RecordedGeneration, wanted: _Piece) -> tuple[Flush, ...]:
    earlier = _needed(generation, _earlier(snapshot, generation, wanted.block), wanted.block)
    first = next((one.block for one in (*earlier, wanted) if one.block is not None), None)
    reader = _reader(snapshot, generation, hexadecimal=first is not None and first.hexadecimal)
    shift = 0
    based: set[str] = set()
    flushes: Sequence[Flush] = ()
    for piece in (*earlier, wanted):
        flushes = [one for one in _fed(reader, piece) if generation.shows(_closed(one))]
        shift = _shift(piece.block, flushes, shift)
        if piece is not wanted:
            based.update(name for flush in flushes for name, data in flush.maps.items() if data.rows)
    if not _from_beginning(generation, (*earlier, wanted)[0]):
        flushes = list(_without_base(flushes, based))
    return tuple([one if one.mark or not shift else replace(one, number=one.number + shift) for one in flushes])


def _fed(reader: FlushReader, piece: _Piece) -> Iterator[Flush]:
    count = 0
    for line in piece.lines:
        for flush in (reader.due(line.stamp.boot_ns), reader.feed(line)):
            if flush is not None:
                count += 1
                yield flush
    # If a block ends in the middle of a flush, the next one has the rest. A flush without its heartbeat is closed only
    # by the end of the process.
    expected = FOREVER if piece.block is None else piece.block.flushes
    for close in (reader.due,) if piece.block is None else (reader.due, reader.end):
        flush = close(FOREVER) if count < expected else None
        if flush is not None:
            count += 1
            yield flush


def _earlier(snapshot: Snapshot, generation: RecordedGeneration, block: BlockRow | None) -> list[_Piece]:
    """Return the readable blocks that the flushes of a block depend on, oldest first."""
    found: list[_Piece] = []
    before = snapshot.block_before(generation, block)
    while before is not None and len(found) < MOST_BEFORE:
        lines = block_lines(snapshot, before)
        if not lines:
            break
        found.insert(0, _Piece(before, lines))
        if _is_enough(generation, found):
            break
        before = snapshot.block_before(generation, before)
    return found


def _needed(generation: RecordedGeneration, found: list[_Piece], wanted: BlockRow | None) -> list[_Piece]:
    """Return, for a script with one heartbeat, only the last flush before the block: it prints every total and marks
    the begin of the interval. Reading the rest as well would take half of the time of a seek."""
    is_plain = len(generation.plan.heartbeats) == 1 and len(found) == 1
    before = found[0].block if is_plain else None
    # After an escape in between, all lines are needed to know from which one on counts are hexadecimal.
    if before is None or wanted is None or before.hexadecimal != wanted.hexadecimal:
        return found
    lines = found[0].lines
    beats = [at for at, line in enumerate(lines) if is_heartbeat(line.data, generation.plan)]
    if len(beats) < 2 or _totals_in(generation.plan, lines[beats[-2] + 1 :]) < _totals_in(generation.plan, lines):
        return found
    return [_Piece(replace(before, flushes=0), _with_losses(lines, beats[-2] + 1))]


def _is_enough(generation: RecordedGeneration, found: Sequence[_Piece]) -> bool:
    """Return whether these blocks print every cumulative map and every heartbeat. A script with one heartbeat prints
    all of them in each flush."""
    has_flush = any(piece.block is not None and piece.block.flushes for piece in found)
    plan = generation.plan
    if len(plan.heartbeats) == 1 or not has_flush:
        return has_flush
    totals = [name for name, one in plan.maps.items() if one.scheme == "cumulative"]
    printed = [name for name in (*plan.maps, *plan.aliases) if plan.logical(name) in totals]
    missing = set(totals) - {plan.logical(name) for name in printed if _count(found, f'"{name}"') > 0}
    # Two heartbeats are needed to know the length of the interval.
    lines = [line.data for piece in found for line in piece.lines]
    return not missing and all(count_heartbeats(lines, plan, block) > 1 for block in range(len(plan.heartbeats)))


def _count(found: Iterable[_Piece], text: str) -> int:
    word = text.encode()
    return sum(word in line.data for piece in found for line in piece.lines)


def _from_beginning(generation: RecordedGeneration, first: _Piece) -> bool:
    """Return whether these lines are the first ones of the generation."""
    if first.block is not None:
        return first.block.first_line == 0
    return generation.first_shown_ns is None or first.lines[0].stamp.boot_ns <= generation.first_shown_ns


def _without_base(flushes: Iterable[Flush], based: set[str]) -> Iterator[Flush]:
    """Yield the flushes without the rows of cumulative maps whose previous print is missing: what the interval counted
    is unknown."""
    for flush in flushes:
        found = {name for name, data in flush.maps.items() if data.plan.scheme == "cumulative" and data.entries} - based
        based |= found
        if not found:
            yield flush
            continue
        maps = {**flush.maps, **{name: replace(flush.maps[name], rows={}) for name in found}}
        yield replace(flush, maps=maps, caveats=flush.caveats | {Caveat.DAMAGED})


def _shift(block: BlockRow | None, flushes: Sequence[Flush], shift: int) -> int:
    """Return the correction of the numbers of flushes without heartbeat: they are counted from the first line read."""
    first = next((one.number for one in flushes if not one.mark), 0)
    return block.untimed - first if block is not None and block.untimed and first else shift


def _closed(flush: Flush) -> int:
    """Return the arrival of the last line of a flush."""
    return flush.lines[-1].stamp.boot_ns if flush.lines else flush.end_ns


def block_lines(snapshot: Snapshot, block: BlockRow) -> tuple[StampedLine, ...]:
    """Return the lines of a block. If it cannot be read, note that and return an empty tuple."""
    try:
        return unpack(block.data, block.stated, block.generation, snapshot.clock_of(block.generation))
    except BadBlock as error:
        snapshot.note(f"block {block.id} of {block.flushes} flushes is left out: {error}")
        return ()
