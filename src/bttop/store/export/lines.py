"""JSON lines, as `bttop stream` writes them, in the order of time over all programs."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import IO

from bttop.model.flush import Flush
from bttop.model.names import Decoder
from bttop.store.export.selection import Selection
from bttop.store.happenings import LOST
from bttop.store.jsonl import flush_lines, lost_line


def write_lines(selection: Selection, decoders: Mapping[str, Decoder], out: IO[str]) -> None:
    """Write every flush of the span, and at the end what is missing of it; with a map asked for, only that and nothing
    printed."""
    selection.maps()
    badges = {
        (one.program, one.number): [text for text, _ in one.badges] for one in selection.snapshot.generations.values()
    }
    names = {one.id: one.name for one in selection.snapshot.programs}
    for program, flush in heapq.merge(*[_numbered(selection, program) for program in names], key=_when):
        wanted = _wanted(selection, names[program], flush)
        for line in flush_lines(names[program], wanted, decoders, badges.get((program, flush.generation), ())):
            out.write(f"{line}\n")
    for mark in selection.snapshot.marks():
        if mark.cause == LOST and selection.begin_ns <= mark.stamp.boot_ns <= selection.end_ns:
            out.write(f"{lost_line(mark.note, mark.stamp.wall_ns)}\n")


def _numbered(selection: Selection, program: int) -> Iterator[tuple[int, Flush]]:
    return ((program, flush) for flush in selection.flushes(program))


def _when(one: tuple[int, Flush]) -> int:
    return one[1].end_ns


def _wanted(selection: Selection, program: str, flush: Flush) -> Flush:
    if not selection.map:
        return flush
    maps = {name: data for name, data in flush.maps.items() if selection.wants(program, name)}
    return replace(flush, maps=maps, printed=())
