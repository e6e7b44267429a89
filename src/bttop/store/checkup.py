"""What a snapshot file holds, and whether all of it can be read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bttop.model.records import Stamp
from bttop.store.blocks import BadBlock, unpack
from bttop.store.extent import extent
from bttop.store.ledger import MeanCost, mean_cost
from bttop.store.snapshot import Snapshot
from bttop.store.timeline import RecordedHistory


@dataclass(frozen=True, slots=True)
class ProgramSummary:
    """One program of a snapshot."""

    name: str
    generations: int
    flushes: int
    dropped: int
    """Flushes that a limit has let go."""
    pins: tuple[str, ...]
    last_state: str
    last_reason: str
    cost: MeanCost | None
    """None where the ledger does not say."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What `bttop info` says."""

    size: int
    """Bytes of the file."""
    span: tuple[Stamp, Stamp] | None
    programs: tuple[ProgramSummary, ...]


@dataclass(frozen=True, slots=True)
class Checkup:
    """What `bttop verify` found."""

    blocks: int
    lines: int
    flushes: int
    faults: tuple[str, ...]
    """Sentences about what is not as it was written; empty when all is."""


def summary(snapshot: Snapshot) -> Summary:
    """Look at everything but the lines."""
    found = tuple([_program(snapshot, one.id, one.name) for one in snapshot.programs])
    return Summary(snapshot.path.stat().st_size, extent(snapshot), found)


def checkup(snapshot: Snapshot) -> Checkup:
    """Read every page, block, line and flush, and hold the scripts against their sums."""
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
            faults.append(f"{program.name}: {len(history):,} flushes were recorded, and {found:,} can be read")
    return Checkup(blocks, lines, flushes, tuple(dict.fromkeys([*faults, *snapshot.problems])))


def _bad_scripts(snapshot: Snapshot) -> list[str]:
    return [
        f"the script of generation {one.id} ({one.source}) is not the one that ran"
        for one in snapshot.generations.values()
        if hashlib.sha256(one.text.encode()).hexdigest() != one.sha256
    ]


def _program(snapshot: Snapshot, program: int, name: str) -> ProgramSummary:
    history = RecordedHistory(snapshot, program)
    generations = [one for one in snapshot.generations.values() if one.program == program]
    states = snapshot.states(program)
    return ProgramSummary(
        name,
        len(generations),
        len(history),
        history.dropped,
        tuple(dict.fromkeys(one.pin for one in generations if one.pin)),
        states[-1].state if states else "unknown",
        states[-1].reason if states else "",
        mean_cost(snapshot, program),
    )
