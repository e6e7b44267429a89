"""A program as the engine would tell of it: lines go through a reader, and what it shows is told and kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bttop.model.flush.flush import Flush
from bttop.model.flush.reader import FlushReader
from bttop.model.plan import Plan
from bttop.model.record.records import Stamp, StampedLine
from bttop.store.recording.snapshot_files import claim
from bttop.store.recording.writer import SnapshotWriter
from bttop.store.snapshot.facts import RecordedHost
from bttop.store.snapshot.recording_events import (
    FlushCompleted,
    GenerationEnded,
    GenerationStarted,
    HostKnown,
    LineReceived,
    ProgramAdded,
    RecordingEvent,
)
from tests.store.made import FACTS, SESSION, at, small_blocks, tell


class Told:
    """Collects events and the flushes that were shown."""

    def __init__(self) -> None:
        self.events: list[RecordingEvent] = [HostKnown(RecordedHost(1, FACTS)), ProgramAdded(1, "p")]
        self.shown: list[Flush] = []
        self._newest: dict[int, StampedLine] = {}
        self._readers: dict[int, FlushReader] = {}
        self._flags: dict[int, bool] = {}

    def begin(self, generation: int, plan: Plan) -> None:
        """A generation is started; its number is its id."""
        text = "tracepoint:a:b { }"
        self.events.append(GenerationStarted(generation, 1, generation, "p.bt", text, text, (), plan, "", (), at(0)))
        self._readers[generation] = FlushReader(FACTS.release, plan, generation, key_limit=FACTS.key_limit)

    def say(self, generation: int, second: float, text: str, *, show: bool = True) -> None:
        """A line comes; without `show` nothing that it closes is shown."""
        line = StampedLine(generation, "stdout", at(second), text.encode())
        self._newest[generation] = line
        self.events.append(LineReceived(line, self._flags.get(generation, False)))
        flush = self._readers[generation].feed(line)
        self._show(generation, flush, show=show)

    def tick(self, generation: int, second: float, *, show: bool = True) -> None:
        """Time passes."""
        self._show(generation, self._readers[generation].due(at(second).boot_ns), show=show)

    def exit(self, generation: int, second: float) -> None:
        """The process ends; what it printed last is shown."""
        self._show(generation, self._readers[generation].end(at(second).boot_ns), show=True)
        self.end(generation)

    def end(self, generation: int) -> None:
        """The generation is retired or has ended."""
        self.events.append(GenerationEnded(generation))

    def _show(self, generation: int, flush: Flush | None, *, show: bool) -> None:
        if flush is None or not show:
            return
        self.shown.append(flush)
        last = flush.lines[-1]
        rest = int(self._newest[generation] is not last)
        untimed = 0 if flush.mark else flush.number
        self.events.append(FlushCompleted(generation, Stamp(flush.end_ns, flush.wall_ns), last.stamp, rest, untimed))


def written(path: Path, events: Iterable[RecordingEvent]) -> Path:
    """Write what was told, each by itself."""
    claim(path, replace=True)
    writer = SnapshotWriter(path, SESSION)
    tell(events, writer, small_blocks())
    writer.close()
    return path
