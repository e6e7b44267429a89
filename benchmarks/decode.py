"""Decoder and flush assembler, and the decoder alone: lines per second, and how long they delay another thread.

Peers: `json.loads` and `msgspec.json.decode` of the same lines. They do not merge equal keys, and do not repair, stamp
or assemble anything. All take turns, and their CPU time counts.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from benchmarks.options import Options
from benchmarks.table import Row, compared, in_turn
from bttop.model.flush.reader import FlushReader
from bttop.model.history.history import History
from bttop.model.plan import Aggregation, Column, MapPlan, Plan
from bttop.model.record.decode import Decoder
from bttop.model.record.records import Stamp, StampedLine
from bttop.model.record.release import Release

RELEASE = Release(0, 17)
ROUNDS, SECONDS_EACH = 7, 0.1
LAG_SECONDS = 5
MAPS, KEYS = 5, 4096
TICK = 0.01
HISTORY_BYTES = 64 << 20


def run(_options: Options) -> Sequence[Row]:
    """Measure the throughput of three kinds of flushes, then the lag."""
    return [
        *_throughput("40 keys", counts(40), "count"),
        *_throughput(f"{KEYS:,} keys", counts(KEYS), "count"),
        *_throughput("histogram by key, 40 x 20 buckets", _histograms(40), "hist"),
        _lag(),
    ]


def counts(keys: int) -> list[bytes]:
    """Return the lines of a flush of a count with so many keys."""
    rows = {f"{1000 + key},process-{key % 37},{key % 400}": key * 7919 % 1_000_003 for key in range(keys)}
    return _flush({"type": "map", "data": {"@m": rows}})


def _histograms(keys: int) -> list[bytes]:
    buckets = [{"min": 1 << power, "max": (2 << power) - 1, "count": power * 31} for power in range(20)]
    return _flush({"type": "hist", "data": {"@m": {f"{key},process-{key},7": buckets for key in range(keys)}}})


def _flush(record: object) -> list[bytes]:
    """Return a map and a placeholder for its heartbeat, which `Feeder.feed` fills in."""
    return [json.dumps(record).encode(), b""]


def _heartbeat(number: int) -> bytes:
    return b'{"type": "value", "data": [0,[0,%d,%d]]}' % (number, number * 1_000_000_000)


def _plan(aggregation: Aggregation) -> Plan:
    columns = (Column("pid", "int"), Column("comm", "text"), Column("call", "int"))
    return Plan({"@m": MapPlan("@m", aggregation, columns, "bank")}, heartbeats=("a",))


class Feeder:
    """Turns the lines of one program into a history of flushes."""

    def __init__(self, aggregation: Aggregation) -> None:
        plan = _plan(aggregation)
        self._reader = FlushReader(RELEASE, plan, 1)
        self._history = History(HISTORY_BYTES)
        self._number = 0

    @property
    def history(self) -> History:
        """What was kept."""
        return self._history

    def feed(self, lines: Sequence[bytes], *, keep: bool) -> None:
        """Feed the lines of one flush, heartbeat last. `keep` also appends it to the history, as the engine does."""
        self._number += 1
        for data in (*lines[:-1], _heartbeat(self._number)):
            at = self._number * 1_000_000_000
            line = StampedLine(1, "stdout", Stamp(at, at), data)
            flush = self._reader.feed(line)
            if keep and flush is not None:
                self._history.append(flush)


def _throughput(what: str, lines: Sequence[bytes], aggregation: Aggregation) -> list[Row]:
    feeder = Feeder(aggregation)
    texts = [*lines[:-1], _heartbeat(1)]
    decoder = Decoder(RELEASE, _plan(aggregation))
    stamped = [StampedLine(1, "stdout", Stamp(1, 1), text) for text in texts]
    ours, alone, standard, bare = _lines_per_second(
        len(texts),
        lambda: feeder.feed(lines, keep=False),
        lambda: [decoder.decode(line) for line in stamped],
        lambda: [json.loads(text) for text in texts],
        lambda: [msgspec.json.decode(text) for text in texts],
    )
    mb = sum(map(len, texts)) / 1e6 / len(texts)
    return [
        in_turn(f"{what}: lines/s (peer: json.loads)", ours, standard),
        in_turn(f"{what}: MB/s", [mb * one for one in ours], [mb * one for one in standard], "{:,.1f}"),
        in_turn(f"{what}: lines/s, decoder alone", alone, standard),
        in_turn(f"{what}: lines/s, decoder alone (peer: msgspec)", alone, bare),
    ]


def _lines_per_second(lines: int, *works: Callable[[], object]) -> list[list[float]]:
    """Return for each work, which reads so many lines, its rate in each round."""
    for work in works:
        work()  # fills caches
    rounds = [[lines * _rate(work) for work in works] for _ in range(ROUNDS)]
    return [list(rates) for rates in zip(*rounds, strict=True)]


def _rate(work: Callable[[], object]) -> float:
    """Return calls per second of CPU time."""
    calls, began = 0, time.process_time()
    while (spent := time.process_time() - began) < SECONDS_EACH:
        work()
        calls += 1
    return calls / spent


def _lag() -> Row:
    """Measure the worst delay of a loop's 10 ms timer while another thread decodes five such maps per second."""
    lines = counts(KEYS)
    feeders = [Feeder("count") for _ in range(MAPS)]
    quiet = asyncio.run(_worst_lag(LAG_SECONDS / 2))
    stop = threading.Event()
    thread = threading.Thread(target=_feed_every_second, args=(feeders, lines, stop))
    thread.start()
    try:
        worst = asyncio.run(_worst_lag(LAG_SECONDS))
    finally:
        stop.set()
        thread.join()
    what = f"worst lag of another thread's loop, ms, {MAPS} x {KEYS:,} keys/s (peer: quiet)"
    return compared(what, worst * 1000, quiet * 1000, "{:.1f}")


def _feed_every_second(feeders: Sequence[Feeder], lines: Sequence[bytes], stop: threading.Event) -> None:
    while True:
        for feeder in feeders:
            feeder.feed(lines, keep=True)
        if stop.wait(1.0):
            return


async def _worst_lag(seconds: float) -> float:
    worst, end = 0.0, time.perf_counter() + seconds
    while (before := time.perf_counter()) < end:
        await asyncio.sleep(TICK)
        worst = max(worst, time.perf_counter() - before - TICK)
    return worst
