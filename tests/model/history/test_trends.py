from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.flush.contents import MapData
from bttop.model.history.trends import Trend, known
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
    assert list(trend.total()) == [3, 4, 5]


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
    assert list(trend.total()) == [1, 0, 2, 3]


def test_a_key_that_was_silent_for_the_whole_window_is_dropped() -> None:
    trend = Trend(length=3)
    trend.advance(counted({"a": 1, "b": 1}))
    trend.advance(counted({"b": 1}))
    trend.advance(counted({}))
    assert set(trend) == {"a", "b"}
    trend.advance(counted({}))
    assert set(trend) == {"b"}
    trend.advance(counted({}))
    assert len(trend) == 0


def test_what_adds_up_is_kept_per_second_and_the_rest_as_it_is() -> None:
    trend = Trend()
    trend.advance(counted({"a": 10}), seconds=2.0)
    assert list(trend.values("a")) == list(trend.total()) == [5]
    largest = Trend()
    largest.advance(counted({"a": 10, "b": 1}, "max"), seconds=2.0)
    assert list(largest.values("a")) == [10]
    assert list(largest.total()) == [0]


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
    trend.advance(counted({"a": "x"}, "value"))
    assert len(trend) == 0


ROWS = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(1, 1000)), max_size=30)


@given(ROWS, st.integers(1, 8))
def test_a_trend_is_the_tail_of_what_came(flushes: list[dict[str, int]], length: int) -> None:
    trend = Trend(length)
    for rows in flushes:
        trend.advance(counted(dict(rows)))
    tail = flushes[-length:]
    for key in "abc":
        assert list(trend.values(key)) == [rows.get(key, 0) for rows in tail]
    assert list(trend.total()) == [sum(rows.values()) for rows in tail]
    assert set(trend) == {key for rows in tail for key in rows}


@given(st.integers() | st.floats())
def test_any_number_can_be_kept(number: float) -> None:
    trend = Trend(length=2)
    trend.advance(counted({"a": number}))
    assert len(trend.values("a")) == 1


@given(st.integers(1, 200), st.integers(1, 60))
def test_peaks_cover_the_whole_length_and_all_but_the_last_stand_still(flushes: int, count: int) -> None:
    trend = Trend(60)
    shown: list[list[float]] = []
    for number in range(flushes):
        trend.advance(counted({"a": number + 1}))
        shown.append(trend.peaks("a", count))
        assert 1 <= len(shown[-1]) <= count + 1
        assert shown[-1][-1] == number + 1
        assert max(shown[-1]) == max(trend.values("a"))
    if len(shown) > 1 and len(shown[-1]) == len(shown[-2]) and flushes <= 60:
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
