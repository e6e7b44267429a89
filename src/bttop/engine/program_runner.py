"""Starts, stops and watches bpftrace processes for programs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from bttop.engine.bridge import EngineBridge
from bttop.engine.cost.hook_pricing import HookPricing
from bttop.engine.cost.trial_verdict import TrialVerdict
from bttop.engine.generation.candidates import Candidate, Candidates
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings, Source
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.merging.merged_process import MergedProcess
from bttop.engine.merging.merges import Merges, is_shown, successor_of
from bttop.engine.program.generation_pair import grace as grace_of
from bttop.engine.program.observer import Observers
from bttop.engine.program.program import Program
from bttop.engine.program.starts import Starts
from bttop.engine.safety.admission import Admission
from bttop.engine.tracer.attach_points import AttachPointList, Told
from bttop.engine.tracer.tracers import Tracers
from bttop.model.flush.flush import Flush
from bttop.model.record.records import Stamp, StampedLine
from bttop.model.record.releases import traits_of
from bttop.script.cost.hook_costs import HookPrices
from bttop.script.language.reader import AttachPoint

LONGEST_DETACH_NS = 3_000_000_000
"""How long a program that was stopped waits until the programs that share its process run without it: a compile takes
several seconds on an overloaded host."""
INTERRUPT_AGAIN = 1.0
"""Seconds after which a bpftrace that can lose a SIGINT gets another."""


class ProgramRunner:
    """The `ProgramControl` of all programs. Engine thread only."""

    def __init__(
        self,
        host: Host,
        bpftrace: Bpftrace,
        tracers: Tracers,
        starts: Starts,
        points: AttachPointList,
        pricing: HookPricing,
        observers: Observers,
        bridge: EngineBridge,
        programs: Callable[[], Sequence[Program]],
        clock: Callable[[], int],
    ) -> None:
        """`programs` returns all programs; `clock` returns the time of stamps, in ns."""
        self.admission = Admission()
        """Decides about every start; set before programs are added."""
        self.generations: dict[int, tuple[Program, Generation]] = {}
        """Every bpftrace that runs for a program, by its id."""
        self._host = host
        self._bpftrace = bpftrace
        self._tracers = tracers
        self._starts = starts
        self._points = points
        self._pricing = pricing
        self._observers = observers
        self._bridge = bridge
        self._programs = programs
        self._clock = clock
        self.merges = Merges(starts, host, bpftrace.release)
        """The processes that several programs share."""

    def candidates(self, sources: tuple[Source, ...], settings: Settings) -> Candidates:
        """The candidates for this host."""
        return Candidates(sources, settings, self._host, self._bpftrace.release)

    def look(self, program: Program, candidate: Candidate) -> TrialVerdict | None:
        """Whether a candidate may start; None while a trial run decides."""
        return self.admission.look(program, candidate)

    def forget_look(self, program: Program) -> None:
        """Drop the program's open question and its trial run."""
        self.admission.forget(program)

    def launch(self, program: Program, candidate: Candidate, number: int) -> Generation:
        """Start a bpftrace for the candidate."""
        generation = self._merged(program, candidate, number) or self._start(program, candidate, number)
        self.generations[generation.id] = (program, generation)
        self._observers.begun(program, generation)
        return generation

    def _merged(self, program: Program, candidate: Candidate, number: int) -> Generation | None:
        """The generation of a start that is merged with others; None if it starts alone."""
        if self.admission.is_unsafe(program, candidate):
            return None
        generation = self.merges.join(program, candidate, number, self._clock())
        if generation is not None:
            self._pricing.want(candidate.prepared.attach_points)
        return generation

    def run_twin(self, program: Program, candidate: Candidate) -> Generation:
        """Start a bpftrace for a trial run: only the admission gets its frames."""
        return self._start(program, candidate, 0)

    def _start(self, program: Program, candidate: Candidate, number: int) -> Generation:
        unsafe = self.admission.is_unsafe(program, candidate)
        self._pricing.want(candidate.prepared.attach_points)
        return self._starts.begin(program, candidate, number, now=self._clock(), unsafe=unsafe)

    @property
    def prices(self) -> HookPrices:
        """The hook prices on this host that are known so far."""
        return self._pricing.prices

    def tell_costs(self) -> None:
        """Request all costs from the tracer now."""
        self._tracers.tell_costs()

    def taken_by_others(self, program: Program) -> float:
        """CPU seconds a second of the budget that the probes of all other programs take; unknown costs count as 0."""
        costs = [one.cost for one in self._programs() if one is not program and one.permission.allowed is None]
        return sum(cost.run or 0.0 for cost in costs if cost is not None)

    def list_points(self, points: tuple[AttachPoint, ...], told: Told) -> None:
        """List attach points with bpftrace; `told` is called once with the result."""
        self._points.ask(points, told)

    def stop(self, generation: Generation, grace: float) -> None:
        """Detach a bpftrace. A `detaching` line marks the moment among its lines. `grace`: seconds before SIGKILL. One
        of several in a process is detached with the last of them: see `replace_merged`."""
        process = self.merges.of(generation)
        if process is None:
            self._note_detaching(generation)
            self._interrupt(generation.id, grace)
        elif not process.stops:
            process.left.add(generation.id)
            if not process.staying:
                self._stop_merged(process)
        if generation.silenced:
            self._observers.ended(generation)

    def _note_detaching(self, generation: Generation) -> None:
        if generation.id in self.generations and not generation.silenced:
            line = StampedLine(generation.id, "detaching", Stamp(self._clock(), time.time_ns()), b"")
            decoded, _ = generation.take(line)
            self._observers.came(generation, decoded)

    def _interrupt(self, ident: int, grace: float) -> None:
        loses = traits_of(self._bpftrace.release).loses_interrupts
        self._tracers.channel.stop(ident, grace, INTERRUPT_AGAIN if loses else grace)

    def _stop_merged(self, process: MergedProcess) -> None:
        process.stops = True
        for part in process.parts:
            self._note_detaching(part)
        self._interrupt(process.id, grace_of(process.probes))

    def parts_of(self, process: MergedProcess) -> list[tuple[Program, Generation]]:
        """The parts of a merged process that have not ended."""
        return [self.generations[part.id] for part in process.parts if part.id in self.generations]

    def together(self) -> AbstractContextManager[None]:
        """Run the starts inside in one bpftrace, as far as they can be merged."""
        return self.merges.together()

    def start_alone(self, process: MergedProcess, now: int, *, is_running: bool) -> None:
        """A merged process could not start all its parts: give it up and start each program by itself."""
        self.merges.give_up()
        self.merges.ended(process)
        if is_running:
            self._interrupt(process.id, grace_of(process.probes))
        for program, generation in self.parts_of(process):
            del self.generations[generation.id]
            self._observers.ended(generation)
            program.sharing.start_alone(generation, now)

    def detach_at_once(self, program: Program) -> None:
        """The host must not wait until the programs that share a process with this one run without it."""
        for generation in program.generations():
            if (process := self.merges.of(generation)) is not None:
                process.is_urgent = True

    def end_part(self, generation: Generation) -> None:
        """A part was replaced, and its last flush has arrived, while its process runs for others."""
        generation.silence()
        del self.generations[generation.id]
        self._observers.ended(generation)

    def replace_merged(self, now: int) -> None:
        """Replace each merged process that some programs have left by one without them: the others get a next
        generation first. The old process is stopped when the last one has taken over, or, if a program that was stopped
        waits for that, as soon as the others are attached, or after LONGEST_DETACH_NS; at once if the budget guard has
        stopped it."""
        for process in tuple(self.merges.processes.values()):
            if process.left and not process.stops:
                self._replace(process, now)

    def _replace(self, process: MergedProcess, now: int) -> None:
        parts = self.parts_of(process)
        staying = [(program, part) for program, part in parts if part.id not in process.left]
        if not all(is_shown(program, part) for program, part in staying):
            return  # it has just replaced another one: its programs take over at their first flushes
        new = [program for program, part in staying if part.id not in process.renewed]
        process.renewed.update(part.id for _, part in staying)
        with self.together():
            for program in new:
                program.sharing.renew(now)
        successors = [successor_of(program) for program, _ in staying]
        is_awaited = any(part.id in process.left and is_shown(program, part) for program, part in parts)
        if is_awaited and not process.stop_by_ns:
            process.stop_by_ns = now + (0 if process.is_urgent else LONGEST_DETACH_NS)
        are_ready = all(one is None or one.ready_ns is not None for one in successors)
        if (is_awaited and now >= process.stop_by_ns) or (are_ready and (is_awaited or None in successors)):
            for program, _ in staying:
                program.sharing.give_way()

    def watch(self, generation: Generation) -> None:
        """Let the tracer count the descriptors of a bpftrace from now on."""
        self._tracers.channel.watch(generation.id)

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:
        """A flush was added to the history."""
        self._observers.flushed(program, generation, flush)

    def cut(self, program: Program, why: str) -> None:
        """A bpftrace ended before it printed its last counts."""
        self._observers.cut(program, why)

    def changed(self, program: Program) -> None:
        """A status has changed: notify the listener."""
        self._observers.changed(program)
        self._bridge.notify()
