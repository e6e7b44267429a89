"""JSON lines, as `bttop stream` writes them, of all programs in order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import IO

from msgspec.structs import replace

from bttop.model.flush.flush import Flush
from bttop.store.export.exporter import StreamExporter
from bttop.store.export.selection import Selection
from bttop.store.flush_json import flush_lines, lost_line
from bttop.store.snapshot.recording_events import LOST


def write_lines(selection: Selection, out: IO[str]) -> None:
    """Write every flush of the span, and at the end what is missing. If a map is selected, write only that map and no
    printed text."""
    selection.maps()
    named = selection.snapshot.facts.decoders
    badges = {
        (one.program, one.number): [text for text, _ in one.badges] for one in selection.snapshot.generations.values()
    }
    names = {one.id: one.name for one in selection.snapshot.programs}
    for program, flush in heapq.merge(*[_numbered(selection, program) for program in names], key=_when):
        wanted = _wanted(selection, names[program], flush)
        for line in flush_lines(names[program], wanted, named, badges.get((program, flush.generation), ())):
            out.write(f"{line}\n")
    for mark in selection.snapshot.marks():
        if mark.cause == LOST and selection.begin_ns <= mark.stamp.boot_ns <= selection.end_ns:
            out.write(f"{lost_line(mark.note, mark.stamp.wall_ns)}\n")


def _numbered(selection: Selection, program: int) -> Iterator[tuple[int, Flush]]:
    return ((program, flush) for flush in selection.flushes(program))


def _when(one: tuple[int, Flush]) -> int:
    return one[1].end_ns


def _wanted(selection: Selection, program: str, flush: Flush) -> Flush:
    if selection.grouper is not None:
        flush = selection.grouper.flush(flush)
    if not selection.map:
        return flush
    maps = {name: data for name, data in flush.maps.items() if selection.wants(program, name)}
    return replace(flush, maps=maps, printed=())


EXPORTER = StreamExporter("jsonl", ".jsonl", "what `bttop stream` writes; the default", write_lines, has_rows=True)
