"""What one event of a probe costs, in ns, by what the probe does. Pure.

Aggregations: the table of docs/exact-flushes.md, with banks (bpftrace 0.17, 0.23, 0.27 on Linux 6.18). Stacks, text
and states were measured in the same way. What a probe may skip (`if`) is counted as if it were always done. The hook
comes on top (hooks.py).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from bttop.model.release import Release
from bttop.script.parameter import code_of
from bttop.script.reader import Script
from bttop.script.survey import Survey, Update

_PER_CPU_FIRST: Final = Release(0, 20)
"""Since then counters are added up in place, where they were looked up, raised and written again."""


class _Prices(NamedTuple):
    scalar: float
    keyed: float
    hist: float
    stats: float
    """The last two on top of the first two."""


_OLD: Final = _Prices(31, 59, 19, 61)
_NEW: Final = _Prices(19, 30, 7, 4)
MISS_NS: Final = 30.0
"""A BPF program that only asks a predicate, which is false."""
_WORDS: Final = {
    "kstack": 2000.0, "ustack": 2000.0, "stack": 2000.0, "str": 80.0, "buf": 100.0, "ntop": 60.0, "comm": 20.0,
    "printf": 3000.0, "print": 3000.0, "join": 3000.0, "cat": 3000.0, "time": 3000.0, "system": 100_000.0,
    "strftime": 60.0, "path": 500.0, "kaddr": 5.0, "ksym": 20.0, "usym": 40.0, "cgroup": 10.0,
}  # fmt: skip
"""Deep stacks take 3500 ns each, shallow ones 600 to 1700. What is printed costs bpftrace 3 us of another CPU."""
_STATE: Final = 60.0
"""One look into, or write to, a map that is no aggregation."""


def body_ns(script: Script, seen: Survey, index: int, release: Release) -> float:
    """What the block of a probe costs on top."""
    prices = _OLD if release < _PER_CPU_FIRST else _NEW
    updates = [update for use in seen.maps.values() for update in use.updates if update.probe == index]
    tokens = code_of(script, script.probes[index])
    words = sum(_WORDS.get(token.text, 0.0) for token in tokens if token.kind == "word")
    states = max(0, sum(token.kind == "map" for token in tokens) - len(updates))
    return sum(_update_ns(update, prices) for update in updates) + words + states * _STATE


def _update_ns(update: Update, prices: _Prices) -> float:
    price = prices.keyed if update.keys else prices.scalar
    return price + {"hist": prices.hist, "lhist": prices.hist, "stats": prices.stats, "avg": prices.stats}.get(
        update.aggregation, 0.0
    )
