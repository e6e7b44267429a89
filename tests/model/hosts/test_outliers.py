"""Which hosts differ, and by which figures they are compared."""

from __future__ import annotations

import math

import pytest

from bttop.model.hosts.host_flush import Moment, host_flush
from bttop.model.hosts.host_totals import figures_of, host_figures, host_totals
from bttop.model.hosts.outliers import standings
from bttop.model.record.records import Bucket, Stats
from bttop.store.compare.spans import SpanMerge
from tests.model.hosts.kit import SECOND, flush, plan


def outliers(*values: float) -> list[str]:
    return [one.host for one in standings({f"web{at}": value for at, value in enumerate(values)}) if one.is_outlier]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((10, 11, 9, 10, 100), ["web4"]),
        ((10, 11, 9, 10, 0), ["web4"]),
        ((10, 11, 9, 10, 12), []),
        ((100, 100, 100, 100, 101), []),  # within a twentieth of the median
        ((0, 0, 0, 0, 7), ["web4"]),
        ((1, 1, 50), []),  # of three hosts none is one
        ((10, 11, 9, 10, math.nan), []),
    ],
)
def test_an_outlier_is_more_than_three_median_absolute_deviations_away(values: list[float], found: list[str]) -> None:
    assert outliers(*values) == found


def test_hosts_are_ranked_and_equal_ones_share_a_rank() -> None:
    found = standings({"a": 1.0, "b": 3.0, "c": 3.0, "d": math.nan})
    assert [(one.host, one.rank) for one in found] == [("b", 1), ("c", 1), ("a", 3)]


def test_the_figures_of_a_host_are_those_of_all_its_rows() -> None:
    about = plan("hist", "pid")
    one = flush(1, 1.0, {"7": (Bucket(1, 1, 90),), "8": (Bucket(512, 1023, 10),)}, about)
    other = flush(1, 1.0, {"7": (Bucket(1, 1, 100),)}, about)
    both = host_flush({"web1": one, "web2": other}, (), "usual", Moment(1, 0, SECOND, 0))
    totals = host_totals(both, "@m")
    assert totals is not None
    assert totals.rows == {"web1": (Bucket(1, 1, 90), Bucket(512, 1023, 10)), "web2": (Bucket(1, 1, 100),)}
    assert host_figures(both, "@m", "rate") == {"web1": 100.0, "web2": 100.0}
    tails = host_figures(both, "@m", "p99")
    assert tails is not None
    assert tails["web1"] > 500 > tails["web2"]
    assert host_totals(one, "@m") is None


def test_assigned_values_are_compared_if_there_is_one_for_a_host() -> None:
    about = plan("value")
    both = host_flush(
        {"a": flush(1, 1.0, {"": 5}, about), "b": flush(1, 1.0, {}, about)}, (), "usual", Moment(1, 0, 9, 0)
    )
    found = host_figures(both, "@m", "value")
    assert found is not None
    assert found["a"] == 5.0
    assert math.isnan(found["b"])
    assert figures_of(plan("stats")) == ("average", "rate")


def test_averages_are_weighted_by_their_counts() -> None:
    about = plan("stats", "comm")
    one = flush(1, 1.0, {"a": Stats(1, 100, 100), "b": Stats(9, 0, 0)}, about)
    both = host_flush({"web1": one}, (), "usual", Moment(1, 0, SECOND, 0))
    assert host_figures(both, "@m", "average") == {"web1": 10.0}


def test_in_a_span_the_hosts_are_those_of_the_keys() -> None:
    about = plan("count", "comm")
    parts = {"web1": flush(1, 1.0, {"a": 3, "b": 1}, about), "web2": flush(1, 1.0, {"a": 5}, about)}
    aligned = host_flush(parts, ("web3",), "each", Moment(1, 0, SECOND, 0))
    merge = SpanMerge()
    merge.add(aligned)
    span = merge.result()
    (merged,) = span.flushes
    assert span.notes == ("a host is missing in 1 of 1 flushes",)
    assert host_figures(merged, "@m", "rate") is None
    assert host_figures(merged, "@m", "rate", merged.maps["@m"]) == {"web1": 4.0, "web2": 5.0}
