"""Everything that a report says, gathered in one walk over the flushes of each program."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from bttop.model.flush import Flush
from bttop.model.jsontext import json_text
from bttop.script.frontmatter import FrontMatter, read_front_matter
from bttop.store.generations import RecordedGeneration
from bttop.store.happenings import Changed, Marked
from bttop.store.jsonl import plain
from bttop.store.ledger import MeanCost, mean_cost
from bttop.store.report.course import Bins, Course
from bttop.store.snapshot import Snapshot
from bttop.store.timeline import RecordedHistory
from bttop.store.totals import Totals

MOST_LINES = 40
"""Of what a script printed by itself, the newest."""
_SHORTEST_NS = 1_000_000


@dataclass(slots=True)
class ProgramReport:
    """One program over the stretch of time."""

    name: str
    generations: tuple[RecordedGeneration, ...]
    states: tuple[Changed, ...]
    bins: Bins
    cost: MeanCost | None
    """The mean of the stretch; None where the ledger does not say."""
    totals: Totals = field(default_factory=Totals)
    courses: dict[str, Course] = field(default_factory=dict)
    doubts: Counter[str] = field(default_factory=Counter)
    """In how many flushes each stood."""
    skipped: int = 0
    """Events that the kernel skipped."""
    printed: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    printed_lines: int = 0

    @property
    def text(self) -> str:
        """The newest script."""
        return self.generations[-1].text if self.generations else ""

    @property
    def front(self) -> FrontMatter:
        """Of the newest text; an empty one where it has none."""
        found = read_front_matter(self.text)
        return found if isinstance(found, FrontMatter) else FrontMatter()

    @property
    def shown(self) -> list[str]:
        """The maps to show, in the order of the front matter; those of state that were never printed are left out."""
        described = list(self.front.maps)
        names = [name for name, one in self.totals.maps.items() if one.rows or one.plan.aggregation != "value"]
        return sorted(names, key=lambda name: described.index(name) if name in described else len(described))


@dataclass(frozen=True, slots=True)
class Report:
    """A stretch of a recording."""

    snapshot: Snapshot
    begin_ns: int
    end_ns: int
    programs: tuple[ProgramReport, ...]
    marks: tuple[Marked, ...]


def gather(snapshot: Snapshot, begin_ns: int, end_ns: int) -> Report:
    """Read a stretch of a recording, CLOCK_BOOTTIME in ns."""
    programs = tuple([_program(snapshot, one.id, one.name, begin_ns, end_ns) for one in snapshot.programs])
    marks = tuple([mark for mark in snapshot.marks() if begin_ns <= mark.stamp.boot_ns <= end_ns])
    return Report(snapshot, begin_ns, end_ns, programs, marks)


def _program(snapshot: Snapshot, program: int, name: str, begin_ns: int, end_ns: int) -> ProgramReport:
    generations = tuple([one for one in snapshot.generations.values() if one.program == program])
    interval_ns = max([one.plan.interval_ns for one in generations], default=1_000_000_000)
    bins = Bins(begin_ns, end_ns, max(interval_ns, _SHORTEST_NS))
    cost = mean_cost(snapshot, program, begin_ns, end_ns)
    found = ProgramReport(name, generations, snapshot.states(program), bins, cost)
    _walk(found, RecordedHistory(snapshot, program).between(begin_ns, end_ns))
    return found


def _walk(report: ProgramReport, flushes: Iterable[Flush]) -> None:
    for flush in flushes:
        report.totals.add(flush)
        report.doubts.update(doubt.value for doubt in flush.doubts)
        report.skipped += flush.skipped
        _take_printed(report, flush)
        for name, data in flush.maps.items():
            course = report.courses.get(name)
            if course is None:
                course = report.courses[name] = Course(report.bins)
            course.add(data, flush.start_ns, flush.end_ns)
            if report.totals.maps[name].let_go:
                course.keep(report.totals.maps[name].rows)


def _take_printed(report: ProgramReport, flush: Flush) -> None:
    for record in flush.printed:
        text = record.data if isinstance(record.data, str) else json_text(plain(record.data))
        lines = [line for line in text.split("\n") if line.strip()]
        report.printed_lines += len(lines)
        report.printed.extend(lines)
