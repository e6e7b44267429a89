"""Latency: from a printed flush to its row on the terminal, and the longest stall of the loop that draws.

Five panes with a stand-in for bpftrace: one shows another word in every flush, four have 400 keys. A stall is the
duration of one callback of the loop. Its peer is the worst delay of a 10 ms timer in another process at the same time:
on a busy machine both get longer.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.fake_bpftrace import counting_probe, dashboard, marking_probe, words
from benchmarks.options import Options
from benchmarks.screen import WARM_UP, WINDOWS
from benchmarks.startup import ALL_FLUSHED
from benchmarks.table import Row, alone, in_turn
from benchmarks.terminal import Terminal

TICK: Final = 0.01
KEYS: Final = 400
# Callbacks of the main thread that take longer than 2 ms, each with the moment at which it ends.
_WATCHED: Final = """
import os, sys, threading, time
from asyncio.events import Handle
run, main, out = Handle._run, threading.get_ident(), os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def timed(handle):
    began = time.monotonic()
    run(handle)
    now = time.monotonic()
    if now - began > 0.002 and threading.get_ident() == main:
        os.write(out, b"%f %f\\n" % (now, now - began))
Handle._run = timed
from bttop.cli import main as bttop
sys.exit(bttop())
"""


def run(options: Options) -> Sequence[Row]:
    """Measure milliseconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times, log = marking_probe(folder, "words"), folder / "stalls"
        for number in range(4):
            counting_probe(folder, f"keys{number}", KEYS)
        probes = ["words", *(f"keys{number}" for number in range(4))]
        command = [sys.executable, "-c", _WATCHED, str(log), *dashboard(folder, probes)]
        shown = words(1000)[: int(options.seconds + WARM_UP + 30)]
        marks = [word.encode() for word in shown]
        started = time.time()
        with Terminal(command, 160, 48, [ALL_FLUSHED, *marks], {"XDG_STATE_HOME": name}) as terminal:
            terminal.wait_for(ALL_FLUSHED)
            time.sleep(WARM_UP)
            begin = time.time() - started
            windows = [_window(log, options.seconds / WINDOWS) for _ in range(WINDOWS)]
            arrived = {word: at for word in shown if (at := terminal.arrived.get(word.encode(), 0.0)) > begin}
        delays = [1000 * (started + at - (times / word).stat().st_mtime) for word, at in arrived.items()]
    stalls, lags = zip(*windows, strict=True)
    return [
        alone("from a printed flush to its row, ms", delays, "{:.1f}"),
        in_turn("longest stall of the screen's loop, ms (peer: a timer elsewhere)", stalls, lags, "{:.1f}"),
    ]


def _window(log: Path, seconds: float) -> tuple[float, float]:
    """The longest callback and the worst delay of a timer, in ms."""
    begin, worst = time.monotonic(), 0.0
    while (before := time.monotonic()) < begin + seconds:
        time.sleep(TICK)
        worst = max(worst, time.monotonic() - before - TICK)
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return 1000 * max((float(lasted) for at, lasted in lines if float(at) > begin), default=0.0), 1000 * worst
