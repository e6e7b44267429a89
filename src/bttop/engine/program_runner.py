"""Starts, stops and watches bpftrace processes for programs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from bttop.engine.bridge import EngineBridge
from bttop.engine.cost.hook_pricing import HookPricing
from bttop.engine.cost.trial_verdict import TrialVerdict
from bttop.engine.generation.candidates import Candidate, Candidates, Settings, Source
from bttop.engine.generation.generation import Generation
from bttop.engine.host.host import Bpftrace, Host
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
        generation = self._start(program, candidate, number)
        self.generations[generation.id] = (program, generation)
        self._observers.begun(program, generation)
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
        """CPU seconds a second that the probes of all other programs take; unknown costs count as 0."""
        costs = [one.cost for one in self._programs() if one is not program]
        return sum(cost.run or 0.0 for cost in costs if cost is not None)

    def list_points(self, points: tuple[AttachPoint, ...], told: Told) -> None:
        """List attach points with bpftrace; `told` is called once with the result."""
        self._points.ask(points, told)

    def stop(self, generation: Generation, grace: float) -> None:
        """Detach a bpftrace. A `detaching` line marks the moment among its lines. `grace`: seconds before SIGKILL."""
        if generation.id in self.generations and not generation.silenced:
            line = StampedLine(generation.id, "detaching", Stamp(self._clock(), time.time_ns()), b"")
            decoded = generation.decode(line)
            self._observers.came(generation, decoded)
            generation.take(decoded)
        loses = traits_of(self._bpftrace.release).loses_interrupts
        self._tracers.channel.stop(generation.id, grace, INTERRUPT_AGAIN if loses else grace)
        if generation.silenced:
            self._observers.ended(generation)

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
