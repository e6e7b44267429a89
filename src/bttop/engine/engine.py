"""The engine: one thread with its own loop, which reads the tracer's pipe and moves the programs. It never waits for
a screen, so a terminal that is not read delays nothing here."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bttop.engine.attempts import Attempt, Attempts, Settings, Source
from bttop.engine.attention import Attention, Gap
from bttop.engine.budget import Budget
from bttop.engine.channel import TracerChannel
from bttop.engine.cost import Bill
from bttop.engine.door import Door
from bttop.engine.errands import Errands
from bttop.engine.frames import (
    Descriptors,
    Dropped,
    Exited,
    Failed,
    Frame,
    Hello,
    Metering,
    Refused,
    Started,
    Survey,
    Totals,
)
from bttop.engine.fuse import Fuse
from bttop.engine.gate import Gate
from bttop.engine.generation import Generation
from bttop.engine.host import Bpftrace, Host
from bttop.engine.hostprograms import Surveyor
from bttop.engine.idle import Vigil
from bttop.engine.meter import Meter
from bttop.engine.observer import Observer, Observers
from bttop.engine.pointlist import PointList, Told
from bttop.engine.pricing import Pricing
from bttop.engine.privilege import AS_WE_ARE, Privilege
from bttop.engine.program import Program
from bttop.engine.questions import Question
from bttop.engine.starts import Starts
from bttop.engine.succession import grace
from bttop.engine.tracers import Tracers
from bttop.engine.verdict import Verdict
from bttop.model.dialect import dialect
from bttop.model.flush import Flush
from bttop.model.history import HistoryBudget
from bttop.model.records import Stamp, StampedLine
from bttop.script.hooks import HookPrices
from bttop.script.pin import Pin
from bttop.script.reader import AttachPoint

TICK = 1.0
"""Seconds between two looks at the clock."""
INTERRUPT_AGAIN = 1.0
"""Seconds after which a bpftrace that can lose a SIGINT gets another."""
SHORT_TICK = 0.25
"""The same while a flush may end by silence alone."""


def boot_ns() -> int:
    """The clock of stamps and of bpftrace's `nsecs`."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Engine:
    """Runs programs through one tracer. Made and launched on the main thread before anything heavy is imported;
    `run` then moves to its own thread."""

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
        clock: Callable[[], int] = boot_ns,
    ) -> None:
        """`limits` is what the fuse guards, None for none; `statistics` says whether the kernel may count what BPF
        programs cost, which takes 20 to 60 ns a run; bpftrace runs in `folder`; `clock` is the one of the stamps."""
        self.host = host
        self.bpftrace = bpftrace
        self._clock = clock
        self.door = Door()
        self.programs: tuple[Program, ...] = ()
        self.error: BaseException | None = None
        """What ended the engine's thread against its will; whoever listens must raise it."""
        self.end: Stamp | None = None
        """A running session has no last moment."""
        self.problems: tuple[str, ...] = ()
        """When nothing could be heard, and why. Programs say by themselves what is wrong with them."""
        self._tracers = Tracers(
            spawn or partial(TracerChannel.spawn, privilege.tracer_command()), statistics=statistics, folder=folder
        )
        self._starts = Starts(host, bpftrace, privilege, self._tracers)
        self.errands = Errands(self.door, self._starts.errand, lambda: self._tracers.channel)
        """Short questions to bpftrace; from any thread."""
        self._point_list = PointList(self.errands, bpftrace, clock)
        self._budget = budget or HistoryBudget()
        self._generations: dict[int, tuple[Program, Generation]] = {}
        self.gate = Gate()
        """What every start must pass; set before programs are added."""
        self._pricing = Pricing(host.machine, self.errands, privilege.timer_command())
        self.meter = Meter(host.cpus, lambda: self.prices, statistics=statistics)
        self.surveyor = Surveyor()
        self._attention = Attention()
        self.vigil: Vigil | None = None
        """Whom to ask whether anybody is there; set before `start`. None: programs run on without anybody."""
        self._fuse: Fuse[Program] | None = Fuse(limits, host.cpus) if limits else None
        self._observers = Observers()
        self._thread: threading.Thread | None = None
        self._ended: asyncio.Event | None = None
        self._closing = False
        self._finishing = False
        self._failure: BaseException | None = None

    @property
    def tracer_pid(self) -> int:
        """The process that starts every bpftrace, or the sudo that started it."""
        return self._tracers.channel.pid

    @property
    def prices(self) -> HookPrices:
        """What hooks cost here, as far as that is known now."""
        return self._pricing.prices

    # Before the thread.

    def add(self, name: str, sources: Sequence[Source], settings: Settings, failure: str = "") -> Program:
        """Add a program and start it; with a `failure` it only says why it cannot run. On the main thread before
        `start`, on the engine's thread afterwards."""
        program = Program(name, tuple(sources), settings, self._budget.open(), self)
        self.programs = (*self.programs, program)
        self._observers.added(program)
        if failure:
            program.refuse(failure, self._clock())
        else:
            program.start(self._clock())
        return program

    def observe(self, observer: Observer) -> None:
        """Let somebody follow from now on; on the main thread before `start`. What runs already is told at once."""
        self._observers.join(observer)
        for program in self.programs:
            observer.added(program)
        for program, generation in self._generations.values():
            observer.begun(program, generation)

    def start(self) -> None:
        """Begin reading, on a thread of the engine's own."""
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  handed to the listener: nobody else would see it
            self.error = error
            self._tracers.close()
            self.door.ring()
        finally:
            self.door.close()
            self.errands.close()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_crash)
        self._ended = asyncio.Event()
        self._tracers.attach(self._on_frames, self._on_tracer_end, self._on_new_tracer)
        self.door.open(loop)
        self._tick(loop)
        await self._ended.wait()
        self._tracers.detach()
        if self._failure is not None:
            raise self._failure

    def _on_crash(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An error in any callback ends the engine: going on with a program half moved would show wrong numbers."""
        self._failure = self._failure or context.get("exception") or RuntimeError(context["message"])
        self._finish()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        quick = any(program.awaits_quiet for program in self.programs)
        loop.call_later(SHORT_TICK if quick else TICK, self._tick, loop)
        now = Stamp(self._clock(), time.time_ns())
        gap = self._attention.tick(now, time.monotonic_ns())
        if gap is not None:
            self._on_gap(gap)
        if gap is None and self._attention.is_complete(now.boot_ns):
            self._judge(now.boot_ns)
        else:
            self._excuse(now.boot_ns)

    def _judge(self, now: int) -> None:
        """Whatever the passing of time brings, now that all that came has been read."""
        self.gate.tick(now)
        if self._closing or self._finishing:
            return
        for program in self.programs:
            program.tick(now)
        if self.vigil is not None:
            self.vigil.look(self.programs, now)

    def _excuse(self, now: int) -> None:
        """What waits is read first: until then no clock says anything about a program."""
        self.gate.excuse(now)
        for program in self.programs:
            program.excuse(now)
        if missing := self._attention.missing(now):
            self._tell(missing)

    def _on_gap(self, gap: Gap) -> None:
        self._observers.missed(gap)
        self._tell(gap.text)

    def _tell(self, problem: str) -> None:
        self.problems = (*self.problems, problem)
        self.door.ring()

    # From other threads.

    def finish(self) -> None:
        """Detach every program and read on: each prints the last part of its interval before it ends. Nothing is
        started any more. From any thread; `still_detaching` says how long to wait, and `close` ends it."""
        self._finishing = True
        self.door.ask(self._finish_programs)

    @property
    def still_detaching(self) -> float:
        """Seconds that bpftrace processes may still take to detach; 0 when all have ended. From any thread."""
        living = [generation for _, generation in tuple(self._generations.values()) if not generation.silenced]
        return max((grace(generation.probes) for generation in living), default=0.0)

    def give_up(self) -> None:
        """Wait for no bpftrace any more: what those that still live counted last is missing. After `finish`, from any
        thread; it is done before `close`."""
        if self.error is None:
            self.door.ask(self._give_up)
        else:
            self._give_up()  # the engine's thread moves nothing any more

    def close(self) -> None:
        """Stop everything: each bpftrace gets its SIGINT and is gone within 2 s. From any thread; may be repeated."""
        self._closing = True
        self._tracers.close()
        self.door.ask(self._finish)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=1.0)

    def kill(self) -> None:
        """Only the children, at once and without the loop: for the last resort."""
        self._closing = True
        self._tracers.close()

    def toggle(self, program: Program) -> None:
        """Stop a program that runs, start one that does not."""
        self.door.ask(self._toggle, program)

    def set_interval(self, interval_ms: int) -> None:
        """All programs go on with another interval."""
        self.door.ask(self._set_interval, interval_ms)

    def pin(self, pin: Pin | None, programs: Sequence[Program]) -> None:
        """Restrict programs to processes in the kernel, or lift the restriction."""
        self.door.ask(self._pin, pin, tuple(programs))

    def open(self, question: Question, settings: Settings) -> None:
        """Add a program while running."""
        self.door.ask(self._open, question, settings)

    def remove(self, program: Program) -> None:
        """Detach a program and forget it."""
        self.door.ask(self._remove, program)

    def reload(self, program: Program, sources: Sequence[Source]) -> None:
        """A program's script has changed: the new text takes over at its first flush, if it ever runs."""
        self.door.ask(self._reload, program, tuple(sources))

    def look_around(self) -> None:
        """Have the BPF programs of the whole host looked at; `surveyor.latest` is what is known."""
        self.door.ask(self._look_around)

    def bill_at(self, boot_ns: int | None = None) -> Bill | None:
        """What all programs and bttop itself cost now; None while nobody knows, and of an earlier moment."""
        return self.meter.bill if boot_ns is None else None

    def seconds_run(self) -> float:
        """How long the engine has run, without the time in which it was stopped. From any thread."""
        return self._attention.seconds(self._clock())

    def touch(self) -> None:
        """Somebody is there: a key, or the mouse."""
        if self.vigil is not None:
            self.vigil.touch()

    def approve(self, program: Program) -> None:
        """Run what was held back for its cost or its powers: the user says so."""
        self.door.ask(self._approve, program)

    def at_full_speed(self) -> None:
        """The dashboard is on screen: programs need not be polite any more."""
        self.door.ask(self._starts.hurry)

    def _toggle(self, program: Program) -> None:
        if program.status.running or program.status.retry_at_ns is not None:
            program.stop(self._clock())
        else:
            program.start(self._clock())

    def refuse_reload(self, program: Program, why: str) -> None:
        """A program's file has changed to something that cannot even be read: say so, and let the old text run."""
        self.door.ask(self._refuse_reload, program, why)

    def _approve(self, program: Program) -> None:
        if self.gate.approve(program):
            program.go_on(self._clock())

    def _set_interval(self, interval_ms: int) -> None:
        for program in self.programs:
            program.change(replace(program.settings, interval_ms=interval_ms), self._clock())

    def _pin(self, pin: Pin | None, programs: Sequence[Program]) -> None:
        for program in programs:
            if program.settings.pin != pin:
                program.change(replace(program.settings, pin=pin), self._clock())

    def _refuse_reload(self, program: Program, why: str) -> None:
        program.refuse_reload(why)

    def _open(self, question: Question, settings: Settings) -> None:
        self.add(question.name, question.sources, settings, question.failure)
        self.door.ring()

    def _remove(self, program: Program) -> None:
        program.stop(self._clock())
        self.programs = tuple(one for one in self.programs if one is not program)
        self._budget.close(program.history)
        self.gate.close(program)
        self.door.ring()

    def _reload(self, program: Program, sources: tuple[Source, ...]) -> None:
        # An editor's end and the watch may tell of the same save before either has been obeyed.
        if [(one.text, one.path) for one in sources] == [(one.text, one.path) for one in program.sources]:
            return
        self.gate.edited(program)
        program.reload(sources, self._clock())

    def _look_around(self) -> None:
        if self._tracers.alive and self.surveyor.may_ask(self._clock()):
            self._tracers.channel.survey()

    def _finish_programs(self) -> None:
        for program in self.programs:
            program.finish()

    def _give_up(self) -> None:
        for program, generation in self._generations.values():
            program.on_cut(generation, "bttop did not wait until it was detached")

    def _finish(self) -> None:
        if self._ended is not None:
            self._ended.set()

    # What programs ask for (Control).

    def attempts(self, sources: tuple[Source, ...], settings: Settings) -> Attempts:
        """What can be tried on this host."""
        return Attempts(sources, settings, self.host, self.bpftrace.release)

    def look(self, program: Program, attempt: Attempt) -> Verdict | None:
        """Whether an attempt may start."""
        return self.gate.look(program, attempt)

    def forget_look(self, program: Program) -> None:
        """The program waits for no answer any more."""
        self.gate.forget(program)

    def launch(self, program: Program, attempt: Attempt, number: int) -> Generation:
        """Start a bpftrace for the attempt."""
        generation = self._start(program, attempt, number)
        self._generations[generation.id] = (program, generation)
        self._observers.begun(program, generation)
        return generation

    def run_twin(self, program: Program, attempt: Attempt) -> Generation:
        """Start a bpftrace of which only the gate hears."""
        return self._start(program, attempt, 0)

    def tell_costs(self) -> None:
        """Have the tracer tell all costs now."""
        self._tracers.tell_costs()

    def taken_by_others(self, program: Program) -> float:
        """CPU seconds a second that the probes of all other programs take, as far as that is known."""
        costs = [one.cost for one in self.programs if one is not program]
        return sum(cost.run or 0.0 for cost in costs if cost is not None)

    def _start(self, program: Program, attempt: Attempt, number: int) -> Generation:
        unsafe = self.gate.is_unsafe(program, attempt)
        self._pricing.want(attempt.prepared.attach_points)
        return self._starts.begin(program, attempt, number, now=self._clock(), unsafe=unsafe)

    def list_points(self, points: tuple[AttachPoint, ...], told: Told) -> None:
        """Have bpftrace list attach points."""
        self._point_list.ask(points, told)

    def stop(self, generation: Generation, grace: float) -> None:
        """Detach a bpftrace; its own lines tell from when on."""
        if generation.id in self._generations and not generation.silenced:
            line = StampedLine(generation.id, "detaching", Stamp(self._clock(), time.time_ns()), b"")
            self._observers.came(generation, line)
            generation.take(line)
        loses = dialect(self.bpftrace.release).loses_interrupts
        self._tracers.channel.stop(generation.id, grace, INTERRUPT_AGAIN if loses else grace)
        if generation.silenced:
            self._observers.ended(generation)

    def watch(self, generation: Generation) -> None:
        """Have the descriptors of a bpftrace counted from now on."""
        self._tracers.channel.watch(generation.id)

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:
        """A flush joined the history."""
        self._observers.flushed(program, generation, flush)

    def cut(self, program: Program, why: str) -> None:
        """A bpftrace ended before it printed what it had counted last."""
        self._observers.cut(program, why)

    def changed(self, program: Program) -> None:
        """A page changed: wake the listener."""
        self._observers.changed(program)
        self.door.ring()

    # What the tracer says.

    def _on_frames(self, frames: Sequence[Frame]) -> None:
        if isinstance(frames[-1], StampedLine):
            self._attention.read(frames[-1].stamp, self._clock())
        for frame in frames:
            known = self._generations.get(frame.generation)
            if known is not None:
                self._on_frame(frame, *known)
            elif frame.generation == 0:
                self._on_tracer_frame(frame)
            else:
                self.gate.on_frame(frame)
                self.errands.on_frame(frame)

    def _on_tracer_frame(self, frame: Frame) -> None:
        match frame:
            case Metering():
                self.meter.switched(frame)
            case Totals():
                if (gap := self._attention.hear(frame.stamp, self._clock())) is not None:
                    self._on_gap(gap)
                self._on_round(frame)
            case Hello(pid=pid):
                self._attention.meet(pid)
            case Survey():
                own = {one.pid: program.name for program, one in self._generations.values() if one.pid is not None}
                self.surveyor.take(frame, own)
            case _:
                pass

    def _on_round(self, tracer: Totals) -> None:
        """All costs of a round are in: the fuse judges them, and the ledger is kept."""
        loads, seconds = self.meter.close_round(tracer, self.programs)
        for program, cost in self.meter.take_ledger().items():
            self._observers.spent(program, cost)
        if self._fuse is None or self._closing or self._finishing:
            return
        verdict = self._fuse.judge(loads, seconds)
        for program in self.programs:
            program.alarm = verdict.warnings.get(program, "")
        for program, reason in verdict.blown.items():
            program.hold(tracer.stamp.boot_ns, f"the fuse blew: {reason}", unread=program in verdict.floods)

    def _on_frame(self, frame: Frame, program: Program, generation: Generation) -> None:
        match frame:
            case StampedLine():
                if not generation.silenced:
                    self._observers.came(generation, frame)
                    program.on_line(generation, frame)
            case Descriptors(stamp=stamp, counts=counts):
                program.on_descriptors(generation, dict(counts), stamp.boot_ns)
            case Dropped(lines=lines):
                program.on_dropped(generation, lines)
            case Started(pid=pid):
                generation.executed = True
                generation.pid = pid
            case Totals():
                points = generation.attempt.prepared.attach_points
                self.meter.take(frame, program, [point.provider for point in points])
            case Failed(stamp=stamp, reason=reason) | Refused(stamp=stamp, reason=reason):
                self._on_failed(program, generation, reason, stamp.boot_ns)
            case Exited(stamp=stamp, code=code):
                del self._generations[frame.generation]
                self.meter.ended(frame.generation, program)
                if not self._closing:
                    program.on_exit(generation, code, stamp.boot_ns)
                self._observers.ended(generation)
            case _:
                pass

    def _on_failed(self, program: Program, generation: Generation, reason: str, now: int) -> None:
        """It could not be started; what is refused later (a watch) harms nothing."""
        if not generation.executed:
            del self._generations[generation.id]
            program.on_failed(generation, reason, now)

    def _on_tracer_end(self, reason: str) -> None:
        """The tracer is gone, and every bpftrace with it."""
        known = tuple(self._generations.values())
        self._generations.clear()
        for program, generation in known:
            program.on_cut(generation, f"the tracer was lost: {reason}")
            self._observers.ended(generation)
        self._attention.lose()
        self.gate.lost()
        self.errands.lose(reason)
        self.meter.lost(self.programs)
        self.surveyor.lost()
        now = self._clock()
        for program in self.programs:
            program.on_tracer_lost(now, reason)

    def _on_new_tracer(self) -> None:
        for generation in self._starts.catch_up():
            if (known := self._generations.pop(generation.id, None)) is not None:
                known[0].on_exit(generation, 0, self._clock())
