"""Two histograms over common ranges."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bttop.model.record.buckets import BucketPair, paired
from bttop.model.record.records import Bucket


def stepped(low: int, step: int, counts: Sequence[int], *, is_open: bool) -> tuple[Bucket, ...]:
    found = [Bucket(low + n * step, low + (n + 1) * step - 1, count) for n, count in enumerate(counts)]
    ends = [Bucket(None, low - 1, 3), Bucket(low + len(counts) * step, None, 2**63)] if is_open else []
    return (*ends[:1], *found, *ends[1:])


HISTOGRAMS = st.builds(
    stepped,
    st.integers(-100, 100),
    st.integers(1, 40),
    st.lists(st.integers(0, 2**64), max_size=20),
    is_open=st.booleans(),
)


@given(HISTOGRAMS, HISTOGRAMS)
def test_every_event_is_in_one_range_and_ranges_follow_each_other(
    first: tuple[Bucket, ...], second: tuple[Bucket, ...]
) -> None:
    pairs = paired(first, second)
    assert sum(pair.first for pair in pairs) == sum(bucket.count for bucket in first)
    assert sum(pair.second for pair in pairs) == sum(bucket.count for bucket in second)
    for before, after in pairwise(pairs):
        assert before.high is not None
        assert after.low == before.high + 1
    for bucket in (*first, *second):
        assert sum(_holds(pair, bucket) for pair in pairs) == 1


def _holds(pair: BucketPair, bucket: Bucket) -> bool:
    above = pair.low is None or (bucket.low is not None and bucket.low >= pair.low)
    return above and (pair.high is None or (bucket.high is not None and bucket.high <= pair.high))


@given(HISTOGRAMS)
def test_equal_buckets_keep_their_ranges(found: tuple[Bucket, ...]) -> None:
    assert paired(found, found) == [BucketPair(one.low, one.high, one.count, one.count) for one in found]


def test_buckets_that_overlap_become_one_range() -> None:
    pairs = paired((Bucket(0, 9, 1), Bucket(10, 19, 2)), (Bucket(5, 14, 4), Bucket(20, 29, 8)))
    assert pairs == [BucketPair(0, 19, 3, 4), BucketPair(20, 29, 0, 8)]


def test_a_gap_is_a_range_without_events() -> None:
    assert paired((Bucket(1, 1, 5),), (Bucket(8, None, 7),)) == [
        BucketPair(1, 1, 5, 0), BucketPair(2, 7, 0, 0), BucketPair(8, None, 0, 7)
    ]  # fmt: skip
