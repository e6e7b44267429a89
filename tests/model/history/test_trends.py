from __future__ import annotations

import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.flush.contents import MapData
from bttop.model.format.floats import known
from bttop.model.history.trends import DEFAULT_LENGTH, FOLLOWED, Trend
from bttop.model.plan import Aggregation, MapPlan
from bttop.model.record.records import Value
from tests.model.samples import TEXT


def counted(rows: dict[str, Value], aggregation: Aggregation = "count") -> MapData:
    return MapData(MapPlan("@m", aggregation, (TEXT,)), "map", rows)


def test_a_trend_holds_the_last_values_of_each_key_oldest_first() -> None:
    trend = Trend(length=3)
    for value in range(1, 6):
        trend.advance(counted({"a": value}))
    assert list(trend.values("a")) == [3, 4, 5]


def test_a_young_trend_is_as_long_as_its_flushes() -> None:
    trend = Trend(length=3)
    assert list(trend.values("a")) == []
    trend.advance(counted({"b": 1}))
    trend.advance(counted({"a": 7}))
    assert list(trend.values("a")) == [0, 7]
    assert list(trend.values("nobody")) == [0, 0]


def test_a_silent_flush_counts_as_zero() -> None:
    trend = Trend(length=4)
    for rows in ({"a": 1}, {}, {"b": 2}, {"a": 3}):
        trend.advance(counted(dict(rows)))
    assert list(trend.values("a")) == [1, 0, 0, 3]
    assert list(trend.values("b")) == [0, 0, 2, 0]


def test_what_adds_up_is_kept_per_second_and_the_rest_as_it_is() -> None:
    trend = Trend()
    trend.advance(counted({"a": 10}), seconds=2.0)
    assert list(trend.values("a")) == [5]
    largest = Trend()
    largest.advance(counted({"a": 10, "b": 1}, "max"), seconds=2.0)
    assert list(largest.values("a")) == [10]


def test_a_long_flush_weighs_more_in_the_mean() -> None:
    trend = Trend()
    trend.advance(counted({"a": 10}), seconds=1.0)
    trend.advance(counted({"a": 90}), seconds=9.0)
    trend.advance(counted({"b": 1}), seconds=10.0)
    assert trend.mean("a") == pytest.approx(5)
    largest = Trend()
    largest.advance(counted({"a": 4}, "max"), seconds=1.0)
    largest.advance(counted({"b": 4}, "max"), seconds=9.0)
    largest.advance(counted({"a": 8}, "max"), seconds=3.0)
    assert largest.mean("a") == pytest.approx(7)
    assert largest.mean("c") is None


def test_flushes_of_unknown_length_weigh_the_same() -> None:
    trend = Trend()
    for value in (2, 4):
        trend.advance(counted({"a": value}, "max"), seconds=0.0)
    assert trend.mean("a") == pytest.approx(3)


def test_text_has_no_trend() -> None:
    trend = Trend()
    trend.advance(counted({"a": "x", "b": 4}, "value"))
    assert all(math.isnan(value) for value in trend.values("a"))
    assert trend.values("b") == [4]


ROWS = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(1, 1000)), max_size=30)


@given(ROWS, st.integers(1, 8))
def test_a_trend_is_the_tail_of_what_came(flushes: list[dict[str, int]], length: int) -> None:
    trend = Trend(length)
    for rows in flushes:
        trend.advance(counted(dict(rows)))
    tail = flushes[-length:]
    for key in "abc":
        assert list(trend.values(key)) == [rows.get(key, 0) for rows in tail]


@given(st.integers() | st.floats() | st.just(-(10**400)), st.sampled_from(["count", "max"]))
def test_any_number_can_be_kept(number: float, aggregation: Aggregation) -> None:
    trend = Trend(length=2)
    trend.advance(counted({"a": number}, aggregation))
    assert len(known(trend.values("a"))) in (0, 1)
    assert all(isinstance(value, float) for value in trend.values("a") + trend.peaks("a", 1))


@given(st.integers(1, 200), st.integers(1, 60))
def test_peaks_use_the_width_and_all_but_the_last_stand_still_until_the_groups_grow(flushes: int, count: int) -> None:
    trend = Trend(60)
    shown: list[list[float]] = []
    for number in range(flushes):
        trend.advance(counted({"a": number + 1}))
        shown.append(trend.peaks("a", count))
        assert min(number + 1, count // 2) <= len(shown[-1]) <= count + 1
        assert shown[-1][-1] == number + 1
        assert max(shown[-1]) == max(trend.values("a"))
    same_groups = -(-flushes // count) == -(-(flushes - 1) // count)
    if len(shown) > 1 and len(shown[-1]) == len(shown[-2]) and flushes <= 60 and same_groups:
        assert shown[-1][:-1] == shown[-2][:-1]


def test_what_does_not_add_up_has_no_value_in_a_flush_without_one() -> None:
    trend = Trend(length=4)
    for rows in ({"b": 1}, {"a": 7}, {}, {"a": 0}):
        trend.advance(counted(dict(rows), "max"))
    assert [None if math.isnan(value) else value for value in trend.values("a")] == [None, 7, None, 0]
    assert all(math.isnan(value) for value in trend.values("nobody"))
    assert list(known(trend.values("a"))) == [7, 0]
    assert [None if math.isnan(value) else value for value in trend.peaks("a", 2)] == [7, 0]


def test_a_running_total_is_kept_as_it_is() -> None:
    trend = Trend()
    trend.advance(MapData(MapPlan("@m", "count", (TEXT,), kept=True), "map", {"a": 10}), seconds=2.0)
    assert list(trend.values("a")) == [10]


def large(flush: int, rows: int = 8 * FOLLOWED) -> dict[str, Value]:
    """A map of which the rows with high numbers are the largest."""
    return {f"k{number}": number * 100 + flush for number in range(rows)}


def test_the_largest_rows_of_a_large_map_have_a_trend_from_the_start() -> None:
    trend, length = Trend(length=4), 8 * FOLLOWED
    for flush in range(4):
        trend.advance(counted(large(flush)))
    for number in range(length - FOLLOWED // 2, length):
        assert trend.values(f"k{number}") == [number * 100 + flush for flush in range(4)]
    assert trend.values("k5") == [0, 0, 0, 0]


def test_a_small_row_of_a_large_map_has_a_trend_from_when_it_is_drawn() -> None:
    trend = Trend(length=4)
    for flush in range(6):
        trend.advance(counted(large(flush)))
        trend.peaks("k5", 4)
    assert trend.values("k5") == [502, 503, 504, 505]


@pytest.mark.parametrize("value", [0, 1, -3])
def test_a_large_map_of_equal_rows_keeps_some_of_them(value: int) -> None:
    trend = Trend(length=2)
    for _ in range(3):
        trend.advance(counted({f"k{number}": value for number in range(4 * FOLLOWED)}, "max"))
    stored = [number for number in range(4 * FOLLOWED) if trend.values(f"k{number}") == [value, value]]
    assert len(stored) == FOLLOWED


def test_a_minute_of_a_large_map_takes_little_memory() -> None:
    def long_keys(flush: int) -> dict[str, Value]:
        return {f"{number:>2000}": number + flush for number in range(FOLLOWED)}

    trend = Trend()
    trend.advance(counted(long_keys(0)))
    tracemalloc.start()
    try:
        for flush in range(DEFAULT_LENGTH):
            trend.advance(counted(long_keys(flush)))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 100 * FOLLOWED * DEFAULT_LENGTH  # the texts of the keys are shared
