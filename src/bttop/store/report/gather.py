"""Collects the data of a report in one pass over the flushes of each program."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from msgspec import Struct, field

from bttop.model.flush.flush import Flush
from bttop.model.format.json_text import json_text
from bttop.script.front_matter.front_matter import FrontMatter, read_front_matter
from bttop.store.compare.totals import StretchTotals
from bttop.store.flush_json import plain
from bttop.store.report.course import Bins, MapCourse
from bttop.store.snapshot.cost_table import MeanCost, mean_cost
from bttop.store.snapshot.facts import RecordedHost
from bttop.store.snapshot.generations import RecordedGeneration
from bttop.store.snapshot.hosts import ProgramRow
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.recording_events import MarkSet, StatusChanged
from bttop.store.snapshot.snapshot import Snapshot

MOST_LINES = 40
"""Number of newest lines that are kept of a script's printed text."""
_SHORTEST_NS = 1_000_000


class ProgramReport(Struct):
    """One program over the time of the report."""

    name: str
    """With its host, if the report is about several."""
    host: RecordedHost
    generations: tuple[RecordedGeneration, ...]
    states: tuple[StatusChanged, ...]
    bins: Bins
    cost: MeanCost | None
    """Mean cost over the time of the report; None if the cost ledger has no data."""
    totals: StretchTotals = field(default_factory=StretchTotals)
    courses: dict[str, MapCourse] = field(default_factory=dict)
    caveats: Counter[str] = field(default_factory=Counter)
    """Number of flushes with each caveat."""
    skipped: int = 0
    """Number of events that the kernel skipped."""
    printed: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    printed_lines: int = 0

    @property
    def text(self) -> str:
        """The newest script."""
        return self.generations[-1].text if self.generations else ""

    @property
    def front(self) -> FrontMatter:
        """Front matter of the newest script; empty if it has none."""
        found = read_front_matter(self.text)
        return found if isinstance(found, FrontMatter) else FrontMatter()

    @property
    def shown(self) -> list[str]:
        """The maps to show, in the order of the front matter."""
        return self.totals.shown(list(self.front.maps))


class Report(Struct, frozen=True):
    """The data of a report: a part of a recording."""

    snapshot: Snapshot
    begin_ns: int
    end_ns: int
    programs: tuple[ProgramReport, ...]
    marks: tuple[MarkSet, ...]


def gather(snapshot: Snapshot, begin_ns: int, end_ns: int) -> Report:
    """Read the part of a recording from `begin_ns` to `end_ns` (CLOCK_BOOTTIME)."""
    programs = tuple([_program(snapshot, one, begin_ns, end_ns) for one in snapshot.programs])
    marks = tuple([mark for mark in snapshot.marks() if begin_ns <= mark.stamp.boot_ns <= end_ns])
    return Report(snapshot, begin_ns, end_ns, programs, marks)


def _program(snapshot: Snapshot, program: ProgramRow, begin_ns: int, end_ns: int) -> ProgramReport:
    generations = tuple([one for one in snapshot.generations.values() if one.program == program.id])
    interval_ns = max([one.plan.interval_ns for one in generations], default=1_000_000_000)
    bins = Bins(begin_ns, end_ns, max(interval_ns, _SHORTEST_NS))
    cost = mean_cost(snapshot, program, begin_ns, end_ns)
    found = ProgramReport(program.label, program.host, generations, snapshot.states(program.id), bins, cost)
    _walk(found, RecordedHistory(snapshot, program.id).between(begin_ns, end_ns))
    return found


def _walk(report: ProgramReport, flushes: Iterable[Flush]) -> None:
    for flush in flushes:
        report.totals.add(flush)
        report.caveats.update(caveat.value for caveat in flush.caveats)
        report.skipped += flush.skipped
        _take_printed(report, flush)
        for name, data in flush.maps.items():
            course = report.courses.get(name)
            if course is None:
                course = report.courses[name] = MapCourse(report.bins)
            course.add(data, flush.start_ns, flush.end_ns)
            if report.totals.maps[name].let_go:
                course.keep(report.totals.maps[name].rows)


def _take_printed(report: ProgramReport, flush: Flush) -> None:
    for record in flush.printed:
        text = record.data if isinstance(record.data, str) else json_text(plain(record.data))
        lines = [line for line in text.split("\n") if line.strip()]
        report.printed_lines += len(lines)
        report.printed.extend(lines)
