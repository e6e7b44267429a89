"""Grouping the 20,000 rows of a map by one of their columns, and folding those of short-lived processes.

Peer: splitting each key into all of its parts (`split_key`), without adding anything up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from benchmarks.options import Options
from benchmarks.table import Row, in_turn
from bttop.model.flush.contents import MapData
from bttop.model.format.names import decoders
from bttop.model.grouping.group_columns import group_column, group_columns
from bttop.model.grouping.group_rows import group_rows
from bttop.model.grouping.short_lived import fold, names_of, process_keys, short_lived
from bttop.model.plan import Aggregation, Column, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.values import MapKind

ROWS: Final = 20_000
CALLS: Final = (Column("pid", "int"), Column("comm", "text"), Column("syscall", "int", "syscall"))
STACKS: Final = (Column("pid", "int"), Column("comm", "text"), Column("kstack", "stack"), Column("ustack", "stack"))
_KINDS: Final[Mapping[str, MapKind]] = {"hist": "hist", "stats": "stats"}


def run(options: Options) -> Sequence[Row]:
    """Measure each way of grouping in turn with its peer."""
    rounds = max(3, options.rounds)
    counts = _map("count", CALLS, {key: number for number, key in enumerate(_calls())})
    averages = _map("stats", CALLS, {key: Stats(3, number, 3 * number) for number, key in enumerate(_calls())})
    buckets = tuple([Bucket(1 << low, (2 << low) - 1, low + 1) for low in range(4, 9)])
    histograms = _map("hist", CALLS, dict.fromkeys(_calls(), buckets))
    stacks = _map("count", STACKS, dict.fromkeys(_stacks(), 1))
    grouped = [(counts, "comm"), (counts, "syscall"), (counts, "pid"), (averages, "comm"), (histograms, "comm")]
    grouped += [(stacks, "comm"), (stacks, "frame"), (stacks, "ustack")]
    return [*(_grouped(data, title, rounds) for data, title in grouped), _folded(counts, rounds)]


def _grouped(data: MapData, title: str, rounds: int) -> Row:
    by = group_column(group_columns(data.plan, decoders("x86_64")), title)
    assert by is not None
    what = "stacks" if data.plan.columns is STACKS else data.plan.aggregation
    return _measured(f"group {ROWS:,} {what} by {title}, ms", data, lambda: group_rows(data, by), rounds)


def _folded(data: MapData, rounds: int) -> Row:
    """Fold the rows of a loop that starts a thousand processes in each flush."""
    keys = process_keys(data.plan)
    assert keys is not None
    before = [{name: frozenset(f"-{flush}{n}" for n in range(1000)) for name in ("ls", "sh")} for flush in range(30)]

    def folded() -> None:
        rows = keys.rows(data)
        names = names_of(rows)
        fold(data, rows, short_lived(names, [*before, names]))

    return _measured(f"fold {ROWS:,} rows of short-lived processes, ms", data, folded, rounds)


def _measured(what: str, data: MapData, work: Callable[[], object], rounds: int) -> Row:
    def split() -> None:
        for key in data.rows:
            split_key(key, data.plan.columns)

    figures, peers = [], []
    for _ in range(rounds):
        figures.append(_ms(work))
        peers.append(_ms(split))
    return in_turn(what, figures, peers, "{:,.1f}")


def _ms(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return (time.process_time() - begin) * 1000


def _map(aggregation: Aggregation, columns: tuple[Column, ...], rows: Mapping[str, Value]) -> MapData:
    return MapData(MapPlan("@m", aggregation, columns, "bank"), _KINDS.get(aggregation, "map"), rows)


def _calls() -> Sequence[str]:
    return [f"{pid},{'ls' if pid % 3 else 'sh'},{pid % 300}" for pid in range(ROWS)]


def _stacks() -> Sequence[str]:
    """Kernel and user stacks of 40 frames; the innermost ones are 200 and 999 functions."""
    deep = "".join(f"    func_{number}+{number}\n" for number in range(39))
    return [
        f"{pid},worker{pid % 7},\n    schedule+1\n    do_{pid % 200}+3\n{deep},\n    user_{pid % 999}+1\n{deep}"
        for pid in range(ROWS)
    ]
