"""What is chance and what is not."""

from __future__ import annotations

import random

import pytest

from bttop.model.record.records import Bucket
from bttop.store.compare.significance import Count, dispersion, least_score, rate_score, shift


def counted(amounts: list[int], seconds: float = 1.0) -> Count:
    squares = sum(amount**2 / seconds for amount in amounts)
    return Count(sum(amounts), seconds * len(amounts), squares, len(amounts))


def poisson(rate: float, flushes: int, seed: int) -> list[int]:
    """Counts of a steady stream, by the waiting times between its events."""
    rng = random.Random(seed)
    found = []
    for _ in range(flushes):
        at, count = rng.expovariate(rate), 0
        while at < 1:
            at, count = at + rng.expovariate(rate), count + 1
        found.append(count)
    return found


def test_a_steady_stream_has_no_dispersion_and_bursts_have() -> None:
    assert dispersion(counted(poisson(50, 400, 1))) == pytest.approx(1, abs=0.2)
    assert dispersion(counted([0, 0, 0, 1000] * 100)) == pytest.approx(750, rel=0.05)


def test_the_score_of_equal_streams_is_standard_normal() -> None:
    scores = [rate_score(counted(poisson(20, 20, seed)), counted(poisson(20, 40, seed + 1000))) for seed in range(300)]
    mean = sum(scores) / len(scores)
    assert mean == pytest.approx(0, abs=0.2)
    assert sum((score - mean) ** 2 for score in scores) / len(scores) == pytest.approx(1, abs=0.25)


def test_a_real_change_scores_high_in_its_direction() -> None:
    few, many = counted(poisson(20, 60, 3)), counted(poisson(40, 60, 4))
    assert rate_score(few, many) > 10
    assert rate_score(many, few) < -10


def test_small_counts_and_single_bursts_score_low() -> None:
    assert abs(rate_score(counted([0] * 60), counted([1, 0, 2] + [0] * 57))) < 2.58
    burst = counted([0] * 30 + [1_000_000] + [0] * 29)
    assert abs(rate_score(counted([0] * 60), burst)) < 2.58


def test_sums_of_bytes_are_judged_by_how_they_vary_not_by_their_size() -> None:
    before, after = (
        counted([4096 * one for one in poisson(20, 60, 5)]),
        counted([4096 * one for one in poisson(20, 60, 6)]),
    )
    assert abs(rate_score(before, after)) < 4
    grown = counted([4096 * one for one in poisson(40, 60, 7)])
    assert rate_score(before, grown) > 10


def test_windows_without_time_say_nothing() -> None:
    assert rate_score(Count(0, 0, 0, 0), counted([5] * 10)) == 0


def test_more_keys_need_more_evidence() -> None:
    assert least_score(1) == pytest.approx(2.576, abs=0.001)
    assert least_score(4000) == pytest.approx(4.708, abs=0.01)
    assert least_score(0) == least_score(1)


def hist(*counts: int) -> list[Bucket]:
    return [Bucket(1 << at, (2 << at) - 1, count) for at, count in enumerate(counts)]


def test_a_shift_of_a_histogram_is_told_from_chance() -> None:
    same = shift(hist(100, 200, 100), hist(110, 195, 95))
    assert not same.is_real
    moved = shift(hist(100, 200, 100, 0), hist(0, 100, 200, 100))
    assert moved.is_real
    assert moved.distance == pytest.approx(0.5)


def test_the_same_shape_of_few_events_is_no_shift() -> None:
    assert not shift(hist(1, 0, 0), hist(0, 0, 1)).is_real
    assert not shift(hist(100, 200, 100, 0), hist(0, 100, 200, 100), spread=1000).is_real
    assert not shift([], hist(1)).is_real


def test_open_buckets_count_as_the_last() -> None:
    assert shift([Bucket(0, 9, 500)], [Bucket(0, 9, 250), Bucket(10, None, 250)]).distance == pytest.approx(0.5)
