"""The engine: one thread with an event loop that reads the tracer's pipe and runs the programs. It never waits for the
screen, so a blocked terminal delays nothing here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING

from bttop.engine import program_changes
from bttop.engine.bridge import EngineBridge
from bttop.engine.cost.budget import Budget
from bttop.engine.cost.cost import Bill
from bttop.engine.cost.hook_pricing import HookPricing
from bttop.engine.cost.host_programs import HostProgramRates
from bttop.engine.engine_thread import EngineThread, LoopThread
from bttop.engine.frame_router import FrameRouter
from bttop.engine.generation.source import Settings, Source
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.host.own_clock import boot_ns
from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.program.generation_pair import grace
from bttop.engine.program.observer import Observer, Observers
from bttop.engine.program.program import Program
from bttop.engine.program.starts import Starts
from bttop.engine.program_runner import ProgramRunner
from bttop.engine.request.pinning import numbered, pin_of
from bttop.engine.request.questions import ProgramRequest
from bttop.engine.safety.budget_guard import BudgetGuard
from bttop.engine.safety.idle_monitor import IdleMonitor
from bttop.engine.safety.meter import Meter
from bttop.engine.tracer.attach_points import AttachPointList
from bttop.engine.tracer.bpftrace_queries import BpftraceQueries
from bttop.engine.tracer.channel import TracerChannel
from bttop.engine.tracer.privilege import AS_WE_ARE, Privilege
from bttop.engine.tracer.stop_detector import Gap, StopDetector
from bttop.engine.tracer.tracers import Tracers
from bttop.model.history.history import HistoryBudget
from bttop.model.record.records import Stamp
from bttop.script.cost.start_weight import max_weight
from bttop.script.process.pin import Pin

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from bttop.engine.remote.link import Link

TICK = 1.0
"""Seconds between two ticks."""
SHORT_TICK = 0.25
"""Seconds between two ticks while silence may end a flush."""


class Engine:
    """Runs programs through one tracer. Create it on the main thread before anything heavy is imported; `start` then
    starts its own thread."""

    def __init__(
        self,
        host: Host,
        bpftrace: Bpftrace,
        spawn: Callable[[], TracerChannel] | None = None,
        budget: HistoryBudget | None = None,
        privilege: Privilege = AS_WE_ARE,
        *,
        limits: Budget | None = None,
        statistics: bool = True,
        folder: str = ".",
        numbers: PidNumbers | None = None,
        clock: Callable[[], int] = boot_ns,
        link: Link | None = None,
        one_of: str = "",
    ) -> None:
        """`limits`: the budget; None disables the budget guard. `statistics`: whether the kernel may measure what BPF
        programs cost, which takes 20 to 60 ns a run. `folder`: the working directory of bpftrace. `numbers`: how its
        process ids relate to those of /proc; without it they are equal. `clock` returns the time of stamps, in ns.
        `link`: the connection to the host; None: it is this one. `one_of`: the host that its programs carry, if engines
        of other hosts run too."""
        self.host = host
        self.link = link
        self.bridge = EngineBridge()
        if link is not None:
            clock = link.clock.boot_ns
            link.on_change = self.bridge.notify
        self._one_of = one_of
        self.bpftrace = bpftrace
        self.numbers = numbers or PidNumbers()
        self._clock = clock
        self.programs: tuple[Program, ...] = ()
        self.end: Stamp | None = None
        """Always None: the session still runs."""
        self.problems: tuple[str, ...] = ()
        """The periods in which bttop or its tracer was stopped, in sentences. Programs report their own problems."""
        self._tracers = Tracers(
            spawn or partial(TracerChannel.spawn, privilege.tracer_command()), statistics=statistics, folder=folder
        )
        self._starts = Starts(host, bpftrace, privilege, self._tracers)
        self.queries = BpftraceQueries(self.bridge, self._starts.query, lambda: self._tracers.channel)
        """Short bpftrace queries; from any thread."""
        self._budget = budget or HistoryBudget()
        self._pricing = HookPricing(host.machine, self.queries, privilege.timer_command())
        self.meter = Meter(host.cpus, lambda: self._pricing.prices, statistics=statistics, is_here=link is None)
        self.program_rates = HostProgramRates()
        self._stop_detector = StopDetector()
        self.idle_monitor: IdleMonitor | None = None
        """Detaches programs while the user is idle; set before `start`. None disables this."""
        self._observers = Observers()
        self.runner = self._make_runner()
        self._router = self._make_router(BudgetGuard(limits, host.cpus) if limits else None)
        self._thread = EngineThread(
            self.bridge, self._begin, self._tracers.detach, self._tracers.close, self.queries.close
        )

    def _make_runner(self) -> ProgramRunner:
        return ProgramRunner(
            self.host,
            self.bpftrace,
            self._tracers,
            self._starts,
            AttachPointList(self.queries, self.bpftrace, self._clock),
            self._pricing,
            self._observers,
            self.bridge,
            lambda: self.programs,
            self._clock,
        )

    def _make_router(self, guard: BudgetGuard[Program] | None) -> FrameRouter:
        return FrameRouter(
            self.runner,
            self.queries,
            self.meter,
            guard,
            self.program_rates,
            self._stop_detector,
            self._observers,
            self._on_gap,
            lambda: self.programs,
            self._clock,
        )

    @property
    def error(self) -> BaseException | None:
        """The error that ended the engine's thread; the listener must raise it."""
        return self._thread.error

    @property
    def links(self) -> tuple[Link, ...]:
        """The connection to the host, if it is another one."""
        return () if self.link is None else (self.link,)

    def now(self) -> Stamp:
        """The clocks of the host."""
        return Stamp(self._clock(), time.time_ns()) if self.link is None else self.link.clock.now()

    def pin_of(self, text: str) -> Pin | str:
        """A pin as typed, by bpftrace's ids, or why it is invalid; for another host it waits for an answer."""
        if self.link is None:
            pin = pin_of(text)
        else:
            from bttop.engine.request.far_pinning import far_pin_of  # only for other hosts

            pin = far_pin_of(text, self.host, self.link)
        return pin if isinstance(pin, str) else numbered(pin, self.numbers)

    @property
    def tracing(self) -> Engine:
        """See `Session`."""
        return self

    @property
    def run(self) -> Engine:
        """The engine itself: its programs run on one host."""
        return self

    def engine_of(self, host: str = "") -> Engine:  # noqa: ARG002
        """The engine itself: it has one host."""
        return self

    @property
    def tracer_pid(self) -> int:
        """The process that starts every bpftrace, or the sudo that started this process."""
        return self._tracers.channel.pid

    # Before the thread.

    def add(self, name: str, sources: Sequence[Source], settings: Settings, failure: str = "") -> Program:
        """Add a program and start it; with a `failure`, only show why it cannot run. On the main thread before `start`,
        on the engine's thread afterwards."""
        program = self._register(name, sources, settings)
        self._launch(program, failure)
        return program

    def add_together(self, wanted: Sequence[tuple[ProgramRequest, Settings]]) -> None:
        """Add programs in this order, and start first those that take longest to start. Otherwise as `add`."""
        added = [(self._register(one.name, one.sources, settings), one) for one, settings in wanted]
        with self.together():
            for program, one in sorted(added, key=lambda pair: -max_weight(one.script for one in pair[1].sources)):
                self._launch(program, one.failure)

    def _register(self, name: str, sources: Sequence[Source], settings: Settings) -> Program:
        program = Program(name, tuple(sources), settings, self._budget.open(), self.runner, self._one_of)
        self.programs = (*self.programs, program)
        self._observers.added(program)
        return program

    def _launch(self, program: Program, failure: str) -> None:
        if failure:
            program.refuse(failure, self._clock())
        else:
            program.start(self._clock())

    def together(self) -> AbstractContextManager[None]:
        """Run the programs that are added inside in one bpftrace, as far as they can be merged."""
        return self.runner.together()

    def observe(self, observer: Observer) -> None:
        """Add an observer; on the main thread before `start`. It is told at once what exists and runs already."""
        self._observers.join(observer)
        for program in self.programs:
            observer.added(program)
        for program, generation in self.runner.generations.values():
            observer.begun(program, generation)

    def start(self, thread: LoopThread | None = None) -> None:
        """Start the engine's thread, which reads the tracer; with a `thread`, run in that one when it starts."""
        self._thread.start(thread)

    def _begin(self, loop: AbstractEventLoop) -> None:
        self.bridge.open(loop)
        self._tracers.attach(self._router.take, self._router.lose, self._on_new_tracer)
        self._tick(loop)

    def _tick(self, loop: AbstractEventLoop) -> None:
        quick = any(program.awaits_quiet for program in self.programs)
        loop.call_later(SHORT_TICK if quick else TICK, self._tick, loop)
        now = self.now()
        ahead = 0 if self.link is None else self.link.clock.boot_offset_ns
        gap = self._stop_detector.tick(now, time.monotonic_ns(), ahead)
        if gap is not None:
            self._on_gap(gap)
        if gap is None and self._stop_detector.is_complete(now.boot_ns):
            self._judge(now.boot_ns)
        else:
            self._excuse(now.boot_ns)

    def _judge(self, now: int) -> None:
        """Check the timeouts. Call it only when all output has been read."""
        self.runner.admission.tick(now)
        if self._router.ends or self._router.closed:
            return
        with self.together():
            for program in self.programs:
                program.tick(now)
        if self.idle_monitor is not None:
            with self.together():
                self.idle_monitor.look(self.programs, now)

    def _excuse(self, now: int) -> None:
        """Some output is still unread: do not count this time in the programs' timeouts."""
        self.runner.admission.excuse(now)
        for program in self.programs:
            program.excuse(now)
        if missing := self._stop_detector.missing(now):
            self._tell(missing)

    def _on_gap(self, gap: Gap) -> None:
        self._observers.missed(gap)
        self._tell(gap.text)

    def _tell(self, problem: str) -> None:
        self.problems = (*self.problems, problem)
        self.bridge.notify()

    # From other threads.

    def finish(self) -> None:
        """Detach every program and continue to read: each prints the last part of its interval before it ends. Nothing
        is started from now on. From any thread. `still_detaching` returns how long to wait; then call `close`."""
        self._router.ends = True
        self.bridge.call(self._finish_programs)

    @property
    def still_detaching(self) -> float:
        """Maximum seconds that bpftrace processes still need to detach; 0 when all have ended. From any thread."""
        living = [generation for _, generation in tuple(self.runner.generations.values()) if not generation.silenced]
        return max((grace(generation.probes) for generation in living), default=0.0)

    def give_up(self) -> None:
        """Stop waiting for bpftrace processes: the last counts of those still running are missing. After `finish`, from
        any thread; takes effect before a later `close`."""
        if self.error is None:
            self.bridge.call(self._give_up)
        else:
            self._give_up()  # the engine's thread has ended

    def close(self) -> None:
        """Stop everything: each bpftrace gets a SIGINT and ends within 2 s. From any thread; may be repeated."""
        self._router.closed = True
        self._tracers.close()
        self.bridge.call(self._thread.finish)
        self._thread.join(1.0)

    def kill(self) -> None:
        """End the tracer and its children at once, without the loop: the last resort."""
        self._router.closed = True
        self._tracers.close()

    def toggle(self, program: Program) -> None:
        """Stop a program that runs; start one that does not run."""
        self.bridge.call(lambda: program_changes.toggle(program, self.runner, self._clock()))

    def set_interval(self, interval_ms: int) -> None:
        """Change the interval of all programs."""
        self.bridge.call(self._set_interval, interval_ms)

    def pin(self, pin: Pin | None, programs: Sequence[Program]) -> None:
        """Restrict programs to processes in the kernel, or lift the restriction."""
        self.bridge.call(self._pin, pin, tuple(programs))

    def open(self, question: ProgramRequest, settings: Settings) -> None:
        """Add a program while the engine runs."""
        self.bridge.call(self._open, question, settings)

    def remove(self, program: Program) -> None:
        """Detach a program and forget it."""
        self.bridge.call(self._remove, program)

    def reload(self, program: Program, sources: Sequence[Source]) -> None:
        """A program's script has changed: the new text replaces the old one at its first flush."""
        texts = tuple(sources)
        self.bridge.call(lambda: program_changes.reload(program, texts, self._clock()))

    def look_around(self) -> None:
        """Request a survey of all BPF programs of the host; `program_rates.latest` is the newest result."""
        self.bridge.call(self._look_around)

    def bill_at(self, boot_ns: int | None = None) -> Bill | None:
        """What all programs and bttop itself cost now; None while that is unknown, and for any past moment."""
        return self.meter.bill if boot_ns is None else None

    def seconds_run(self) -> float:
        """Seconds that the engine has run, without the time in which it was stopped. From any thread."""
        return self._stop_detector.seconds(self._clock())

    def touch(self) -> None:
        """The user has pressed a key or used the mouse."""
        if self.idle_monitor is not None:
            self.idle_monitor.touch()

    def approve(self, program: Program) -> None:
        """The user agrees: run a program that was held back because of its cost or of `--unsafe`, or let a thinned one
        take all events."""
        self.bridge.call(lambda: program_changes.approve(program, self._clock()))

    def at_full_speed(self) -> None:
        """The dashboard is on screen: programs get the usual nice value."""
        self.bridge.call(self._starts.hurry)

    def refuse_reload(self, program: Program, why: str) -> None:
        """A program's file was changed and cannot be read: show why; the old text continues to run."""
        self.bridge.call(program.refuse_reload, why)

    def _set_interval(self, interval_ms: int) -> None:
        with self.together():
            program_changes.set_interval(self.programs, interval_ms, self._clock())

    def _pin(self, pin: Pin | None, programs: Sequence[Program]) -> None:
        with self.together():
            program_changes.pin_programs(programs, pin, self._clock())

    def _open(self, question: ProgramRequest, settings: Settings) -> None:
        self.add(question.name, question.sources, settings, question.failure)
        self.bridge.notify()

    def _remove(self, program: Program) -> None:
        program.stop(self._clock())
        self.programs = tuple(one for one in self.programs if one is not program)
        self._budget.close(program.history)
        self.runner.admission.forget(program)
        self.bridge.notify()

    def _look_around(self) -> None:
        if self._tracers.alive and self.program_rates.may_ask(self._clock()):
            self._tracers.channel.survey()

    def _finish_programs(self) -> None:
        for program in self.programs:
            program.finish()

    def _give_up(self) -> None:
        for program, generation in self.runner.generations.values():
            program.on_cut(generation, "bttop did not wait until it was detached")

    def _on_new_tracer(self) -> None:
        self._router.end_unstarted(self._starts.catch_up())
