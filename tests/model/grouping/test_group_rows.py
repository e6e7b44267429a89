"""Groups are what the kernel would have counted with the group as key."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.grouping.group_rows import merged, with_counts
from bttop.model.plan import Aggregation
from bttop.model.record.keys import split_key
from bttop.model.record.records import Bucket, Stats, Value
from tests.model.grouping.made import CALLS, grouped, map_of

NAMES = st.text(st.sampled_from("ab ,\nä-1"), max_size=4)
KEYS = st.builds(lambda pid, comm, call: f"{pid},{comm},{call}", st.integers(0, 9), NAMES, st.integers(0, 5))
NUMBERS = st.integers(-(2**64), 2**64)
BUCKETS = st.dictionaries(st.integers(0, 63), st.integers(1, 2**63), max_size=5).map(
    lambda found: tuple([Bucket(1 << low, (2 << low) - 1, count) for low, count in sorted(found.items())])
)


@given(st.dictionaries(KEYS, NUMBERS), st.sampled_from(["count", "sum"]), st.sampled_from(["pid", "comm", "syscall"]))
def test_counts_and_sums_are_added_and_no_row_is_lost(
    rows: dict[str, Value], aggregation: Aggregation, title: str
) -> None:
    found = grouped(map_of(rows, aggregation), title)
    assert sum(value for value in found.data.rows.values() if isinstance(value, int)) == sum(rows.values())  # type: ignore[arg-type]
    assert sorted(key for keys in found.members.values() for key in keys) == sorted(rows)
    assert found.rows == len(rows)
    index = [column.title for column in CALLS].index(title)
    assert len(found.members) == len({split_key(key, CALLS).parts[index] for key in rows})


@given(st.dictionaries(KEYS, BUCKETS))
def test_histograms_are_added_bucket_by_bucket(rows: dict[str, Value]) -> None:
    found = grouped(map_of(rows, "hist"), "comm").data.rows

    def counts(values: object) -> Counter[int]:
        total: Counter[int] = Counter()
        for value in values:  # type: ignore[attr-defined]
            for bucket in value:
                total[bucket.low] += bucket.count
        return total

    assert counts(found.values()) == counts(rows.values())
    for value in found.values():
        assert isinstance(value, tuple)
        lows = [bucket.low for bucket in value if isinstance(bucket, Bucket)]
        assert lows == sorted(set(lows), key=lambda low: low or 0)


@pytest.mark.parametrize("aggregation", ["avg", "stats"])
def test_averages_are_weighted_by_their_counts(aggregation: Aggregation) -> None:
    data = map_of({"1,dd,0": Stats(1, 100, 100), "2,dd,0": Stats(99, 0, 0)}, aggregation)
    assert grouped(data, "comm").data.rows == {"dd": Stats(100, 1, 100)}


def test_an_average_of_negative_numbers_is_cut_towards_zero() -> None:
    data = map_of({"1,dd,0": Stats(1, -3, -3), "2,dd,0": Stats(1, -2, -2)}, "stats")
    assert grouped(data, "comm").data.rows == {"dd": Stats(2, -2, -5)}


@pytest.mark.parametrize(("aggregation", "expected"), [("min", -7), ("max", 2**63)])
def test_of_extremes_the_extreme_is_shown(aggregation: Aggregation, expected: int) -> None:
    data = map_of({"1,dd,0": 2**63, "2,dd,0": -7}, aggregation)
    assert grouped(data, "comm").data.rows == {"dd": expected}


@pytest.mark.parametrize(
    ("aggregation", "values"),
    [
        ("avg", (3, 5)),
        ("value", (3, 5)),
        ("value", ("a", 5)),
        ("tseries", (((0, 1),), ((0, 2),))),
        ("sum", (3, "text")),
        ("hist", (3, (Bucket(0, 1, 1),))),
        ("hist", ((Bucket(0, 1, 1),), ("a", "b"))),
        ("stats", (Stats(1, 1, 1), 4)),
        ("max", (None, 4)),
    ],
)
def test_values_that_cannot_be_merged_are_unknown_in_a_group_and_kept_alone(
    aggregation: Aggregation, values: tuple[Value, Value]
) -> None:
    one, other = values
    found = grouped(map_of({"1,dd,0": one, "2,dd,0": other, "3,cat,0": one}, aggregation), "comm").data.rows
    assert found == {"dd": None, "cat": one}


def test_an_assigned_value_that_all_rows_share_is_that_of_the_group() -> None:
    assert merged(["x", "x"], "value") == "x"


def test_a_thinned_map_stays_scaled_and_marked() -> None:
    data = map_of({"1,dd,0": 8, "2,dd,0": 16}, one_in=8)
    found = grouped(data, "comm").data
    assert (found.rows, found.plan.one_in) == ({"dd": 24}, 8)


def test_the_number_of_rows_is_a_key_column_for_other_tools() -> None:
    found = with_counts(grouped(map_of({"1,a,b,0": 2, "2,a,b,0": 3, "3,c,0": 1}), "comm"))
    assert [column.title for column in found.plan.columns] == ["comm", "rows"]
    assert [split_key(key, found.plan.columns).parts for key in found.rows] == [("a,b", 2), ("c", 1)]
