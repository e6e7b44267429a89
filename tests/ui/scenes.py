"""What views and panes are drawn from, made by hand: scenes, and an engine whose programs say what a test says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from bttop.engine.engine import Engine
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.program.program import Program
from bttop.engine.request.questions import from_text
from bttop.engine.tracer.channel import TracerChannel
from bttop.engine.tracer.frames import Exited, Frame
from bttop.model.flush.contents import MapData, Origin
from bttop.model.flush.flush import Flush
from bttop.model.history.history import DEFAULT_TOTAL_BYTES, HistoryBudget
from bttop.model.history.trends import Trend
from bttop.model.plan import Aggregation, Column, MapPlan, Plan
from bttop.model.record.records import Bucket, Stamp, StampedLine, Value
from bttop.model.record.release import Release
from bttop.model.record.values import MapKind
from bttop.ui.render.spans import UNICODE, Glyphs, Line, plain
from bttop.ui.views.base import Drawing, Scene, ViewChoice
from tests.model.samples import beat

RELEASE: Final = Release(0, 17, 0)
SECOND: Final = 1_000_000_000
START: Final = 5_000 * SECOND
"""CLOCK_BOOTTIME at which every fake engine begins."""
WALL: Final = 1_790_000_000 * SECOND
COLUMNS: Final = (Column("pid", "int"), Column("comm", "text"))
_KINDS: Final[Mapping[str, MapKind]] = {"hist": "hist", "lhist": "hist", "stats": "stats", "avg": "stats"}


def map_plan(aggregation: Aggregation = "count", columns: Sequence[Column] = COLUMNS, **more: Any) -> MapPlan:
    """The plan of a map `@m`."""
    return MapPlan("@m", aggregation, tuple(columns), **more)


def scene(
    rows: Mapping[str, Value],
    plan: MapPlan | None = None,
    choice: ViewChoice | None = None,
    *,
    width: int = 80,
    height: int = 20,
    seconds: float = 1.0,
    glyphs: Glyphs = UNICODE,
    flushes: int = 1,
) -> Scene:
    """A scene of one map; its trend has seen the same rows `flushes` times."""
    plan = plan or map_plan()
    data = MapData(plan, _KINDS.get(plan.aggregation, "map"), rows)
    trend = Trend()
    for _ in range(flushes):
        trend.advance(data, seconds)
    return Scene(data, flush_of(data, seconds), trend, choice or ViewChoice(), width, height, glyphs)


def flush_of(data: MapData, seconds: float = 1.0) -> Flush:
    """A flush that holds one map."""
    origin = Origin(RELEASE, Plan({data.plan.name: data.plan}))
    end = START + round(seconds * SECOND)
    return Flush(origin, 1, "a", 1, START, end, WALL, {data.plan.name: data}, (), frozenset(), ())


def texts(drawing: Drawing) -> list[str]:
    """The lines of a drawing without roles."""
    return [plain(line) for line in drawing.lines]


def text_of(lines: Sequence[Line]) -> str:
    """Lines as one text."""
    return "\n".join(plain(line) for line in lines)


def buckets(*counts: int, first: int = 0) -> tuple[Bucket, ...]:
    """Power-of-two buckets from 2^first up with these counts."""
    return tuple([Bucket(2**n, 2 ** (n + 1) - 1, count) for n, count in enumerate(counts, start=first)])


class FakeTracer:
    """Takes the commands of an engine and starts nothing."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.stopped: list[int] = []

    def start(
        self,
        generation: int,
        _argv: Sequence[str],
        _env: Mapping[str, str],
        _nice: int = 0,
        _folder: str = ".",
        _categories: Sequence[str] = (),
        _parts: Sequence[tuple[int, str]] = (),
    ) -> None:
        self.started.append(generation)

    def stop(self, generation: int, _grace: float, _again: float) -> None:
        self.stopped.append(generation)

    def watch(self, generation: int) -> None:
        """Nothing to watch."""

    def renice(self, generation: int | None, nice: int) -> None:
        """Nothing to renice."""

    def close(self) -> None:
        """Nothing to close."""


