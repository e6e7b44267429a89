"""A program on a stage: a control that only notes what it is asked for, a clock of its own, and lines made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bttop.engine.cost.trial_verdict import TrialVerdict
from bttop.engine.generation.candidates import Candidate, Candidates
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings, Source
from bttop.engine.host.host import Host
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState
from bttop.engine.request.questions import from_text
from bttop.engine.tracer.attach_points import Told
from bttop.model.flush.flush import Flush
from bttop.model.history.history import History
from bttop.model.record.records import Stamp, StampedLine, Stream
from bttop.model.record.release import Release
from bttop.script.language.reader import AttachPoint
from tests.model.samples import beat

SECOND = 1_000_000_000
ANYWHERE = Host("host", "6.18", "x86_64", 2, None)
"""A host of which nothing is known, so that everything may attach."""
OLD, NEW = Release(0, 17), Release(0, 27)

COUNTS = "tracepoint:a:b { @n[pid] = count(); }"
BANKS = ("@__bt_a0", "@__bt_a1")
TALKS = "tracepoint:a:b { @n[pid]++; } interval:s:2 { print(@n); }"
"""Has an interval of its own."""
CONDITIONAL = "tracepoint:a:b { @n[pid]++; } interval:s:1 /@n[1] > 5/ { print(@n); }"
PRINTS_ONLY = 'tracepoint:a:b { printf("%d\\n", pid); }'
UNREADABLE = "tracepoint:a:b { @n[pid] = count();"
"""Runs as it is, so that nothing in it ends a flush."""
READY = b"__BPFTRACE_NOTIFY_PROBES_ATTACHED"


def source(text: str = COUNTS, name: str = "calls.bt") -> Source:
    """One script."""
    return from_text(name, text).sources[0]


class Stage:
    """One program, and everything that can happen to it. It is the program's `Control` as well."""

    def __init__(
        self,
        *sources: Source,
        settings: Settings | None = None,
        host: Host = ANYWHERE,
        release: Release = OLD,
    ) -> None:
        self.host, self.release = host, release
        self.now = 1000 * SECOND
        self.launched: list[Generation] = []
        self.stopped: dict[int, float] = {}
        self.watched: list[int] = []
        self.listed: list[tuple[str, ...]] = []
        """The attach points that bpftrace was asked to list, question by question."""
        self._told: list[Told] = []
        self.shown: list[Flush] = []
        self.changes = 0
        self.cuts: list[str] = []
        self.verdict: TrialVerdict | None = TrialVerdict("go")
        self.looked: list[str] = []
        self.forgotten = 0
        self._beats: dict[int, int] = {}
        self.program = Program("calls", sources or (source(),), settings or Settings(), History(1 << 20), self)

    # Control.

    def candidates(self, sources: tuple[Source, ...], settings: Settings) -> Candidates:
        return Candidates(sources, settings, self.host, self.release)

    def look(self, program: Program, candidate: Candidate) -> TrialVerdict | None:
        self.looked.append(candidate.source.text)
        return self.verdict

    def forget_look(self, program: Program) -> None:
        self.forgotten += 1

    def launch(self, program: Program, candidate: Candidate, number: int) -> Generation:
        ident = len(self.launched) + 101
        made = Generation(ident, number, candidate, release=self.release, key_limit=16384, now=self.now)
        self.launched.append(made)
        return made

    def list_points(self, points: tuple[AttachPoint, ...], told: Told) -> None:
        self.listed.append(tuple(point.text for point in points))
        self._told.append(told)

    def stop(self, generation: Generation, grace: float) -> None:
        self.stopped[generation.number] = grace

    def watch(self, generation: Generation) -> None:
        self.watched.append(generation.number)

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:
        self.shown.append(flush)

    def cut(self, program: Program, why: str) -> None:
        self.cuts.append(why)

    def changed(self, program: Program) -> None:
        self.changes += 1

    # What happens.

    @property
    def last(self) -> Generation:
        """The generation that was started last."""
        return self.launched[-1]

    @property
    def living(self) -> list[int]:
        """Numbers of the generations that the program holds."""
        return [one.number for one in self.program.generations()]

    def start(self) -> Stage:
        self.program.start(self.now)
        return self

    def go_live(self) -> Generation:
        """Start, attach and flush once."""
        self.start()
        self.ready(self.last)
        self.beat(self.last)
        return self.last

    def line(self, generation: Generation, data: bytes, stream: Stream = "stdout") -> None:
        stamp = Stamp(self.now, self.now)
        self.program.on_line(generation, *generation.take(StampedLine(generation.id, stream, stamp, data)))

    def record(self, generation: Generation, kind: str, data: object) -> None:
        self.line(generation, json.dumps({"type": kind, "data": data}).encode())

    def attached(self, generation: Generation, probes: int) -> None:
        self.record(generation, "attached_probes", {"probes": probes})

    def ready(self, generation: Generation) -> None:
        self.line(generation, READY, "stderr")

    def complain(self, generation: Generation, text: str) -> None:
        for line in text.splitlines():
            self.line(generation, line.encode(), "stderr")

    def beat(
        self,
        generation: Generation,
        maps: Mapping[str, object] | None = None,
        kind: str = "map",
        late_ns: int = 0,
        *,
        is_last: bool = False,
    ) -> None:
        """A flush with a heartbeat, an interval after the one before; it arrives `late_ns` after its tick."""
        self.wait(generation.plan.interval_ns / SECOND)
        for name, value in (maps or {}).items():
            self.record(generation, kind, {name: value})
        number = self._beats[generation.id] = self._beats.get(generation.id, 0) + 1
        line = beat(number, self.now - late_ns, nonce=generation.plan.nonce, is_last=is_last)
        self.line(generation, line.encode())

    def take_lists(self) -> list[tuple[str, ...]]:
        """What bpftrace was asked to list since this was asked last."""
        found, self.listed = self.listed, []
        return found

    def answer_list(self, found: Mapping[str, int]) -> None:
        """bpftrace answers the oldest question for a listing."""
        self._told.pop(0)(found, self.now)

    def exit(self, generation: Generation, code: int) -> None:
        self.program.on_exit(generation, code, self.now)

    def wait(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)

    def tick(self, seconds: float = 1.0) -> None:
        """Let time pass, and have the program look at the clock."""
        self.wait(seconds)
        self.program.tick(self.now)

    def refuse(self, generation: Generation, text: str = "stdin:1:1-2: ERROR: no", code: int = 1) -> None:
        """bpftrace does not take the text."""
        self.complain(generation, text)
        self.exit(generation, code)


def state(stage: Stage) -> ProgramState:
    """Where the program stands."""
    return stage.program.status.state


def complaint(stage: Stage) -> str:
    """The first line of what went wrong; empty when nothing did."""
    found = stage.program.status.complaint
    return found.title if found else ""


def change(stage: Stage) -> None:
    """Ask for another interval, which begins a next generation."""
    stage.program.change(Settings(interval_ms=2000), stage.now)
