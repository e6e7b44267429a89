"""Passes each frame of the tracer to its program, the meter or its query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from bttop.engine.cost.host_programs import HostProgramRates
from bttop.engine.generation.generation import Generation, was_killed
from bttop.engine.merging.merged_process import MergedProcess
from bttop.engine.merging.merges import is_shown
from bttop.engine.program.observer import Observers
from bttop.engine.program.program import Program
from bttop.engine.program_runner import ProgramRunner
from bttop.engine.safety.budget_guard import BudgetGuard
from bttop.engine.safety.meter import Meter
from bttop.engine.safety.thinner import Thinner
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
        self._thinner = None if guard is None else Thinner(guard)
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
            process = self._runner.merges.processes.get(frame.generation)
            if known is not None:
                self._on_frame(frame, *known)
            elif process is not None:
                self._on_merged_frame(frame, process)
            elif frame.generation == 0:
                self._on_tracer_frame(frame)
            else:
                self._runner.admission.on_frame(frame)
                self._queries.on_frame(frame)
        if not self.closed and not self.ends:
            self._runner.replace_merged(self._clock())

    def _on_merged_frame(self, frame: Frame, process: MergedProcess) -> None:
        """A frame of a process that several programs share: it is about all of them, but lines are divided."""
        match frame:
            case StampedLine():
                for part, line in process.split(frame):
                    if part.id in self._runner.generations:
                        self._on_frame(line, *self._runner.generations[part.id])
                if process.lacks_probes:
                    self._runner.start_alone(process, frame.stamp.boot_ns, is_running=True)
            case Failed() | StartRefused() if not process.parts[0].executed:
                self._runner.start_alone(process, frame.stamp.boot_ns, is_running=False)
            case Exited(code=code) if code != 0 and not was_killed(code) and not process.stops:
                self._on_broken(process, frame)
            case _:
                self._divide(frame, process)

    def _on_broken(self, process: MergedProcess, end: Exited) -> None:
        """A merged process has ended with an error: its programs start alone from now on."""
        if all(part.is_fresh for part in process.parts):
            self._runner.start_alone(process, end.stamp.boot_ns, is_running=False)
        else:
            self._runner.merges.give_up()
            self._divide(end, process)

    def _divide(self, frame: Frame, process: MergedProcess) -> None:
        """Pass a state of a process to its parts."""
        for program, part in self._runner.parts_of(process):
            self._on_frame(replace(frame, generation=part.id), program, part)
        if isinstance(frame, Exited):
            self._runner.merges.ended(process)

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
                self._program_rates.take(frame, self._names())
            case _:
                pass

    def _names(self) -> dict[int, str]:
        """The names of the programs of each process."""
        names: dict[int, list[str]] = {}
        for program, one in self._runner.generations.values():
            if one.pid is not None:
                names.setdefault(one.pid, []).append(program.name)
        return {pid: ", ".join(found) for pid, found in names.items()}

    def _on_round(self, tracer: CostTotals) -> None:
        """All costs of a round have arrived: update the cost ledger, and let the budget guard judge them."""
        loads, seconds = self._meter.close_round(tracer, self._programs())
        for program, cost in self._meter.take_ledger().items():
            self._observers.spent(program, cost)
        if self._guard is None or self._thinner is None or self.closed or self.ends:
            return
        verdict = self._guard.judge(loads, seconds)
        for program in self._programs():
            program.alarm = verdict.warnings.get(program, "")
        for program, reason in verdict.blown.items():
            why = f"limit exceeded: {reason}"
            if program in verdict.left:
                thinning_fails = self._thinner.thin(program, loads, reason, tracer.stamp.boot_ns)
                if not thinning_fails:
                    continue
                why = f"{why}; {thinning_fails}"
            self._runner.detach_at_once(program)
            program.hold(tracer.stamp.boot_ns, why, unread=program in verdict.floods)
        self._thinner.look(loads, seconds, tracer.stamp.boot_ns)

    def _on_frame(self, frame: Frame, program: Program, generation: Generation) -> None:
        match frame:
            case StampedLine():
                if not generation.silenced:
                    decoded, flush = generation.take(frame)
                    self._observers.came(generation, decoded)
                    program.on_line(generation, decoded, flush)
                    if flush is not None:
                        self._end_replaced(program, generation)
            case Descriptors(stamp=stamp, counts=counts):
                program.on_descriptors(generation, dict(counts), stamp.boot_ns)
            case Dropped(lines=lines):
                program.on_dropped(generation, lines)
            case Started(pid=pid):
                generation.executed_as(pid)
            case CostTotals():
                points = generation.candidate.prepared.attach_points
                process = self._runner.merges.of(generation)
                if process is not None:
                    frame = replace(frame, output=process.printed[generation.id])
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

    def _end_replaced(self, program: Program, generation: Generation) -> None:
        """End a generation that was replaced if its process runs on for others: it has printed what it had counted."""
        if not generation.doomed or is_shown(program, generation):
            return
        process = self._runner.merges.of(generation)
        if process is not None and not process.stops:
            self._runner.end_part(generation)
            self._meter.ended(generation.id, program)

    def _on_failed(self, program: Program, generation: Generation, reason: str, now: int) -> None:
        """The bpftrace could not be started. A later refusal (of a watch) does no harm."""
        if not generation.executed:
            del self._runner.generations[generation.id]
            program.on_failed(generation, reason, now)

    def lose(self, reason: str) -> None:
        """The tracer has ended, and every bpftrace with it."""
        known = tuple(self._runner.generations.values())
        self._runner.generations.clear()
        self._runner.merges.lost()
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
            if (process := self._runner.merges.of(generation)) is not None:
                self._runner.merges.ended(process)
            if (known := self._runner.generations.pop(generation.id, None)) is not None:
                known[0].on_exit(generation, 0, self._clock())
