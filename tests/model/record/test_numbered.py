from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.plan import MapPlan, Numbered, Plan
from bttop.model.record.numbered import histograms
from bttop.model.record.records import Bucket, MapRecord, Undecodable
from bttop.model.record.values import MisfitError
from tests.model.samples import STACK, TEXT, decoded

POWERS = Numbered()
TENS = Numbered(0, 40, 10)


def one(number: int, numbered: Numbered) -> Bucket:
    return histograms([(str(number), 1)], numbered)[""][0]


def plan(numbered: Numbered, *columns: object) -> Plan:
    one_map = MapPlan("@", "hist", columns, "bank", numbered=numbered)  # type: ignore[arg-type]
    return Plan({"@": one_map}, {"@__bt_a0": "@"}, ("a",))


def ends_of(number: int, numbered: Numbered) -> tuple[int | None, int | None]:
    bucket = one(number, numbered)
    return bucket.low, bucket.high


def test_the_buckets_of_hist_follow_each_other_by_powers_of_two() -> None:
    ends = [ends_of(number, POWERS) for number in range(6)]
    assert ends == [(None, -1), (0, 0), (1, 1), (2, 3), (4, 7), (8, 15)]
    assert ends_of(64, POWERS) == (1 << 62, (1 << 63) - 1)


def test_the_buckets_of_lhist_have_open_ends() -> None:
    ends = [ends_of(number, TENS) for number in range(6)]
    assert ends == [(None, -1), (0, 9), (10, 19), (20, 29), (30, 39), (40, None)]


@given(st.integers(1, (1 << 63) - 1))
def test_every_positive_value_lies_in_the_bucket_of_its_number(value: int) -> None:
    low, high = ends_of(value.bit_length() + 1, POWERS)
    assert low is not None
    assert high is not None
    assert low <= value <= high


def test_empty_buckets_stand_between_those_in_use_and_not_outside() -> None:
    found = histograms([("sh,4", 2), ("sh,2", 1), ("sh,9", 0), ("ls,1", 3)], POWERS)
    assert found == {"sh": (Bucket(1, 1, 1), Bucket(2, 3, 0), Bucket(4, 7, 2)), "ls": (Bucket(0, 0, 3),)}


@pytest.mark.parametrize("key", ["", "sh", "sh,", "sh,-1", "sh,65", "1.5", "sh,²", "9" * 40])
def test_a_key_that_ends_in_no_number_of_a_bucket_is_a_misfit(key: str) -> None:
    with pytest.raises(MisfitError):
        histograms([(key, 1)], POWERS)


def test_a_print_by_numbers_is_read_as_the_histogram_that_it_is() -> None:
    line = '{"type": "map", "data": {"@__bt_a0": {"a,b,2": 3, "a,b,3": 1, "c,1": 7}}}'
    record = decoded(line, "0.23", plan(POWERS, TEXT))
    assert isinstance(record, MapRecord)
    assert (record.kind, record.keyed, record.ambiguous) == ("hist", True, False)
    assert record.rows == {"a,b": (Bucket(1, 1, 3), Bucket(2, 3, 1)), "c": (Bucket(0, 0, 7),)}


def test_a_histogram_without_a_key_has_one_row() -> None:
    record = decoded('{"type": "map", "data": {"@__bt_a0": {"1": 3, "5": 2}}}', "0.23", plan(TENS))
    assert isinstance(record, MapRecord)
    assert not record.keyed
    assert [bucket.count for bucket in record.rows[""]] == [3, 0, 0, 0, 2]  # type: ignore[union-attr]


@pytest.mark.parametrize(("columns", "ambiguous"), [((STACK,), False), ((TEXT,), True)])
def test_equal_keys_of_one_print_add_up(columns: tuple[object, ...], ambiguous: bool) -> None:
    line = '{"type": "map", "data": {"@__bt_a0": {"\\nx\\n,2": 3, "\\nx\\n,2": 1}}}'
    record = decoded(line, "0.23", plan(POWERS, *columns))
    assert isinstance(record, MapRecord)
    assert record.rows == {"\nx\n": (Bucket(1, 1, 4),)}
    assert record.ambiguous is ambiguous


@pytest.mark.parametrize("data", ['{"x": 1}', '{"1": "x"}', "3"])
def test_what_does_not_fit_is_undecodable(data: str) -> None:
    line = f'{{"type": "map", "data": {{"@__bt_a0": {data}}}}}'
    assert isinstance(decoded(line, "0.23", plan(POWERS)), Undecodable)
