from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.format.percentiles import Scale, quantile, scale_of
from bttop.model.record.records import Bucket


def test_a_histogram_without_events_has_no_percentiles() -> None:
    assert quantile((), 0.5) is None
    assert quantile((Bucket(0, 0, 0),), 0.5) is None


def test_percentiles_lie_in_the_bucket_that_holds_their_rank() -> None:
    buckets = (Bucket(1, 1, 50), Bucket(2, 3, 40), Bucket(4, 7, 9), Bucket(8, 15, 1))
    found = [quantile(buckets, share) for share in (0.5, 0.9, 0.99)]
    assert [one and (one.low, one.high) for one in found] == [(1, 1), (2, 3), (4, 7)]


def test_a_value_is_interpolated_by_the_histograms_scale() -> None:
    bucket = (Bucket(16, 31, 10),)
    logarithmic, linear = quantile(bucket, 0.5, "log"), quantile(bucket, 0.5, "linear")
    assert logarithmic is not None
    assert linear is not None
    assert logarithmic.value == pytest.approx(math.sqrt(16 * 31))
    assert linear.value == pytest.approx(23.5)


def test_only_lhist_is_linear() -> None:
    assert [scale_of(aggregation) for aggregation in ("lhist", "hist")] == ["linear", "log"]


def test_a_bucket_of_one_value_is_that_value() -> None:
    found = quantile((Bucket(0, 0, 5),), 0.9)
    assert found == (0.0, 0, 0)


@pytest.mark.parametrize(
    ("bucket", "value"), [(Bucket(None, -1, 5), -1), (Bucket(100, None, 5), 100), (Bucket(None, None, 5), 0)]
)
def test_an_open_bucket_gives_its_known_end_and_says_so(bucket: Bucket, value: float) -> None:
    found = quantile((bucket,), 0.5)
    assert found is not None
    assert found.value == value
    assert None in (found.low, found.high)


HISTOGRAMS = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 10**20)), min_size=1).map(
    lambda counts: tuple(
        Bucket(0 if index == 0 else 1 << (index - 1), 0 if index == 0 else (1 << index) - 1, count)
        for index, (_, count) in enumerate(counts)
    )
)
SCALES = st.sampled_from(["log", "linear"])


@given(HISTOGRAMS, st.floats(0, 1), SCALES)
def test_a_quantile_lies_between_the_ends_of_its_bucket(
    buckets: tuple[Bucket, ...], share: float, scale: Scale
) -> None:
    found = quantile(buckets, share, scale)
    if found is None:
        assert not any(bucket.count for bucket in buckets)
    else:
        assert found.low is not None
        assert found.high is not None
        assert float(found.low) <= found.value <= float(found.high)


@given(HISTOGRAMS, st.floats(0, 1), st.floats(0, 1), SCALES)
def test_quantiles_rise_with_their_share(
    buckets: tuple[Bucket, ...], first: float, second: float, scale: Scale
) -> None:
    low, high = quantile(buckets, min(first, second), scale), quantile(buckets, max(first, second), scale)
    if low is not None and high is not None:
        assert low.value <= high.value * (1 + 1e-9)


def test_counts_that_no_kernel_has_still_have_percentiles() -> None:
    monstrous = [Bucket(1, 1, 10**400), Bucket(2, 3, 5), Bucket(4, 7, 10**400)]
    found = quantile(monstrous, 0.5)
    assert found is not None
    assert 1 <= found.value <= 7
