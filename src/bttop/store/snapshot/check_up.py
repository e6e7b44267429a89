"""Summarises a snapshot file and checks whether all of it can be read."""

from __future__ import annotations

import hashlib

from msgspec import Struct

from bttop.model.record.records import Stamp
from bttop.store.snapshot.blocks import BadBlock, unpack
from bttop.store.snapshot.cost_table import MeanCost, mean_cost
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.hosts import ProgramRow
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot


class ProgramSummary(Struct, frozen=True):
    """Summary of one program of a snapshot."""

    host: str
    name: str
    generations: int
    flushes: int
    dropped: int
    """Number of oldest flushes that a limit has deleted."""
    pins: tuple[str, ...]
    last_state: str
    last_reason: str
    cost: MeanCost | None
    """None if the cost ledger has no data."""


class Summary(Struct, frozen=True):
    """What `bttop info` shows."""

    size: int
    """Bytes of the file."""
    span: tuple[Stamp, Stamp] | None
    programs: tuple[ProgramSummary, ...]


class Checkup(Struct, frozen=True):
    """What `bttop verify` found."""

    blocks: int
    lines: int
    flushes: int
    faults: tuple[str, ...]
    """Messages about damage; empty if the file is intact."""


def summary(snapshot: Snapshot) -> Summary:
    """Summarise a snapshot without reading all of its lines."""
    found = tuple([_program(snapshot, one) for one in snapshot.programs])
    return Summary(snapshot.path.stat().st_size, extent(snapshot), found)


def checkup(snapshot: Snapshot) -> Checkup:
    """Read every page, block, line and flush, and check the scripts against their SHA-256 sums."""
    faults = [*snapshot.integrity(), *_bad_scripts(snapshot)]
    blocks = lines = 0
    for block in snapshot.blocks():
        blocks += 1
        try:
            lines += len(unpack(block.data, block.stated, block.generation))
        except BadBlock as error:
            faults.append(f"block {block.id} of {block.flushes} flushes: {error}")
        if block.generation not in snapshot.generations:
            faults.append(f"block {block.id}: generation {block.generation} is missing, so it cannot be read")
    lines += sum(len(snapshot.open_lines(generation)) for generation in snapshot.generations)
    flushes = 0
    for program in snapshot.programs:
        history = RecordedHistory(snapshot, program.id)
        found = sum(1 for _ in history)
        flushes += found
        if found != len(history):
            faults.append(f"{program.label}: {len(history):,} flushes were recorded, and {found:,} can be read")
    return Checkup(blocks, lines, flushes, tuple(dict.fromkeys([*faults, *snapshot.problems])))


def _bad_scripts(snapshot: Snapshot) -> list[str]:
    return [
        f"the script of generation {one.id} ({one.source}) is not the one that ran"
        for one in snapshot.generations.values()
        if hashlib.sha256(one.text.encode()).hexdigest() != one.sha256
    ]


def _program(snapshot: Snapshot, program: ProgramRow) -> ProgramSummary:
    history = RecordedHistory(snapshot, program.id)
    generations = [one for one in snapshot.generations.values() if one.program == program.id]
    states = snapshot.states(program.id)
    return ProgramSummary(
        program.host.name,
        program.name,
        len(generations),
        len(history),
        history.dropped,
        tuple(dict.fromkeys(one.pin for one in generations if one.pin)),
        states[-1].state if states else "unknown",
        states[-1].reason if states else "",
        mean_cost(snapshot, program),
    )
