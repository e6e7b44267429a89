from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.flush.subtract import added, since
from bttop.model.plan import Aggregation
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.values import added_buckets, made_stats


@pytest.mark.parametrize(
    ("now", "before", "aggregation", "difference"),
    [
        (7, 5, "count", 2),
        (5, 7, "count", 5),
        (7, 5, "sum", 2),
        (-3, 5, "sum", -8),
        (3, (1 << 64) - 2, "sum", 5),
        (-(1 << 63), (1 << 63) - 1, "sum", 1),
        (7, 5, "max", 7),
        (7, 5, "avg", 7),
        ("x", "y", "value", "x"),
        (Stats(5, 4, 20), Stats(3, 4, 12), "stats", Stats(2, 4, 8)),
        (Stats(1, 4, 4), Stats(3, 4, 12), "stats", Stats(1, 4, 4)),
        (Stats(5, 4, 20), Stats(3, 4, 12), "avg", Stats(2, 4, 8)),
    ],
)
def test_what_was_added_to_a_value(now: Value, before: Value, aggregation: Aggregation, difference: Value) -> None:
    assert added(now, before, aggregation) == difference


def test_buckets_are_subtracted_and_empty_ends_cut() -> None:
    before = (Bucket(None, -1, 1), Bucket(0, 0, 4), Bucket(1, 1, 2))
    now = (Bucket(None, -1, 1), Bucket(0, 0, 5), Bucket(1, 1, 2), Bucket(2, 3, 1), Bucket(4, 7, 0))
    assert added(now, before, "hist") == (Bucket(0, 0, 1), Bucket(1, 1, 0), Bucket(2, 3, 1))


@pytest.mark.parametrize("before", [(Bucket(0, 0, 6),), (Bucket(0, 0, 2), Bucket(8, 15, 1))])
def test_a_histogram_that_shrank_counts_in_full(before: tuple[Bucket, ...]) -> None:
    now = (Bucket(0, 0, 5),)
    assert added(now, before, "hist") == now


def test_unchanged_keys_are_left_out_and_new_ones_count_in_full() -> None:
    now: dict[str, Value] = {"same": 3, "more": 5, "new": 2}
    before: dict[str, Value] = {"same": 3, "more": 1, "gone": 9}
    assert since(now, before, "count", keyed=True) == {"more": 4, "new": 2}


def test_an_unchanged_scalar_stands_as_zero() -> None:
    assert since({"": 3}, {"": 3}, "count", keyed=False) == {"": 0}
    assert since({"": (Bucket(0, 0, 1),)}, {"": (Bucket(0, 0, 1),)}, "hist", keyed=False) == {"": ()}


WORD, HALF = 1 << 64, 1 << 63


def signed(total: int) -> int:
    """A total as bpftrace prints that of a signed type."""
    return (total + HALF) % WORD - HALF


@given(st.integers(-HALF, HALF - 1), st.integers(-HALF + 1, HALF - 1))
def test_a_signed_sum_that_wraps_gives_what_was_added(start: int, step: int) -> None:
    assert added(signed(start + step), start, "sum") == step


@given(st.integers(0, WORD - 1), st.integers(0, WORD - 1))
def test_an_unsigned_sum_that_wraps_gives_what_was_added(start: int, step: int) -> None:
    end = (start + step) % WORD
    is_told = max(start, end) >= HALF or step < HALF
    assert added(end, start, "sum") == (step if is_told else step - WORD)


@given(st.integers(-HALF, WORD - 1), st.integers(-100, 100), st.integers(1, 50))
def test_an_average_of_a_difference_is_cut_towards_zero(start: int, each: int, events: int) -> None:
    before = Stats(7, 0, signed(start))
    now = Stats(7 + events, 0, signed(start + each * events))
    assert added(now, before, "stats") == Stats(events, each, each * events)


@pytest.mark.parametrize(
    ("total", "count", "average"),
    [(-63, 5, -12), (63, 5, 12), (-10, 5, -2), (-1, 2, 0), (0, 3, 0), (-HALF, 3, -HALF // 3 + 1)],
)
def test_an_average_is_cut_towards_zero_as_bpftrace_prints_it(total: int, count: int, average: int) -> None:
    assert added(Stats(count, 0, total), Stats(0, 0, 0), "stats") == Stats(count, average, total)


STEPS = st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 1000)), min_size=1)


@given(STEPS)
def test_differences_of_counts_sum_back_to_the_total(steps: list[dict[str, int]]) -> None:
    total: Counter[str] = Counter()
    collected: Counter[str] = Counter()
    before: dict[str, Value] = {}
    for step in steps:
        total.update(step)
        now: dict[str, Value] = dict(total)
        for key, value in since(now, before, "count", keyed=True).items():
            assert isinstance(value, int)
            collected[key] += value
        before = now
    assert +collected == +total


@given(STEPS)
def test_differences_of_stats_sum_back_to_the_total(steps: list[dict[str, int]]) -> None:
    values = [value for step in steps for value in step.values()]
    count = total = 0
    before: dict[str, Value] = {}
    collected = Stats(0, 0, 0)
    for value in values:
        count, total = count + 1, total + value
        now: dict[str, Value] = {"k": made_stats(count, total)}
        found = since(now, before, "stats", keyed=True)["k"]
        assert isinstance(found, Stats)
        collected = made_stats(collected.count + found.count, collected.total + found.total)
        before = now
    assert (collected.count, collected.total) == (count, total)


HISTOGRAM = st.dictionaries(st.integers(0, 8), st.integers(1, 50), max_size=5)


@given(st.lists(HISTOGRAM, min_size=1))
def test_differences_of_histograms_sum_back_to_the_total(steps: list[dict[int, int]]) -> None:
    total: Counter[int] = Counter()
    before: dict[str, Value] = {}
    collected: tuple[Bucket, ...] = ()
    for step in steps:
        total.update(step)
        now: dict[str, Value] = {"k": tuple(Bucket(low, low, count) for low, count in sorted(total.items()))}
        found = since(now, before, "hist", keyed=True).get("k", ())
        assert isinstance(found, tuple)
        collected = added_buckets([*collected, *(one for one in found if isinstance(one, Bucket))])
        before = now
    assert {bucket.low: bucket.count for bucket in collected if bucket.count} == dict(total)
