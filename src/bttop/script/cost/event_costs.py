"""The cost in ns of one event of a probe, estimated from what the probe does. Pure: no input or output.

Aggregations: the table in docs/exact-flushes.md, with banks (bpftrace 0.17, 0.23, 0.27 on Linux 6.18). Stacks, text
and states were measured in the same way. Conditional code (`if`) counts as if it always ran. The cost of the hook is
additional (hook_costs.py).
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.language.reader import Script
from bttop.script.language.survey import ScriptSurvey, Update
from bttop.script.process.regions import code_of


class _Prices(Struct, frozen=True):
    scalar: float
    keyed: float
    hist: float
    stats: float
    """`hist` and `stats` are added to `scalar` or `keyed`."""


_OLD: Final = _Prices(31, 59, 19, 61)
_NEW: Final = _Prices(19, 30, 7, 4)
MISS_NS: Final = 30.0
"""Cost of a BPF program whose predicate is false."""
_WORDS: Final = {
    "kstack": 2000.0, "ustack": 2000.0, "stack": 2000.0, "str": 80.0, "buf": 100.0, "ntop": 60.0, "comm": 20.0,
    "printf": 3000.0, "print": 3000.0, "join": 3000.0, "cat": 3000.0, "time": 3000.0, "system": 100_000.0,
    "strftime": 60.0, "path": 500.0, "kaddr": 5.0, "ksym": 20.0, "usym": 40.0, "cgroup": 10.0,
}  # fmt: skip
"""Deep stacks take 3500 ns each, shallow ones 600 to 1700. Output costs bpftrace 3 us on another CPU."""
_STATE: Final = 60.0
"""One read of, or write to, a map that is not an aggregation."""


def body_ns(script: Script, seen: ScriptSurvey, index: int, release: Release) -> float:
    """The cost in ns of a probe's predicate and block, without the hook."""
    prices = _NEW if traits_of(release).counts_in_place else _OLD
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
