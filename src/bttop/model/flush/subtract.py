"""Cumulative maps: what was added between two prints of a map that is never cleared."""

from __future__ import annotations

from collections.abc import Mapping

from bttop.model.plan import Aggregation
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.values import histogram, made_stats

_WORD = 1 << 64
_HALF = 1 << 63


def since(
    now: Mapping[str, Value], before: Mapping[str, Value], aggregation: Aggregation, *, keyed: bool
) -> dict[str, Value]:
    """The rows of `now` minus those of `before`.

    Keys to which nothing was added are left out of a keyed map, and are zero in a scalar one. A key counts in full if
    it is new, or if its count has shrunk: then it was deleted in between.
    """
    rows: dict[str, Value] = {}
    for key, value in now.items():
        earlier = before.get(key)
        if keyed and value == earlier and aggregation in _ADDING:
            continue
        rows[key] = value if earlier is None else added(value, earlier, aggregation)
    return rows


_ADDING = frozenset({"count", "sum", "stats", "avg", "hist", "lhist"})


def added(value: Value, earlier: Value, aggregation: Aggregation) -> Value:
    """What was added to one key. Values that cannot be subtracted (min, max, a plain average) stay as they are."""
    if isinstance(value, Stats) and isinstance(earlier, Stats):
        return _added_stats(value, earlier)
    if aggregation in {"hist", "lhist"}:
        return _added_buckets(histogram(value), histogram(earlier))
    if type(value) is int and type(earlier) is int:
        if aggregation == "sum":
            return difference(value, earlier)
        if aggregation == "count":
            return value - earlier if value >= earlier else value
    return value


def difference(now: int, before: int) -> int:
    """What was added between two prints of a 64-bit sum, which may have wrapped. A print of 2^63 or more is that of an
    unsigned sum, to which numbers from 0 to 2^64 are added; otherwise it is the difference nearest to zero."""
    if max(now, before) >= _HALF:
        return (now - before) % _WORD
    return (now - before + _HALF) % _WORD - _HALF


def _added_stats(value: Stats, earlier: Stats) -> Stats:
    if value.count < earlier.count:
        return value
    return made_stats(value.count - earlier.count, difference(value.total, earlier.total))


def _added_buckets(value: tuple[Bucket, ...], earlier: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
    counted = {(bucket.low, bucket.high): bucket.count for bucket in earlier if bucket.count}
    found = [Bucket(one.low, one.high, one.count - counted.pop((one.low, one.high), 0)) for one in value]
    if counted or any(bucket.count < 0 for bucket in found):
        return value
    return _trimmed(found)


def _trimmed(found: list[Bucket]) -> tuple[Bucket, ...]:
    """The buckets without the empty ones at both ends, as bpftrace prints a histogram."""
    used = [index for index, bucket in enumerate(found) if bucket.count]
    return tuple(found[used[0] : used[-1] + 1]) if used else ()
