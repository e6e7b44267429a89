"""Starts of bpftrace by bttop and by hand, without the screen: time and CPU until the first flush.

Peers: bare bpftrace processes that run the plain probe files. Both run in turn, so that other load affects both.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.ladder import again_if_one_ends, ladder_names, ladder_running, plain_ladder, read_interval
from benchmarks.options import Options
from benchmarks.table import Row, in_turn
from benchmarks.terminal import children, usage
from bttop.engine.engine import Engine
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Bpftrace, Host, find_bpftrace
from bttop.engine.request.questions import Asked, questions
from bttop.paths import shipped
from bttop.script.library.probe_files import Library

SLOWEST: Final = "retransmits"
INTERVAL: Final = 1.0


class _Cost(NamedTuple):
    """What bpftrace processes need until each has flushed once: seconds without the interval, and CPU seconds."""

    wall: float
    cpu: float


def run(options: Options) -> Sequence[Row]:
    """Measure milliseconds."""
    host, bpftrace = Host.read(), find_bpftrace(None)
    names = ladder_names()
    with tempfile.TemporaryDirectory() as folder:
        plain = dict(zip(names, plain_ladder(host, bpftrace, Path(folder)), strict=True))
        alone = [(_by_engine([SLOWEST], host, bpftrace), _by_hand([plain[SLOWEST]])) for _ in range(options.rounds)]
        five = [(_by_engine(names, host, bpftrace), _by_hand([*plain.values()])) for _ in range(options.rounds)]
    return [
        _row(f"{SLOWEST}: start to first flush without the interval, ms", [(own.wall, by.wall) for own, by in alone]),
        _row(f"{SLOWEST}: CPU of bpftrace until then, ms", [(own.cpu, by.cpu) for own, by in alone]),
        _row("all five: CPU of bpftrace until all have flushed, ms", [(own.cpu, by.cpu) for own, by in five]),
    ]


def _row(what: str, seconds: Sequence[tuple[float, float]]) -> Row:
    return in_turn(what, [own * 1000 for own, _ in seconds], [by * 1000 for _, by in seconds])


def _by_engine(names: Sequence[str], host: Host, bpftrace: Bpftrace) -> _Cost:
    requests = questions(Library.load([shipped("probes")]), Asked(names))
    began = time.monotonic()
    engine = Engine(host, bpftrace)
    try:
        engine.add_together([(one, Settings()) for one in requests])
        engine.start()
        while not all(program.history.appended for program in engine.programs):
            time.sleep(0.005)
        return _cost(began, children(engine.tracer_pid))
    finally:
        engine.close()


def _by_hand(commands: Sequence[Sequence[str]]) -> _Cost:
    return again_if_one_ends(partial(_one_start, commands))


def _one_start(commands: Sequence[Sequence[str]]) -> _Cost:
    began = time.monotonic()
    with ladder_running(commands) as started:
        for process in started:
            read_interval(process)
        return _cost(began, [process.pid for process in started])


def _cost(began: float, pids: Sequence[int]) -> _Cost:
    wall = time.monotonic() - began - INTERVAL
    return _Cost(wall, sum(usage(pid).cpu_ns for pid in pids) / 1e9)
