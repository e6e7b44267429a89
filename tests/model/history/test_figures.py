"""The numbers of a row over time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.flush.contents import MapData
from bttop.model.history.figures import NOTHING, PERCENTILES, Number, Reading, numbers_of, read_number
from bttop.model.plan import Aggregation, Column, MapPlan
from bttop.model.record.records import Bucket, Stats, Value

HIST = (Bucket(4, 7, 90), Bucket(8, 15, 10))


def data_of(aggregation: Aggregation, rows: dict[str, Value]) -> MapData:
    return MapData(MapPlan("@m", aggregation, (Column("comm", "text"),), "bank"), "map", rows)


@pytest.mark.parametrize(
    ("aggregation", "value", "number", "read"),
    [
        ("count", 500, "rate", 250.0),
        ("sum", 4096, "rate", 2048.0),
        ("max", 7, "value", 7.0),
        ("value", -3, "value", -3.0),
        ("stats", Stats(10, 8, 80), "rate", 5.0),
        ("stats", Stats(10, 8, 80), "average", 8.0),
        ("stats", Stats(10, 8, 80), "sum", 40.0),
        ("hist", HIST, "rate", 50.0),
    ],
)
def test_a_number_is_read_as_the_table_shows_it(
    aggregation: Aggregation, value: Value, number: Number, read: float
) -> None:
    data = data_of(aggregation, {"a": value})
    assert (number,) in numbers_of(data, "a")
    assert read_number(data, "a", number, 2.0) == Reading(read)


def test_a_percentile_has_the_range_that_holds_it() -> None:
    data = data_of("hist", {"a": HIST})
    assert numbers_of(data, "a")[0] == PERCENTILES
    for number, low, high in (("p50", 4, 7), ("p99", 8, 15)):
        found = read_number(data, "a", number, 1.0)  # type: ignore[arg-type]
        assert found.range is not None
        assert (found.range.low, found.range.high) == (low, high)
        assert low <= found.value <= high


def test_the_total_is_that_of_all_rows() -> None:
    assert read_number(data_of("count", {"a": 5, "b": 7}), "a", "total", 2.0) == Reading(6.0)
    assert read_number(data_of("max", {"a": 5}), "a", "total", 2.0) is NOTHING


@pytest.mark.parametrize(("aggregation", "number"), [("count", "rate"), ("stats", "rate"), ("hist", "rate")])
def test_a_row_that_is_not_there_has_the_rate_0(aggregation: Aggregation, number: Number) -> None:
    assert read_number(data_of(aggregation, {}), "gone", number, 1.0) == Reading(0.0)


@pytest.mark.parametrize(("aggregation", "number"), [("max", "value"), ("hist", "p50"), ("stats", "average")])
def test_a_row_that_is_not_there_has_no_other_number(aggregation: Aggregation, number: Number) -> None:
    assert math.isnan(read_number(data_of(aggregation, {}), "gone", number, 1.0).value)


def test_after_a_change_of_the_aggregation_there_is_no_number_instead_of_a_wrong_one() -> None:
    counted, stats = data_of("count", {"a": 5}), data_of("stats", {"a": Stats(1, 2, 2)})
    assert math.isnan(read_number(counted, "a", "p99", 1.0).value)
    assert math.isnan(read_number(counted, "a", "average", 1.0).value)
    assert math.isnan(read_number(stats, "a", "p50", 1.0).value)


def test_text_has_no_number() -> None:
    assert numbers_of(data_of("value", {"a": "text"}), "a") == ()


@given(st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.just(HIST), st.just(10**400)), st.floats(0, 10))
def test_any_value_can_be_read(value: Value, seconds: float) -> None:
    aggregations: tuple[Aggregation, ...] = ("count", "sum", "max", "stats", "hist", "value")
    numbers: tuple[Number, ...] = ("rate", "value", "average", "sum", "p90", "total")
    for aggregation in aggregations:
        data = data_of(aggregation, {"a": value})
        for number in numbers:
            assert isinstance(read_number(data, "a", number, seconds).value, float)
