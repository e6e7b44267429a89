"""The engines of several hosts as one run without a screen. They share one event loop, in which none waits for
another."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.engine.cost.cost import Bill, together
from bttop.engine.engine import Engine
from bttop.engine.engine_thread import LoopThread
from bttop.engine.hosts.gathering import GatheringSelector
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.remote.link import Link
from bttop.engine.tracer.stop_detector import STOPPED, SUSPENDED


class Engines:
    """What a run uses of an engine, for all of them."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self.engines = tuple(engines)

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
        """The connections to all hosts."""
        return [link for engine in self.engines for link in engine.links]

    @property
    def error(self) -> BaseException | None:
        """The first error that ended the thread of an engine."""
        return next((engine.error for engine in self.engines if engine.error is not None), None)

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
        """Add an observer to each engine; it is called on the threads of all of them."""
        for engine in self.engines:
            engine.observe(observer)

    def start(self) -> None:
        """Start the thread in which all of them run."""
        selector = GatheringSelector()
        for link in self.links:
            link.hurry = selector.hurry
        thread = LoopThread(selector)
        for engine in self.engines:
            engine.start(thread)
        thread.start()

    def at_full_speed(self) -> None:
        """Programs get the usual nice value."""
        for engine in self.engines:
            engine.at_full_speed()

    def finish(self) -> None:
        """Detach every program and continue to read."""
        for engine in self.engines:
            engine.finish()

    def give_up(self) -> None:
        """Stop waiting for bpftrace processes."""
        for engine in self.engines:
            engine.give_up()

    def close(self) -> None:
        """Stop everything on all hosts at once: one that does not answer delays no other."""
        from concurrent.futures import ThreadPoolExecutor  # not before the end

        with ThreadPoolExecutor(max(1, len(self.engines))) as pool:
            list(pool.map(Engine.close, self.engines))
