"""Two histograms over the same buckets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bttop.model.record.records import Bucket

_BELOW, _ABOVE = float("-inf"), float("inf")


class BucketPair(NamedTuple):
    """One range of values with the events that two histograms count in it. Both ends are inclusive; None is open."""

    low: int | None
    high: int | None
    first: int
    second: int


def paired(first: Sequence[Bucket], second: Sequence[Bucket]) -> list[BucketPair]:
    """Both histograms over common ranges, lowest first; every event is in one of them.

    Buckets that overlap without being equal, as after a change of the script, become one range. A gap between two
    ranges becomes a range without events.
    """
    counted = [(one, 0) for one in first] + [(one, 1) for one in second]
    found: list[BucketPair] = []
    for bucket, place in sorted(counted, key=lambda pair: _start(pair[0].low)):
        counts = (bucket.count, 0) if place == 0 else (0, bucket.count)
        if found and _start(bucket.low) <= _end(found[-1].high):
            last = found[-1]
            high = _higher(last.high, bucket.high)
            found[-1] = BucketPair(last.low, high, last.first + counts[0], last.second + counts[1])
        else:
            found += _gap(found, bucket)
            found.append(BucketPair(bucket.low, bucket.high, *counts))
    return found


def _gap(found: Sequence[BucketPair], following: Bucket) -> Iterable[BucketPair]:
    if found and found[-1].high is not None and following.low is not None and following.low > found[-1].high + 1:
        yield BucketPair(found[-1].high + 1, following.low - 1, 0, 0)


def _higher(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)


def _start(low: int | None) -> float:
    return _BELOW if low is None else low


def _end(high: int | None) -> float:
    return _ABOVE if high is None else high
