from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.flush.contents import MapData
from bttop.model.flush.rates import amount, is_additive, rate, total
from bttop.model.format.floats import ratio
from bttop.model.plan import Aggregation, MapPlan
from bttop.model.record.records import Bucket, Stats, Value
from tests.model.samples import TEXT


def data(aggregation: Aggregation, **rows: Value) -> MapData:
    return MapData(MapPlan("@m", aggregation, (TEXT,)), "map", rows)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (-5, -5),
        (1.5, 1.5),
        (Stats(3, 2, 6), 3),
        ((Bucket(None, -1, 2), Bucket(0, 0, 3)), 5),
        ((), 0),
        ((1, 2), None),
        ("x", None),
        (True, None),
        (None, None),
        ({"a": 1}, None),
        (10**400, float("inf")),
        (-(10**400), float("-inf")),
    ],
)
def test_what_a_value_amounts_to(value: Value, expected: float | None) -> None:
    assert amount(value) == expected


def test_a_rate_is_per_second_of_the_interval() -> None:
    assert rate(5, 2.0) == 2.5
    assert rate("x", 2.0) is None
    assert rate(5, 0.0) is None


def test_rows_that_add_up_have_a_total() -> None:
    assert total(data("count", a=1, b=2)) == 3
    assert total(data("stats", a=Stats(1, 5, 5), b=Stats(2, 5, 10))) == 3
    assert total(data("max", a=1, b=2)) is None
    assert total(data("avg", a=1)) is None
    assert total(data("avg", a=Stats(4, 1, 4))) == 4
    assert total(data("max")) == 0


def test_an_average_adds_up_only_with_its_counts() -> None:
    assert is_additive(data("avg", a=Stats(4, 1, 4)))
    assert not is_additive(data("avg", a=Stats(4, 1, 4), b=1))


ANY_NUMBER = st.one_of(st.integers(), st.just(10**400), st.just(-(10**400)), st.floats())


@given(ANY_NUMBER, ANY_NUMBER)
def test_a_ratio_lies_between_nothing_and_all(part: float, whole: float) -> None:
    assert 0.0 <= ratio(part, whole) <= 1.0
