"""Tells a recorder what happens on one host: its programs, their lines and flushes, costs, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from bttop.engine.generation.badge import Badge
from bttop.engine.generation.generation import Generation
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.recording.losses import cut_text
from bttop.engine.recording.recorder import Recorder
from bttop.model.flush.flush import Flush
from bttop.model.record.decode import DecodedLine
from bttop.model.record.records import Stamp, StampedLine
from bttop.store.snapshot.facts import HostClock, HostFacts, RecordedHost
from bttop.store.snapshot.recording_events import (
    BTTOP,
    FIRST_HOST,
    LOST,
    CaveatsChanged,
    CostSampled,
    FlushCompleted,
    GenerationEnded,
    GenerationStarted,
    HostKnown,
    LineReceived,
    MarkSet,
    ProgramAdded,
    StatusChanged,
)

if TYPE_CHECKING:
    from bttop.engine.tracer.stop_detector import Gap

_GENERATION_BITS: Final = 32
"""Bits of a number of the tracer."""


class HostRecorder(Observer):
    """Observes the engine of one host, on that engine's thread."""

    def __init__(
        self,
        recorder: Recorder,
        facts: HostFacts,
        clock: HostClock = HostClock(),  # noqa: B008  immutable
        now: Callable[[], Stamp] | None = None,
    ) -> None:
        """`clock`: the clocks of the host; `now` returns the time on them, by default that of the recorder."""
        self.host = recorder.new_host()
        self.recorder = recorder
        self._facts = facts
        self._base = (self.host - FIRST_HOST) << _GENERATION_BITS
        """The tracer of each host numbers its generations from 1: this makes them unique in the recording."""
        self.now = now or recorder.now
        self._programs: dict[Program, int] = {}
        self._states: dict[Program, tuple[str, str, str]] = {}
        self._newest: dict[int, StampedLine] = {}
        """The newest line of each generation."""
        self._badges: dict[int, tuple[Badge, ...]] = {}
        """The badges of generations whose badges differ from those of their candidate."""
        self.set_clock(clock)

    # Any thread.

    def set_clock(self, clock: HostClock) -> None:
        """The clocks of the host were measured."""
        self.recorder.tell(HostKnown(RecordedHost(self.host, self._facts, clock)))

    def mark(self, note: str, cause: str, stamp: Stamp | None = None) -> None:
        """Set a mark about this host, by default at the current time."""
        self.recorder.put_mark(MarkSet(stamp or self.now(), cause, note, self.host))

    def mark_lost(self, note: str) -> None:
        """Set a mark: from now on something is missing."""
        # The recorder's thread keeps a mark of this cause.
        self.recorder.tell(MarkSet(self.now(), LOST, note, self.host))

    # The thread of the engine.

    def added(self, program: Program) -> None:
        self._programs[program] = self.recorder.new_program()
        self.recorder.tell(ProgramAdded(self._programs[program], program.name, self.host))

    def begun(self, program: Program, generation: Generation) -> None:
        candidate = generation.candidate
        pin = program.settings.pin
        event = GenerationStarted(
            self._base + generation.id,
            self._programs[program],
            generation.number,
            candidate.source.name,
            candidate.source.text,
            candidate.prepared.text,
            tuple(candidate.prepared.args),
            generation.plan,
            "" if pin is None else pin.condition,
            _words(candidate.badges),
            self.now(),
        )
        self.recorder.tell(event)

    def came(self, generation: Generation, decoded: DecodedLine) -> None:
        self._newest[generation.id] = decoded.line
        line = decoded.line
        told = replace(line, generation=self._base + line.generation) if self._base else line
        self.recorder.tell(LineReceived(told, decoded.hexadecimal))

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:  # noqa: ARG002
        if flush.lines:
            last = flush.lines[-1]
            # The newest line may also belong to no flush; it is then before or after the end of this one.
            rest = int(self._newest.get(generation.id) is not last)
            untimed = 0 if flush.mark else flush.number
            end = Stamp(flush.end_ns, flush.wall_ns)
            self.recorder.tell(FlushCompleted(self._base + generation.id, end, last.stamp, rest, untimed))

    def ended(self, generation: Generation) -> None:
        self._newest.pop(generation.id, None)
        self._badges.pop(generation.id, None)
        self.recorder.tell(GenerationEnded(self._base + generation.id))

    def spent(self, program: Program | None, cost: Mapping[str, float]) -> None:
        number = BTTOP if program is None else self._programs[program]
        self.recorder.tell(CostSampled(number, self.now(), cost, self.host))

    def changed(self, program: Program) -> None:
        self._note_badges(program)
        status = program.status
        complaint = status.complaint
        said = "" if complaint is None else "\n".join([complaint.title, *complaint.lines])
        news = (status.state.value, status.reason, said)
        if self._states.get(program) != news and program in self._programs:
            self._states[program] = news
            self.recorder.tell(StatusChanged(self._programs[program], self.now(), *news))

    def missed(self, gap: Gap) -> None:
        self.mark(gap.text, "stopped", gap.end)

    def cut(self, program: Program, why: str) -> None:
        self.mark_lost(cut_text(program.name, why))
        self.recorder.count_cut(program.name)

    def _note_badges(self, program: Program) -> None:
        for generation in program.generations():
            badges = generation.badges
            if badges != self._badges.get(generation.id, generation.candidate.badges):
                self._badges[generation.id] = badges
                self.recorder.tell(CaveatsChanged(self._base + generation.id, _words(badges)))


def _words(badges: tuple[Badge, ...]) -> tuple[tuple[str, str], ...]:
    return tuple([(badge.text, badge.why) for badge in badges])