class FakeEngine:
    """A real engine without its thread and tracer: what bpftrace and the tracer say comes from the test."""

    def __init__(self, release: Release = RELEASE, memory: int = DEFAULT_TOTAL_BYTES) -> None:
        """`memory` is what the histories may take, in bytes."""
        self.tracer = FakeTracer()
        host = Host("pay-gw-07", "6.8.0-31-generic", "x86_64", 8, None)
        bpftrace, budget = Bpftrace("bpftrace", release), HistoryBudget(memory)
        self.now = START
        self.engine = Engine(host, bpftrace, lambda: cast(TracerChannel, self.tracer), budget, clock=lambda: self.now)
        self._beats: Counter[str] = Counter()

    def add(self, name: str, text: str) -> Program:
        """Add a program with this text; it has started but says nothing yet."""
        question = from_text(name, text)
        return self.engine.add(name, question.sources, Settings(), failure=question.failure)

    def say(self, program: Program, *records: object) -> None:
        """Have the program's newest bpftrace print these records: text is a line as it is, all else JSON."""
        for record in records:
            line = record if isinstance(record, str) else json.dumps(record)
            self._send(StampedLine(self._id(program), "stdout", self._stamp(), line.encode("utf-8", "surrogateescape")))

    def complain(self, program: Program, *lines: str) -> None:
        """Have it print to stderr."""
        for line in lines:
            self._send(StampedLine(self._id(program), "stderr", self._stamp(), line.encode()))

    def skip(self, program: Program, counts: bytes) -> None:
        """Have the tracer tell of events that the kernel skipped: their number, and the runs if these are known."""
        self._send(StampedLine(self._id(program), "skipped", self._stamp(), counts))

    def attach(self, program: Program, probes: int = 1) -> None:
        """Have it say that it is attached."""
        self.say(program, {"type": "attached_probes", "data": {"probes": probes}})
        self.complain(program, "__BPFTRACE_NOTIFY_PROBES_ATTACHED")

    def flush(self, program: Program, *records: object, seconds: float = 1.0) -> None:
        """Let time pass, then have it print a flush with its heartbeat."""
        if not len(program.history):
            self._beat(program)
        self.now += round(seconds * SECOND)
        self.say(program, *records)
        self._beat(program)

    def end(self, program: Program, code: int) -> None:
        """Have its bpftrace end."""
        self._send(Exited(self._id(program), self._stamp(), code))

    def tick(self, seconds: float) -> None:
        """Let time pass with the engine's own look at the clock."""
        self.now += round(seconds * SECOND)
        for program in self.engine.programs:
            program.tick(self.now)

    def _beat(self, program: Program) -> None:
        self._beats[program.name] += 1
        living = program.generations()
        plan = living[-1].plan if living else program.plan
        for block in range(len(plan.heartbeats)):
            self.say(program, beat(self._beats[program.name], self.now, block, plan.nonce))

    def _stamp(self) -> Stamp:
        return Stamp(self.now, WALL + self.now - START)

    def _send(self, frame: Frame) -> None:
        self.engine._router.take([frame])

    def _id(self, program: Program) -> int:
        return max(id_ for id_, (owner, _) in self.engine.runner.generations.items() if owner is program)


def printed_name(program: Program, name: str) -> str:
    """A name under which the prepared script prints a map: one of its banks, or its own."""
    return next((alias for alias, user in program.plan.aliases.items() if user == name), name)


def calls(program: Program, rows: Mapping[str, int], name: str = "@calls") -> dict[str, Any]:
    """The record that prints a map of counts."""
    return {"type": "map", "data": {printed_name(program, name): dict(rows)}}


SHIPPED_THEMES: Final = Path(__file__).parents[2] / "themes"
