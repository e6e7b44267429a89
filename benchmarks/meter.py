"""The meter: its CPU use, the time that the kernel's statistics add to a run, and its accuracy for slowed programs.

Peer: the same programs in the seconds between, without the meter. CPU is that of the engine and its tracer, without
bpftrace. The five questions run under a light load.

For slowed programs, in ns per call: the cost that the meter reports, and as its peer the time by which the call got
slower. Both are medians of the rounds. The call without probes is measured before and after the rounds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.real.slowed import FUNCTIONS, SLOWED, USDT, Caller, Slowed, calling, own_libc, usdt_library
from tests.real.test_meter import metered_ns
from tests.real.tracing import wait_until

from benchmarks.options import Options
from benchmarks.screen import WARM_UP, light_load
from benchmarks.soak import five_questions
from benchmarks.table import Row, compared, ratio
from benchmarks.terminal import usage
from bttop.engine.engine import Engine
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Host, find_bpftrace
from bttop.engine.request.questions import from_text
from bttop.tracer import BPF_ENABLE_STATS, bpf

SELDOM = 3600.0
SLICE = 5.0
"""Seconds with and without the meter in turn, so that other load on the machine affects both."""
_CALLS = """
import os, sys, time
best = 1e9
for _ in range(5):
    begun = time.process_time()
    for _ in range(200_000):
        os.getpgid(0)
    best = min(best, time.process_time() - begun)
print(best / 200_000 * 1e9)
"""
_PROBE = "tracepoint:syscalls:sys_enter_getpgid { @ = count(); }"
_ROUNDS = 3
_NOTICE = "__BPFTRACE_NOTIFY_PROBES_ATTACHED"
"""The line that bpftrace prints when all probes are attached, if a variable of this name is set."""


class _Used(NamedTuple):
    """CPU time in ns of this process, which runs the engine, and of the tracer, and the time of the sample."""

    engine: int
    tracer: int
    at: float

    def percent_since(self, before: _Used) -> float:
        """Return the CPU use since `before` in percent of one core."""
        return (self.engine - before.engine + self.tracer - before.tracer) / (self.at - before.at) / 1e7


def run(options: Options) -> Sequence[Row]:
    """Measure the cost of the meter and of the statistics, and compare the metered with the real cost of probes."""
    with light_load():
        metering = _metering(max(2, round(options.seconds / SLICE)))
    return [metering, _statistics(), *_slowed(options.rounds)]


def _metering(slices: int) -> Row:
    engine = five_questions()
    engine.start()
    try:
        time.sleep(WARM_UP + 2)
        figures: dict[float, list[float]] = {1.0: [], SELDOM: []}
        for _ in range(slices):
            for every, found in figures.items():
                engine.bridge.call(lambda every=every: engine._tracers.channel.meter(every, stats=True))  # noqa: SLF001  to be measured
                time.sleep(0.2)  # each order begins with a reading, which counts for neither
                before = _used(engine)
                time.sleep(SLICE)
                found.append(_used(engine).percent_since(before))
    finally:
        engine.close()
    own, bare = (statistics.median(found) for found in figures.values())
    return compared(f"engine and tracer, % of a core: meter {own - bare:.2f} %", own, bare, "{:.2f}")


def _used(engine: Engine) -> _Used:
    return _Used(time.process_time_ns(), usage(engine.tracer_pid).cpu_ns, time.monotonic())


def _statistics() -> Row:
    """Measure one probed system call with the statistics on and off; the best of several rounds each."""
    probe = subprocess.Popen(
        [os.environ.get("BTTOP_BPFTRACE", "bpftrace"), "-e", _PROBE],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, _NOTICE: "1"},
    )
    try:
        assert probe.stdout is not None
        any(line.strip() == _NOTICE.encode() for line in probe.stdout)
        time.sleep(1)
        figures: dict[bool, float] = {}
        for _ in range(_ROUNDS):
            for counting in (False, True):
                figures[counting] = min(figures.get(counting, 1e9), _call_ns(counting=counting))
    finally:
        probe.terminate()
        probe.wait()
    on, off = figures[True], figures[False]
    what = f"a probed system call, ns, with statistics (peer: without): {on - off:.0f} ns per run"
    return Row(what, f"{on:.0f}", f"{off:.0f}", ratio(on, off))


def _call_ns(*, counting: bool) -> float:
    held = bpf(BPF_ENABLE_STATS, bytearray(4)) if counting else None
    try:
        out = subprocess.run([sys.executable, "-I", "-S", "-c", _CALLS], capture_output=True, check=True)
        return float(out.stdout)
    finally:
        if held is not None:
            os.close(held)


def _slowed(rounds: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        library, with_usdt = own_libc(Path(folder)), usdt_library(Path(folder))
        for what, asked in SLOWED.items():
            for function in FUNCTIONS:
                yield _beside(f"{what} of {function}", asked, library, function, rounds)
        if with_usdt:
            yield _beside("USDT probe", USDT, with_usdt, "hit", rounds)


def _beside(what: str, asked: Slowed, library: str, function: str, rounds: int) -> Row:
    scripts = [text.replace("LIBRARY", library).replace("FUNCTION", function) for text in asked.scripts]
    with calling(library, function) as caller:
        before = caller.least_ns()
        found = _rounds(scripts, asked.probes, caller, rounds)
        bare = (before + caller.least_ns()) / 2
    metered, slowed = (statistics.median(figures) for figures in zip(*found, strict=True))
    ratios = sorted(one / (other - bare) for one, other in found)
    return compared(f"{what}, ns per call: ratios {ratios[0]:.2f} to {ratios[-1]:.2f}", metered, slowed - bare)


def _rounds(scripts: Sequence[str], probes: int, caller: Caller, rounds: int) -> list[tuple[float, float]]:
    """Return for each round the metered cost of the probes per call and the whole time of a call, in ns."""
    engine = Engine(Host.read(), find_bpftrace(os.environ.get("BTTOP_BPFTRACE")))
    for number, text in enumerate(scripts):
        question = from_text(str(number), text)
        engine.add(question.name, question.sources, Settings(), question.failure)
    engine.start()
    try:
        wait_until(lambda: all(one.cost and one.cost.events for one in engine.programs), 60, "costs")
        wait_until(lambda: not engine.runner.prices.unmeasured("uprobe"), 60, "prices")
        return [_one_round(engine, probes, caller) for _ in range(rounds)]
    finally:
        engine.close()


def _one_round(engine: Engine, probes: int, caller: Caller) -> tuple[float, float]:
    time.sleep(2.5)  # two readings under full load only
    slowed = caller.least_ns()
    return metered_ns(engine.programs, probes), slowed
