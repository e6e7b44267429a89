"""Counted events divided by made events: two CPUs on the same keys, every aggregation, with bttop's edits.

Peer: the number of system calls that the load made (for min and max: the number of keys; a key counts if its value is
right). The last row of each block is the same script with a handwritten print and clear. Runs on the installed bpftrace
and on each of $BTTOP_TEST_BPFTRACE (colon-separated).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks import writers
from benchmarks.flushing import running
from benchmarks.options import Options
from benchmarks.table import Row
from bttop.engine.host.host import Bpftrace, Host, find_bpftrace
from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.releases import traits_of
from bttop.script.language.reader import read
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import prepare

PROBE = "tracepoint:syscalls:sys_enter_pwrite64"
EVENTS = {1000: 4_000_000, 100: 800_000}
"""Interval in ms to the events of a cell, of both writers together: enough for several flushes."""
FULL_EVENTS = 8_000_000
KEYS = (1, 4000)
AGGREGATIONS = {
    "count": "count()",
    "sum": "sum(args->pos)",
    "avg": "avg(args->pos)",
    "stats": "stats(args->pos)",
    "min": "min(args->pos)",
    "max": "max(args->pos)",
    # Four values: a map of 16,384 entries has room for four buckets for each of 4,000 keys.
    "hist": "hist(args->pos & 3)",
    "lhist": "lhist(args->pos & 3, 0, 4, 1)",
}
GROUPS = (("count", "sum"), ("avg", "stats"), ("min", "max"), ("hist",), ("lhist",))
"""Maps that share a program. Two are usual; eight would take longer than 100 ms to print."""
HARMLESS = frozenset({Caveat.LOST_TICKS})
"""Caveats about the length of a flush, not about its numbers."""


class Cell(NamedTuple):
    """One load on one bpftrace."""

    host: Host
    bpftrace: Bpftrace
    writer: list[str]
    keys: int
    interval_ms: int
    rounds: int

    @property
    def events(self) -> int:
        return 2 * self.keys * self.rounds

    @property
    def title(self) -> str:
        release = f"{self.bpftrace.release.major}.{self.bpftrace.release.minor}"
        return f"{release}, {self.keys:,} key{'s' if self.keys > 1 else ''}, {self.interval_ms:,} ms"


class Seen(NamedTuple):
    """The rows and caveats of one map over a whole run."""

    rows: list[Mapping[str, Value]]
    caveats: frozenset[Caveat]


def run(options: Options) -> Sequence[Row]:
    """Run all cells; `full` makes 8,000,000 events in each."""
    with writers.command() as writer:
        return [row for cell in _cells(options, writer) for row in _rows(cell)]


def _cells(options: Options, writer: list[str]) -> Iterator[Cell]:
    more = [path for path in os.environ.get("BTTOP_TEST_BPFTRACE", "").split(":") if path]
    for name in (None, *more):
        for keys in KEYS:
            for interval_ms, usual in EVENTS.items():
                events = FULL_EVENTS if options.full else usual
                rounds = events // (2 * keys) // 2 * 2
                yield Cell(Host.read(), find_bpftrace(name), writer, keys, interval_ms, rounds)


def _rows(cell: Cell) -> Iterator[Row]:
    for group in GROUPS:
        statements = " ".join(f"@{name}[args->count] = {AGGREGATIONS[name]};" for name in group)
        seen = _counted(cell, f"{PROBE} {{ {statements} }}")
        yield from (_row(cell, name, name, seen[f"@{name}"]) for name in group)
    block = f"interval:ms:{cell.interval_ms} {{ print(@count); clear(@count); }}"
    seen = _counted(cell, f"{PROBE} {{ @count[args->count] = count(); }} {block}")
    yield _row(cell, "count", "own print+clear", seen["@count"])


def _counted(cell: Cell, text: str) -> dict[str, Seen]:
    with writers.writers(cell.writer, cell.keys, cell.rounds) as load:
        prepared = prepare(
            read(text),
            interval_ms=cell.interval_ms,
            pin=Pin(load.pids),
            new_keys_collide=traits_of(cell.bpftrace.release).new_keys_collide,
        )
        with running(cell.host, cell.bpftrace, prepared) as traced:
            traced.wait_for_flushes(1)
            load.write()
            traced.wait_for_flushes(3)
            flushes = list(traced.flushes)
    return {name: _seen(name, flushes) for name in prepared.plan.maps}


def _seen(name: str, flushes: Sequence[Flush]) -> Seen:
    caveats = frozenset(caveat for flush in flushes for caveat in flush.caveats) - HARMLESS
    return Seen([flush.maps[name].rows for flush in flushes if name in flush.maps], caveats)


def _row(cell: Cell, aggregation: str, title: str, seen: Seen) -> Row:
    if aggregation in ("min", "max"):
        found, made, unit = _keys_right(cell, aggregation, seen), cell.keys, " keys" if cell.keys > 1 else " key"
    else:
        found, made, unit = sum(_events(cell, value) for rows in seen.rows for value in rows.values()), cell.events, ""
        if aggregation == "sum":
            # The sum of all offsets divided by their average is the number of calls, if nothing is missing.
            found = round(found * 2 / (2 * cell.rounds - 1))
    notes = f"  ({', '.join(sorted(caveat.value for caveat in seen.caveats))})" if seen.caveats else ""
    return Row(f"{cell.title}: {title}", f"{found:,}{unit}", f"{made:,}", f"{found / made:.6f}{notes}")


def _events(cell: Cell, value: Value) -> int:
    if isinstance(value, Stats):
        return value.count
    if isinstance(value, tuple):
        return sum(one.count for one in value if isinstance(one, Bucket))
    return value if isinstance(value, int) else 0


def _keys_right(cell: Cell, aggregation: str, seen: Seen) -> int:
    """Return the number of keys whose smallest offset is 0 (min) or whose largest is the last one (max), over all
    flushes."""
    best: dict[str, int] = {}
    choose, wanted = (min, 0) if aggregation == "min" else (max, 2 * cell.rounds - 1)
    for rows in seen.rows:
        for key, value in rows.items():
            if isinstance(value, int):
                best[key] = choose(best.get(key, value), value)
    return sum(value == wanted for value in best.values())
