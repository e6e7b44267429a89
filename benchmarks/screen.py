"""The running dashboard: CPU, bytes to the terminal and memory at 1 Hz, five panes, a light load.

Peer: an idle Textual application with one line of text, measured at the same time in a terminal of the same size.
CPU is the run time of all threads of the dashboard's process. The tracer has its own row; bpftrace is not counted.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.options import Options
from benchmarks.startup import ALL_FLUSHED
from benchmarks.table import Row, compared
from benchmarks.terminal import BTTOP, Terminal, children, resident_mib, usage

IDLE = [sys.executable, "-m", "benchmarks.idle_app"]
SIZES = ((160, 48), (80, 24))
WARM_UP = 4.0
"""Seconds to wait for one-time work: imports on first use, the first full frames."""

# A hundred rounds per second of open, read, write and sleep: every pane except retransmits has changing rows.
_LIGHT_LOAD = """
import os, time
out = os.open("/dev/null", os.O_WRONLY)
while os.getppid() != 1:
    source = os.open("/proc/self/stat", os.O_RDONLY)
    os.write(out, os.read(source, 4096))
    os.close(source)
    time.sleep(0.01)
"""


class Cost(NamedTuple):
    """The resources that one process used during a measurement. CPU is in percent of one core."""

    percent: float
    screen_percent: float
    """The part of the screen's thread; the rest is the engine's."""
    kib_per_second: float
    mib: float


def run(options: Options) -> Sequence[Row]:
    """Measure once for each size of the screen."""
    with light_load():
        return [row for columns, rows in SIZES for row in _at(columns, rows, options.seconds)]


@contextlib.contextmanager
def light_load() -> Iterator[None]:
    """Run a load for the probes that takes less than one percent of a core."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", _LIGHT_LOAD]) as process:
        try:
            yield
        finally:
            process.kill()


def _at(columns: int, rows: int, seconds: float) -> list[Row]:
    with (
        Terminal(IDLE, columns, rows, [b"idle and waiting"]) as idle,
        Terminal(BTTOP, columns, rows, [ALL_FLUSHED]) as bttop,
    ):
        idle.wait_for(b"idle and waiting")
        bttop.wait_for(ALL_FLUSHED)
        time.sleep(WARM_UP)
        tracer = _tracer_of(bttop)
        before = usage(tracer)
        own, peer = _watched([bttop, idle], seconds)
        tracer_percent = usage(tracer).percent_since(before)
        size = f"{columns}x{rows}"
        return [
            compared(f"{size} CPU, % of a core (peer: idle Textual)", own.percent, peer.percent, "{:.2f}"),
            compared(f"{size} screen's thread, % of a core", own.screen_percent, peer.screen_percent, "{:.2f}"),
            compared(f"{size} to the terminal, KiB/s", own.kib_per_second, peer.kib_per_second, "{:.1f}"),
            compared(f"{size} resident memory, MiB", own.mib, peer.mib, "{:.0f}"),
            Row(f"{size} tracer: CPU, resident memory", f"{tracer_percent:.2f} %, {resident_mib(tracer):.0f} MiB"),
        ]


def _tracer_of(terminal: Terminal) -> int:
    """Return bttop's child that has children itself."""
    return next(pid for pid in children(_program(terminal)) if children(pid))


def _program(terminal: Terminal) -> int:
    """Return the id of the program. It is that of setsid, which execs the program without a fork: it forks only if it
    leads a process group, which it does not here."""
    return terminal.process.pid


def _watched(terminals: Sequence[Terminal], seconds: float) -> list[Cost]:
    before = [(usage(_program(one)), one.bytes) for one in terminals]
    time.sleep(seconds)
    found = []
    for one, (used, sent) in zip(terminals, before, strict=True):
        now = usage(_program(one))
        rate = (one.bytes - sent) / (now.at - used.at) / 1024
        percents = now.percent_since(used), now.main_percent_since(used)
        found.append(Cost(*percents, rate, resident_mib(_program(one))))
    return found
