"""Growth: what more panes, more keys and a longer history cost. The peer of each row is the smallest of its kind.

Panes and keys: CPU of dashboard and tracer at 160x48 with a stand-in for bpftrace whose values all change every second.
History: flushes of 40 keys, fed to the model without a screen.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.decode import Feeder, counts
from benchmarks.fake_bpftrace import counting_probe, dashboard
from benchmarks.options import Options
from benchmarks.screen import WARM_UP, WINDOWS, processes
from benchmarks.table import Row, alone, in_turn
from benchmarks.terminal import BTTOP, Terminal, usage
from bttop.model.history.history import History

PANES: Final = ((1, 50), (5, 50), (10, 50), (20, 50))
KEYS: Final = ((5, 50), (5, 1_000), (5, 4_096), (5, 20_000))
"""Panes and keys of each; the last has 100,000 keys in all."""
LENGTHS: Final = {"1 minute": 60, "1 hour": 3_600, "24 hours": 86_400}
LOOKS: Final = 100
"""Of which the median counts."""


def run(options: Options) -> Sequence[Row]:
    """Measure CPU in percent of one core, and microseconds of the model."""
    return [*_grown("panes", PANES, options.seconds), *_grown("keys", KEYS, options.seconds), *_histories()]


def _grown(kind: str, sizes: Sequence[tuple[int, int]], seconds: float) -> list[Row]:
    least, *more = [_percents(panes, keys, seconds / 2) for panes, keys in sizes]
    panes, keys = sizes[0]
    rows = [alone(f"{kind}: {panes} x {keys} keys: CPU, % of a core", least, "{:.2f}")]
    for (panes, keys), found in zip(sizes[1:], more, strict=True):
        rows.append(in_turn(f"{kind}: {panes} x {keys:,} keys: CPU, % of a core", found, least, "{:.2f}"))
    return rows


def _percents(panes: int, keys: int, seconds: float) -> list[float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        probes = [f"keys{number}" for number in range(panes)]
        for probe in probes:
            counting_probe(folder, probe, keys)
        live = b"%d of %d live" % (panes, panes)
        command = [*BTTOP, *dashboard(folder, probes)]
        with Terminal(command, 160, 48, [live], {"XDG_STATE_HOME": name}) as terminal:
            terminal.wait_for(live)
            time.sleep(WARM_UP)
            return [_window(processes(terminal), seconds / WINDOWS) for _ in range(WINDOWS)]


def _window(pids: Sequence[int], seconds: float) -> float:
    before = [usage(pid) for pid in pids]
    time.sleep(seconds)
    return sum(usage(pid).percent_since(early) for pid, early in zip(pids, before, strict=True))


def _histories() -> list[Row]:
    rows = []
    least: list[tuple[float, ...]] = []
    for length, flushes in LENGTHS.items():
        history = _filled(flushes)
        size = f"{len(history):,}, {history.bytes / (1 << 20):.1f} MiB"
        looks = [(_newest_minute(history), _long_ago(history)) for _ in range(WINDOWS)]
        minute, long_ago = zip(*looks, strict=True)
        least = least or [minute, long_ago]
        rows += [
            Row(f"history of {length}: flushes kept, memory", size),
            in_turn(f"history of {length}: the newest minute, us", minute, least[0], "{:.1f}"),
            in_turn(f"history of {length}: one flush long ago, us", long_ago, least[1], "{:.1f}"),
        ]
    return rows


def _filled(flushes: int) -> History:
    feeder, lines = Feeder("count"), counts(40)
    for _ in range(flushes):
        feeder.feed(lines, keep=True)
    return feeder.history


def _newest_minute(history: History) -> float:
    return _microseconds(lambda _number: history.window(60))


def _long_ago(history: History) -> float:
    """Another flush each time: one that was just read is kept for the next reader."""
    return _microseconds(lambda number: history.at(number * 7919 % (len(history) // 2)))


def _microseconds(work: Callable[[int], object]) -> float:
    """The median of some calls."""
    found = []
    for number in range(LOOKS):
        began = time.perf_counter()
        work(number)
        found.append(1e6 * (time.perf_counter() - began))
    return statistics.median(found)
