"""Snapshots made of chosen lines, by the journal and the writer that a recording uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from bttop.model.flush.reader import FlushReader
from bttop.model.plan import Plan
from bttop.model.record.records import Stamp, StampedLine
from bttop.model.record.release import Release
from bttop.store.recording.lookback_buffer import LookbackBuffer
from bttop.store.recording.snapshot_files import claim
from bttop.store.recording.writer import SnapshotWriter
from bttop.store.snapshot.facts import HostClock, HostFacts, RecordedHost, SessionFacts
from bttop.store.snapshot.recording_events import (
    FlushCompleted,
    GenerationEnded,
    GenerationStarted,
    HostKnown,
    LineReceived,
    ProgramAdded,
    RecordingEvent,
)
from tests.model.samples import SECOND, beat, map_line

WALL = 1_795_698_432_000_000_000
"""2026-11-26T13:07:12Z."""
LINES = 60
BOOT = 3_000 * SECOND
SESSION = SessionFacts("0.1.0")
FACTS = HostFacts("demo-host", "6.18.0", "x86_64", 2, Release(0, 17), 4096)


def at(seconds: float) -> Stamp:
    """A moment of the recording, from its beginning."""
    steps = round(seconds * SECOND)
    return Stamp(BOOT + steps, WALL + steps)


class Session(Struct, frozen=True):
    """A program's prints: of each interval the maps by name, each as (kind of line, value)."""

    name: str
    plan: Plan
    prints: Sequence[Mapping[str, tuple[str, object]]]
    text: str = "tracepoint:a:b { @x[comm] = count(); }"
    generation: int = 1
    program: int = 1
    number: int = 1
    first: float = 1.0
    """Seconds from the recording's beginning to the first flush."""
    extra: Sequence[StampedLine] = field(default=())
    """Further lines, at their own moments."""
    pin: str = ""
    host: int = 1
    facts: HostFacts = FACTS
    clock: HostClock = HostClock()
    """How far the clocks of the host are ahead: its lines come at the same moments."""

    def events(self) -> Iterable[RecordingEvent]:
        """The session as it would have been told."""
        if self.number == 1:
            yield HostKnown(RecordedHost(self.host, self.facts, self.clock))
            yield ProgramAdded(self.program, self.name, self.host)
        yield GenerationStarted(
            self.generation,
            self.program,
            self.number,
            f"{self.name}.bt",
            self.text,
            self.text,
            (),
            self.plan,
            self.pin,
            (),
            self._at(0),
        )
        reader = FlushReader(FACTS.release, self.plan, self.number)
        for line in sorted([*self._lines(), *self.extra], key=lambda one: one.stamp.boot_ns):
            yield LineReceived(line, hexadecimal=False)
            flush = reader.feed(line)
            if flush is not None:
                yield FlushCompleted(self.generation, Stamp(flush.end_ns, flush.wall_ns), flush.lines[-1].stamp)

    def _lines(self) -> Iterable[StampedLine]:
        for number, maps in enumerate(self.prints, start=1):
            moment = self._at(self.first + number - 1)
            texts = [map_line(name, value, kind) for name, (kind, value) in maps.items()]
            for text in (*texts, beat(number, moment.boot_ns)):
                yield StampedLine(self.generation, "stdout", moment, text.encode())

    def _at(self, seconds: float) -> Stamp:
        """A moment on the clocks of the host."""
        moment = at(seconds)
        return Stamp(moment.boot_ns + self.clock.boot_ns, moment.wall_ns + self.clock.wall_ns)


def made(
    path: Path,
    *sessions: Session,
    facts: HostFacts = FACTS,
    ended: bool = True,
    others: Sequence[RecordingEvent] = (),
    session: SessionFacts = SESSION,
) -> Path:
    """Record sessions into a file, and `others` after them; without `ended` their last lines are in no block, as after
    a crash."""
    given = [one if facts is FACTS else replace(one, facts=facts) for one in sessions]
    happened = [*(event for one in given for event in one.events()), *others]
    if ended:
        happened += [GenerationEnded(one.generation) for one in sessions]
    claim(path, replace=True)
    writer = SnapshotWriter(path, session)
    tell(happened, writer, small_blocks())
    writer.close()
    return path


def small_blocks(**options: int) -> LookbackBuffer:
    """A journal that seals sixty lines: many blocks in a short session."""
    return LookbackBuffer(block_lines=LINES, **options)


def tell(happened: Iterable[RecordingEvent], writer: SnapshotWriter, lookback_buffer: LookbackBuffer) -> None:
    """Tell a recording what happened, as the recorder does: lines first, and blocks in their place."""
    waiting: list[RecordingEvent] = []
    for one in happened:
        waiting.append(one)
        sealed = lookback_buffer.take(one)
        if sealed is not None:
            writer.write(waiting)
            writer.write_blocks([sealed])
            waiting.clear()
    writer.write(waiting)
