"""Percentiles of histograms, with the bucket that limits their error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bttop.model.format.floats import as_float, ratio
from bttop.model.plan import Aggregation
from bttop.model.record.records import Bucket

Scale = Literal["log", "linear"]
"""How values are distributed within a bucket: `log` for hist(), `linear` for lhist()."""


class Quantile(NamedTuple):
    """An estimate and the ends of its bucket: the true value lies between them."""

    value: float
    low: int | None
    high: int | None
    """None, like `low`, if the bucket is open at that end; `value` is then its other end."""


def scale_of(aggregation: Aggregation) -> Scale:
    """How values are distributed within the buckets of an aggregation."""
    return "linear" if aggregation == "lhist" else "log"


def quantile(buckets: Sequence[Bucket], share: float, scale: Scale = "log") -> Quantile | None:
    """The value below which `share` (0 to 1) of the events lie; None without events.

    The buckets must be sorted, lowest first, as bpftrace prints them.
    """
    used = [bucket for bucket in buckets if bucket.count > 0]
    if not used:
        return None
    rank = min(max(share, 0.0), 1.0) * as_float(_events(used))
    below = 0
    for bucket in used[:-1]:
        if rank <= below + bucket.count:
            break
        below += bucket.count
    else:
        bucket = used[-1]
    return _within(bucket, ratio(rank - as_float(below), bucket.count), scale)


def _events(buckets: Sequence[Bucket]) -> int:
    return sum(bucket.count for bucket in buckets if bucket.count > 0)


def _within(bucket: Bucket, share: float, scale: Scale) -> Quantile:
    low, high = bucket.low, bucket.high
    if low is None or high is None:
        known = low if low is not None else high
        return Quantile(as_float(known or 0), low, high)
    first, last = as_float(low), as_float(high)
    if scale == "log" and 0 < first < last:
        return Quantile(min(last, first * (last / first) ** share), low, high)
    return Quantile(first + (last - first) * share, low, high)
