"""The running dashboard: CPU, bytes to the terminal and memory at 1 Hz, five panes, beside 40 new processes a second.

Peers: btop and htop at one refresh a second, measured at the same time in terminals of the same size, each in five
windows. CPU is the run time of all threads of the dashboard and the tracer; bpftrace is not counted.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.options import Options
from benchmarks.peers import Peer, installed
from benchmarks.startup import ALL_FLUSHED
from benchmarks.table import Row, alone, in_turn
from benchmarks.terminal import BTTOP, Terminal, children, pss_mib, usage

SIZES: Final = ((160, 48), (80, 24))
WINDOWS: Final = 5
WARM_UP: Final = 4.0
"""Seconds to wait for one-time work: imports on first use, the first full frames."""

# Each round also opens, reads and writes: every pane except retransmits has changing rows.
_LOAD: Final = """
import os, subprocess, time
out = os.open("/dev/null", os.O_WRONLY)
while os.getppid() != 1:
    source = os.open("/proc/self/stat", os.O_RDONLY)
    os.write(out, os.read(source, 4096))
    os.close(source)
    %s
    time.sleep(%s)
"""
_LIGHT: Final = _LOAD % ("pass", 0.01)
_PROCESSES: Final = _LOAD % ('subprocess.run(["/bin/true"])', 0.025)
"""40 new processes a second, less what starting them takes."""


class Cost(NamedTuple):
    """The resources that one program used in one window."""

    percent: float
    """CPU of all its processes in percent of one core."""
    screen_percent: float
    """The part of the first thread, which draws."""
    tracer_percent: float
    kib_per_second: float
    mib: float
    """Proportional set size of all its processes."""


def run(options: Options) -> Sequence[Row]:
    """Measure once for each size of the screen."""
    with tempfile.TemporaryDirectory() as folder, load(_PROCESSES):
        peers = installed(Path(folder))
        return [row for columns, rows in SIZES for row in _at(columns, rows, options.seconds, peers)]


@contextlib.contextmanager
def load(code: str) -> Iterator[None]:
    """Run a load for the probes."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", code]) as process:
        try:
            yield
        finally:
            process.kill()


def light_load() -> contextlib.AbstractContextManager[None]:
    """A hundred rounds a second without new processes: less than one percent of a core."""
    return load(_LIGHT)


def _at(columns: int, rows: int, seconds: float, peers: Sequence[Peer]) -> list[Row]:
    with contextlib.ExitStack() as stack:
        bttop = stack.enter_context(Terminal(BTTOP, columns, rows, [ALL_FLUSHED]))
        others = [
            stack.enter_context(Terminal(one.command, columns, rows, [one.drawn], one.environment)) for one in peers
        ]
        bttop.wait_for(ALL_FLUSHED)
        time.sleep(WARM_UP)
        windows = [_window([bttop, *others], seconds / WINDOWS) for _ in range(WINDOWS)]
    own, *theirs = zip(*windows, strict=True)
    size = f"{columns}x{rows}"
    return [
        *(row for peer, costs in zip(peers, theirs, strict=True) for row in _beside(size, peer.name, own, costs)),
        alone(f"{size} CPU of the screen's thread, % of a core", [one.screen_percent for one in own], "{:.2f}"),
        alone(f"{size} CPU of the tracer, % of a core", [one.tracer_percent for one in own], "{:.2f}"),
    ]


def _beside(size: str, name: str, own: Sequence[Cost], theirs: Sequence[Cost]) -> list[Row]:
    def row(what: str, field: str, form: str) -> Row:
        figures, peers = ([getattr(one, field) for one in costs] for costs in (own, theirs))
        return in_turn(f"{size} {what} (peer: {name})", figures, peers, form)

    return [
        row("CPU, % of a core", "percent", "{:.2f}"),
        row("to the terminal, KiB/s", "kib_per_second", "{:.1f}"),
        row("memory, PSS in MiB", "mib", "{:.0f}"),
    ]


def processes(terminal: Terminal) -> list[int]:
    """Return the program, whose id is that of setsid, and those of its children that have children: bttop's tracer. A
    setsid that leads no process group executes the program without a fork."""
    program = terminal.process.pid
    return [program, *(child for child in children(program) if children(child))]


def _window(terminals: Sequence[Terminal], seconds: float) -> list[Cost]:
    watched = [processes(one) for one in terminals]
    before = [([usage(pid) for pid in pids], one.bytes) for pids, one in zip(watched, terminals, strict=True)]
    time.sleep(seconds)
    found = []
    for one, pids, (used, sent) in zip(terminals, watched, before, strict=True):
        now = [usage(pid) for pid in pids]
        percents = [after.percent_since(early) for early, after in zip(used, now, strict=True)]
        rate = (one.bytes - sent) / (now[0].at - used[0].at) / 1024
        screen = now[0].main_percent_since(used[0])
        found.append(Cost(sum(percents), screen, sum(percents[1:]), rate, sum(map(pss_mib, pids))))
    return found
