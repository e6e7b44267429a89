"""A long run of the five questions under load: flushes that arrived, losses, restarts.

The load is a dd, a busy loop and a TCP transfer that loses packets, renewed every 45 s. Peer: the flushes that were
due, one per second and program; for memory, the start of the run.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from tests.real import load

from benchmarks import hurried
from benchmarks.options import Options
from benchmarks.table import Row, compared
from benchmarks.terminal import resident_mib
from bttop.engine.engine import Engine
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Host, find_bpftrace
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.request.questions import Asked, questions
from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.paths import shipped
from bttop.script.library.probe_files import Library

RENEW = 45.0
"""Seconds after which a load is started again; each load ends automatically after 60."""
SETTLED = 10.0
"""Seconds after which memory at the start is read: imports are done and the first histories exist."""
LOOK = 0.5


class Watch(Observer):
    """Counts the engine's flushes. The engine's thread writes it; it is read after the end."""

    def __init__(self) -> None:
        self.flushes: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        self.lost_ticks: Counter[str] = Counter()
        self.caveats: dict[str, Counter[Caveat]] = {}
        self.longest: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def flushed(self, program: Program, generation: Generation | None, flush: Flush) -> None:
        now, name = time.monotonic(), program.name
        self.flushes[name] += 1
        self.rows[name] += sum(len(data.rows) for data in flush.maps.values())
        self.lost_ticks[name] += flush.lost_ticks
        self.caveats.setdefault(name, Counter()).update(flush.caveats)
        self.longest[name] = max(self.longest.get(name, 0.0), now - self._last.get(name, now))
        self._last[name] = now


def run(options: Options) -> Sequence[Row]:
    """Run for `minutes`; with `faster`, run the dashboard in a terminal under the same load instead."""
    if options.faster:
        with endless_load():
            return hurried.run(options.minutes)
    watch = Watch()
    engine = five_questions()
    engine.observe(watch)
    began = time.monotonic()
    engine.start()
    try:
        engine.at_full_speed()
        with endless_load():
            time.sleep(min(SETTLED, options.minutes * 30))
            before = resident_mib(os.getpid())
            states = _states(engine, began + options.minutes * 60)
            after = resident_mib(os.getpid())
        seconds = time.monotonic() - began
        rows = [row for program in engine.programs for row in _of(program, watch, seconds, states[program.name])]
        return [*rows, compared("resident memory at the end, MiB (peer: at the start)", after, before, "{:.1f}")]
    finally:
        engine.close()


def five_questions() -> Engine:
    """Return an engine with the shipped questions, not started."""
    host = Host.read()
    engine = Engine(host, find_bpftrace(None))
    for question in questions(Library.load([shipped("probes")]), Asked()):
        engine.add(question.name, question.sources, Settings(), failure=question.failure)
    return engine


def _states(engine: Engine, end: float) -> dict[str, list[str]]:
    """Return the states of each program with their reasons, sampled every `LOOK` seconds. Raises the engine's error."""
    seen: dict[str, list[str]] = {program.name: [] for program in engine.programs}
    while time.monotonic() < end:
        if engine.error is not None:
            raise engine.error
        for program in engine.programs:
            status = program.status
            text = f"{status.state.value}: {status.reason}" if status.reason else status.state.value
            if seen[program.name][-1:] != [text]:
                seen[program.name].append(text)
        time.sleep(LOOK)
    return seen


def _of(program: Program, watch: Watch, seconds: float, states: Sequence[str]) -> Iterator[Row]:
    name, status, tally = program.name, program.status, program.tally
    due = int(seconds)
    yield compared(f"{name}: flushes (peer: due)", watch.flushes[name], due)
    yield Row(f"{name}: rows", f"{watch.rows[name]:,}")
    yield Row(f"{name}: lost ticks, longest gap", f"{watch.lost_ticks[name]}, {watch.longest.get(name, 0.0):.1f} s")
    end = f"{status.state.value} every {status.interval_ns / 1e9:g} s"
    yield Row(f"{name}: unplanned starts, state at the end", f"{status.restarts}, {end}")
    caveats = watch.caveats.get(name, Counter())
    if caveats:
        said = ", ".join(f"{caveat.value} {count}" for caveat, count in caveats.most_common())
        yield Row(f"{name}: reported caveats", said)
    lost = f"{tally.lost_events}, {tally.lost_messages}, {tally.undecodable}"
    yield Row(f"{name}: lost events, messages, undecodable", lost)
    if len(states) > 1:
        yield Row(f"{name}: states", " > ".join(states))


@contextlib.contextmanager
def endless_load() -> Iterator[None]:
    """Run a dd, a busy loop and a lossy transfer until the block ends."""
    stop = threading.Event()
    threads = [threading.Thread(target=work, args=(stop,)) for work in (_copy, _transfer, _compute)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _again(stop: threading.Event, work: Callable[[], None]) -> None:
    """Repeat a load until `stop`. If it fails, try again later."""
    while not stop.is_set():
        with contextlib.suppress(OSError, AssertionError):
            work()
        stop.wait(0.2)


def _copy(stop: threading.Event) -> None:
    def work() -> None:
        with load.copy(300_000, 512) as dd:
            dd.run()

    _again(stop, work)


def _compute(stop: threading.Event) -> None:
    def work() -> None:
        with load.busy_loop():
            stop.wait(RENEW)

    _again(stop, work)


def _transfer(stop: threading.Event) -> None:
    def work() -> None:
        with load.lossy_network() as network:
            end = time.monotonic() + RENEW
            while not stop.is_set() and time.monotonic() < end:
                with network.transfer(4_000_000) as transfer:
                    transfer.run()

    _again(stop, work)
