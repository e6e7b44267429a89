"""JSON lines, as `bttop stream` writes them, of all programs in order of time."""

from __future__ import annotations

from typing import IO

from msgspec.structs import replace

from bttop.model.flush.flush import Flush
from bttop.store.export.exporter import StreamExporter
from bttop.store.export.selection import ProgramFlush, Selection
from bttop.store.flush_json import flush_lines, lost_line
from bttop.store.snapshot.recording_events import LOST


def write_lines(selection: Selection, out: IO[str]) -> None:
    """Write every flush of the span, and at the end what is missing. If a map is selected, write only that map and no
    printed text."""
    selection.maps()
    programs = selection.snapshot.programs
    decoders = {host.id: host.facts.decoders for host in selection.snapshot.hosts}
    badges = {
        (one.program, one.number): [text for text, _ in one.badges] for one in selection.snapshot.generations.values()
    }
    for one in selection.flushes(programs):
        program, own = one.program, badges.get((one.program.id, one.flush.generation), ())
        host = program.host.name if selection.is_of_several else ""
        for line in flush_lines(program.name, _wanted(selection, one), decoders[program.host.id], own, host):
            out.write(f"{line}\n")
    hosts = {one.id: one.name for one in selection.snapshot.hosts if selection.is_of_several}
    for mark in selection.snapshot.marks():
        if mark.cause == LOST and selection.begin_ns <= mark.stamp.boot_ns <= selection.end_ns:
            out.write(f"{lost_line(mark.note, mark.stamp.wall_ns, host=hosts.get(mark.host, ''))}\n")


def _wanted(selection: Selection, one: ProgramFlush) -> Flush:
    flush = one.flush
    if selection.groupers:
        flush = selection.groupers[one.program.host.id].flush(flush)
    if not selection.map:
        return flush
    maps = {name: data for name, data in flush.maps.items() if selection.wants(one.program.name, name)}
    return replace(flush, maps=maps, printed=())


EXPORTER = StreamExporter("jsonl", ".jsonl", "what `bttop stream` writes; the default", write_lines, has_rows=True)
