"""The engines of several hosts as one run without a screen. They share one event loop, in which none waits for
another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from bttop.engine.cost.cost import Bill, together
from bttop.engine.engine import Engine
from bttop.engine.engine_thread import LoopThread
from bttop.engine.hosts.gathering import GatheringSelector
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.remote.arrivals import Arrivals
from bttop.engine.remote.link import Link
from bttop.engine.tracer.stop_detector import STOPPED, SUSPENDED
from bttop.errors import Unreachable

S = TypeVar("S")


class Engines:
    """What a run uses of an engine, for all of them."""

    def __init__(self, engines: Sequence[Engine] = ()) -> None:
        self.engines = tuple(engines)
        self.on_new: list[Callable[[Engine], None]] = []
        """Each is called with the engine of each host that comes later, before it is started, on any thread."""
        self._arrivals: Arrivals[Any] | None = None
        self._deliver: Callable[[], None] = lambda: None
        self._observers: tuple[Observer, ...] = ()
        self._lock = threading.RLock()
        self._selector: GatheringSelector | None = None
        self._thread: LoopThread | None = None
        """The thread of all engines, once they are started."""
        self._is_hurried = False
        self._is_ending = False

    def await_others(self, arrivals: Arrivals[S], join: Callable[[str, S], None]) -> None:
        """Let the hosts that come later join: from `start` on, `join` gets each of them, on any thread; it makes an
        engine with programs and calls `add`."""
        self._arrivals = arrivals
        self._deliver = lambda: arrivals.deliver(join)

    def add(self, engine: Engine) -> None:
        """Add the engine of a host; beside engines that run it is started, too. From any thread. Raises Unreachable
        when the run ends."""
        with self._lock:
            if self._is_ending:
                raise Unreachable("bttop ends", title=engine.host.name)
            self.engines = (*self.engines, engine)
            for observer in self._observers:
                engine.observe(observer)
            if self._thread is not None:
                for call in self.on_new:
                    call(engine)
                self._start(engine, self._thread)

    @property
    def missing(self) -> dict[str, str]:
        """The hosts that have never been reached, and why."""
        return {} if self._arrivals is None else self._arrivals.missing

    @property
    def programs(self) -> Sequence[Program]:
        """The programs of all hosts, host by host."""
        return [program for engine in self.engines for program in engine.programs]

    @property
    def problems(self) -> Sequence[str]:
        """The problems of each engine, with the name of its host; those of this machine once, as the first has them."""
        return [
            problem if is_here else f"{engine.host.name}: {problem}"
            for engine in self.engines
            for problem in engine.problems
            if not (is_here := problem.startswith((STOPPED, SUSPENDED))) or engine is self.engines[0]
        ]

    @property
    def links(self) -> Sequence[Link]:
        """The connections to all hosts, also to those that are missing."""
        if self._arrivals is not None:
            return tuple(self._arrivals.links.values())
        return [link for engine in self.engines for link in engine.links]

    @property
    def error(self) -> BaseException | None:
        """The first error that ended the thread of an engine, or the attempts to reach further hosts."""
        attempts = None if self._arrivals is None else self._arrivals.error
        return next((engine.error for engine in self.engines if engine.error is not None), attempts)

    @property
    def still_detaching(self) -> float:
        """Maximum seconds that bpftrace processes still need to detach; 0 when all have ended."""
        return max((engine.still_detaching for engine in self.engines), default=0.0)

    def bill_at(self, boot_ns: int | None = None) -> Bill | None:
        """What all programs and the tracers cost on all hosts together; None while no cost is known."""
        bills = [bill for engine in self.engines if (bill := engine.bill_at(boot_ns)) is not None]
        if not bills:
            return None
        own = together(one.bttop for one in bills)
        return Bill(together(one.programs for one in bills), own, sum(one.cpus for one in bills))

    def seconds_run(self) -> float:
        """Seconds that the engines have run."""
        return max((engine.seconds_run() for engine in self.engines), default=0.0)

    def observe(self, observer: Observer) -> None:
        """Add an observer to each engine; it is called on the threads of all of them. Before `start`."""
        self._observers = (*self._observers, observer)
        for engine in self.engines:
            engine.observe(observer)

    def start(self) -> None:
        """Start the thread in which all of them run, and let further hosts join."""
        self._selector = GatheringSelector()
        self._thread = LoopThread(self._selector)
        for engine in self.engines:
            self._start(engine, self._thread)
        self._thread.start()
        self._deliver()

    def _start(self, engine: Engine, thread: LoopThread) -> None:
        assert self._selector is not None, "start comes first"
        for link in engine.links:
            link.hurry = self._selector.hurry
        engine.start(thread)
        if self._is_hurried:
            engine.at_full_speed()

    def at_full_speed(self) -> None:
        """Programs get the usual nice value."""
        with self._lock:
            self._is_hurried = True
            for engine in self.engines:
                engine.at_full_speed()

    def finish(self) -> None:
        """Detach every program and continue to read; no further host joins."""
        with self._lock:
            self._is_ending = True
        for engine in self.engines:
            engine.finish()

    def give_up(self) -> None:
        """Stop waiting for bpftrace processes."""
        for engine in self.engines:
            engine.give_up()

    def close(self) -> None:
        """Stop everything on all hosts at once: one that does not answer delays no other."""
        from concurrent.futures import ThreadPoolExecutor  # not before the end

        with self._lock:
            self._is_ending = True
        if self._arrivals is not None:
            self._arrivals.close()
        with ThreadPoolExecutor(max(1, len(self.engines))) as pool:
            list(pool.map(Engine.close, self.engines))
