"""One map of several hosts."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bttop.model.hosts.merged_maps import How, merged_map
from bttop.model.plan import Aggregation, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Bucket, Stats, Value
from tests.model.hosts.kit import data, plan


def merged(about: MapPlan, how: How, *rows: Mapping[str, Value]) -> dict[str, Value]:
    found = merged_map({f"web{at}": data(about, one) for at, one in enumerate(rows, 1)}, how)
    return dict(found.rows)


@pytest.mark.parametrize(
    ("aggregation", "one", "other", "both"),
    [
        ("count", 3, 4, 7),
        ("sum", 1.5, 2, 3.5),
        ("min", 3, 4, 3),
        ("max", 3, 4, 4),
        ("stats", Stats(1, 10, 10), Stats(3, 2, 6), Stats(4, 4, 16)),
        ("hist", (Bucket(1, 1, 2),), (Bucket(1, 1, 1), Bucket(2, 3, 5)), (Bucket(1, 1, 3), Bucket(2, 3, 5))),
    ],
)
def test_equal_keys_are_added_up_as_one_kernel_would(
    aggregation: Aggregation, one: Value, other: Value, both: Value
) -> None:
    assert merged(plan(aggregation, "comm"), "sum", {"a": one, "b": one}, {"a": other}) == {"a": both, "b": one}


def test_a_process_is_one_of_its_host_and_left_out_of_sums() -> None:
    calls = plan("count", "pid", "comm")
    one, other = {"7,nginx": 3, "8,nginx": 1}, {"7,postgres": 5}
    assert merged(calls, "usual", one, other) == {"web1,7,nginx": 3, "web1,8,nginx": 1, "web2,7,postgres": 5}
    assert merged(calls, "sum", one, other) == {"nginx": 4, "postgres": 5}


def test_a_number_without_a_key_has_one_row_per_host_and_a_histogram_one_for_all() -> None:
    assert merged(plan("count"), "usual", {"": 3}, {"": 4}) == {"web1": 3, "web2": 4}
    assert merged(plan("count"), "sum", {"": 3}, {"": 4}) == {"": 7}
    buckets = (Bucket(1, 1, 2),)
    assert merged(plan("hist"), "usual", {"": buckets}, {"": buckets}) == {"": (Bucket(1, 1, 4),)}


@pytest.mark.parametrize("about", [plan("value", "comm"), plan("tseries"), MapPlan("@m", "avg", (), "own")])
def test_values_without_a_sum_are_never_added(about: MapPlan) -> None:
    key = "a" if about.columns else ""
    found = merged_map({"web1": data(about, {key: 1}), "web2": data(about, {key: 2})}, "sum")
    assert sorted(found.rows) == (["web1,a", "web2,a"] if key else ["web1", "web2"])


def test_a_host_before_a_text_with_commas_is_split_in_one_way() -> None:
    found = merged_map({"web1": data(plan("count", "pid", "path"), {"7,/a,b": 1})}, "each")
    assert split_key("web1,7,/a,b", found.plan.columns) == (("web1", 7, "/a,b"), False)


def test_a_map_that_is_thinned_on_one_host_is_scaled() -> None:
    thinned = MapPlan("@m", "count", (), "bank", one_in=4)
    found = merged_map({"web1": data(plan("count"), {"": 1}), "web2": data(thinned, {"": 8})}, "sum")
    assert (found.plan.one_in, found.rows) == (4, {"": 9})
