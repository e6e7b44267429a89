"""Passes each frame of the tracer to its program, the meter or its query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bttop.engine.cost.host_programs import HostProgramRates
from bttop.engine.generation.generation import Generation
from bttop.engine.program.observer import Observers
from bttop.engine.program.program import Program
from bttop.engine.program_runner import ProgramRunner
from bttop.engine.safety.budget_guard import BudgetGuard
from bttop.engine.safety.meter import Meter
from bttop.engine.tracer.bpftrace_queries import BpftraceQueries
from bttop.engine.tracer.frames import (
    BpfSurvey,
    CostTotals,
    Descriptors,
    Dropped,
    Exited,
    Failed,
    Frame,
    Hello,
    Metering,
    Started,
    StartRefused,
)
from bttop.engine.tracer.stop_detector import Gap, StopDetector
from bttop.model.record.records import StampedLine


class FrameRouter:
    """Handles the tracer's frames, and its loss. Engine thread only."""

    def __init__(
        self,
        runner: ProgramRunner,
        queries: BpftraceQueries,
        meter: Meter,
        guard: BudgetGuard[Program] | None,
        program_rates: HostProgramRates,
        stop_detector: StopDetector,
        observers: Observers,
        on_gap: Callable[[Gap], None],
        programs: Callable[[], Sequence[Program]],
        clock: Callable[[], int],
    ) -> None:
        """`on_gap` is called after a period in which the tracer was stopped. `guard`: None disables the budget guard.
        `programs` returns all programs; `clock` returns the time of stamps, in ns."""
        self.ends = False
        """Whether the session is ending: the budget guard then detaches no program."""
        self.closed = False
        """Whether everything is being stopped: exits are then not reported to programs."""
        self._runner = runner
        self._queries = queries
        self._meter = meter
        self._guard = guard
        self._program_rates = program_rates
        self._stop_detector = stop_detector
        self._observers = observers
        self._on_gap = on_gap
        self._programs = programs
        self._clock = clock

    def take(self, frames: Sequence[Frame]) -> None:
        """Handle frames in the order of their arrival."""
        if isinstance(frames[-1], StampedLine):
            self._stop_detector.read(frames[-1].stamp, self._clock())
        for frame in frames:
            known = self._runner.generations.get(frame.generation)
            if known is not None:
                self._on_frame(frame, *known)
            elif frame.generation == 0:
                self._on_tracer_frame(frame)
            else:
                self._runner.admission.on_frame(frame)
                self._queries.on_frame(frame)

    def _on_tracer_frame(self, frame: Frame) -> None:
        match frame:
            case Metering():
                self._meter.switched(frame)
            case CostTotals():
                if (gap := self._stop_detector.hear(frame.stamp, self._clock())) is not None:
                    self._on_gap(gap)
                self._on_round(frame)
            case Hello(pid=pid):
                self._stop_detector.meet(pid)
            case BpfSurvey():
                own = {
                    one.pid: program.name for program, one in self._runner.generations.values() if one.pid is not None
                }
                self._program_rates.take(frame, own)
            case _:
                pass

    def _on_round(self, tracer: CostTotals) -> None:
        """All costs of a round have arrived: update the cost ledger, and let the budget guard judge them."""
        loads, seconds = self._meter.close_round(tracer, self._programs())
        for program, cost in self._meter.take_ledger().items():
            self._observers.spent(program, cost)
        if self._guard is None or self.closed or self.ends:
            return
        verdict = self._guard.judge(loads, seconds)
        for program in self._programs():
            program.alarm = verdict.warnings.get(program, "")
        for program, reason in verdict.blown.items():
            program.hold(tracer.stamp.boot_ns, f"limit exceeded: {reason}", unread=program in verdict.floods)

    def _on_frame(self, frame: Frame, program: Program, generation: Generation) -> None:
        match frame:
            case StampedLine():
                if not generation.silenced:
                    decoded = generation.decode(frame)
                    self._observers.came(generation, decoded)
                    program.on_line(generation, decoded)
            case Descriptors(stamp=stamp, counts=counts):
                program.on_descriptors(generation, dict(counts), stamp.boot_ns)
            case Dropped(lines=lines):
                program.on_dropped(generation, lines)
            case Started(pid=pid):
                generation.executed_as(pid)
            case CostTotals():
                points = generation.candidate.prepared.attach_points
                self._meter.take(frame, program, [point.provider for point in points])
            case Failed(stamp=stamp, reason=reason) | StartRefused(stamp=stamp, reason=reason):
                self._on_failed(program, generation, reason, stamp.boot_ns)
            case Exited(stamp=stamp, code=code):
                del self._runner.generations[frame.generation]
                self._meter.ended(frame.generation, program)
                if not self.closed:
                    program.on_exit(generation, code, stamp.boot_ns)
                self._observers.ended(generation)
            case _:
                pass

    def _on_failed(self, program: Program, generation: Generation, reason: str, now: int) -> None:
        """The bpftrace could not be started. A later refusal (of a watch) does no harm."""
        if not generation.executed:
            del self._runner.generations[generation.id]
            program.on_failed(generation, reason, now)

    def lose(self, reason: str) -> None:
        """The tracer has ended, and every bpftrace with it."""
        known = tuple(self._runner.generations.values())
        self._runner.generations.clear()
        for program, generation in known:
            program.on_cut(generation, f"the tracer was lost: {reason}")
            self._observers.ended(generation)
        self._stop_detector.lose()
        self._runner.admission.lost()
        self._queries.lose(reason)
        self._meter.lost(self._programs())
        self._program_rates.lost()
        now = self._clock()
        for program in self._programs():
            program.on_tracer_lost(now, reason)

    def end_unstarted(self, generations: Iterable[Generation]) -> None:
        """End generations that waited for a tracer and are not needed now."""
        for generation in generations:
            if (known := self._runner.generations.pop(generation.id, None)) is not None:
                known[0].on_exit(generation, 0, self._clock())
