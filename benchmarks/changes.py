"""What changed: reading and comparing the last minute of five programs, and a table with a baseline."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace
from tests.ui.scenes import map_plan, scene

from benchmarks.decode import KEYS, Feeder, counts
from benchmarks.options import Options
from benchmarks.table import Row, alone, in_turn
from bttop.model.flush.contents import MapData
from bttop.model.history.history import History
from bttop.model.record.records import Stamp
from bttop.store.compare.changes import compare
from bttop.store.compare.period import Counted, Period, ProgramSource, finished, read_period
from bttop.ui.views import table

PROGRAMS: Final = 5
FLUSHES: Final = 70
MINUTE: Final = 60
SECOND: Final = 1_000_000_000
SMALL: Final = 40
TICK: Final = 0.005


def run(options: Options) -> Sequence[Row]:
    """Measure in seconds and ms; the peer of a reading only decodes the same flushes, some of them kept decoded."""
    return [*_of_size(SMALL, options.rounds), *_of_size(KEYS, options.rounds), _table(options.rounds)]


def _of_size(keys: int, rounds: int) -> list[Row]:
    what = f"{PROGRAMS} x {keys:,} keys"
    histories = [_history(keys) for _ in range(PROGRAMS)]
    before, after = _period(histories, 0, MINUTE), _period(histories, MINUTE, FLUSHES)

    def decode() -> object:
        return [one.window(MINUTE, MINUTE) for one in histories]

    def read() -> Period:
        return _period(histories, 0, MINUTE)

    reads, decodes = ([_seconds(work) for _ in range(rounds)] for work in (read, decode))
    compares = [_seconds(lambda: compare(before, after)) for _ in range(rounds)]
    lags = [_worst_lag(lambda: compare(read(), after)) for _ in range(rounds)]
    return [
        in_turn(f"{what}: reading a minute, s (peer: decoding it)", reads, decodes, "{:.2f}"),
        alone(f"{what}: comparing, s", compares, "{:.3f}"),
        alone(f"{what}: longest stall of a loop meanwhile, ms", lags, "{:.1f}"),
    ]


def _history(keys: int) -> History:
    feeder, lines = Feeder("count"), counts(keys)
    for _ in range(FLUSHES):
        feeder.feed(lines, keep=True)
    return feeder.history


def _period(histories: Sequence[History], begin: int, end: int) -> Period:
    sources = [ProgramSource(f"p{at}", one, lambda _: Counted()) for at, one in enumerate(histories)]
    first, last = (Stamp(one * SECOND, one * SECOND) for one in (begin, end))
    return finished(read_period(Period("", "host", "", first, last), sources))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _worst_lag(work: Callable[[], object]) -> float:
    """The longest delay in ms of a loop's timer while a thread works, as it does in a running session."""
    thread = threading.Thread(target=work)

    async def watch() -> float:
        worst = 0.0
        thread.start()
        while thread.is_alive():
            before = time.perf_counter()
            await asyncio.sleep(TICK)
            worst = max(worst, time.perf_counter() - before - TICK)
        return 1000 * worst

    return asyncio.run(watch())


def _table(rounds: int) -> Row:
    """Drawing a table with and without the column of changes."""
    rows = {f"{key},process-{key % 37}": key * 7919 % 1_000_003 for key in range(KEYS)}
    plain = scene(rows, map_plan(), width=100, height=30)
    before = replace(plain, baseline=MapData(plain.data.plan, "map", {key: value / 3 for key, value in rows.items()}))
    ours, peers = ([1000 * _seconds(partial(table.VIEW.draw, one)) for _ in range(rounds)] for one in (before, plain))
    return in_turn(f"table of {KEYS:,} rows with a baseline, ms (peer: without)", ours, peers, "{:.1f}")
