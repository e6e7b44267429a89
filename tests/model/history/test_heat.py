"""Heat maps: every event is in a cell, whatever the buckets and the flushes are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.format.percentiles import quantile
from bttop.model.history.course import Point
from bttop.model.history.heat import (
    Ends,
    Figure,
    HeatColumns,
    HeatGrid,
    added,
    buckets_of,
    columns_of,
    figure_of,
    grid_of,
    row_of,
    rows_of,
)
from bttop.model.record.records import Bucket
from tests.ui.scenes import SECOND, START

SHARES = (0.5, 0.9, 0.99)
POWERS = st.lists(st.integers(0, 2**64), min_size=1, max_size=40).map(
    lambda counts: (Bucket(None, -1, counts[0]), *[Bucket(2**n, 2 ** (n + 1) - 1, c) for n, c in enumerate(counts)])
)
STEPS = st.builds(
    lambda low, step, counts: (
        Bucket(None, low - 1, counts[0]),
        *[Bucket(low + n * step, low + (n + 1) * step - 1, count) for n, count in enumerate(counts)],
        Bucket(low + len(counts) * step, None, counts[-1]),
    ),
    st.integers(-50, 50),
    st.integers(1, 7),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=12),
)


def points(*histograms: tuple[Bucket, ...], length: int = SECOND) -> list[Point[Figure]]:
    """One flush after the other."""
    return [
        Point(number, 1, START + number * length, START + (number + 1) * length, figure_of([found]))
        for number, found in enumerate(histograms)
    ]


def at(number: int, found: tuple[Bucket, ...], start: int, end: int) -> Point[Figure]:
    """A flush at seconds of its own."""
    return Point(number, 1, START + start * SECOND, START + end * SECOND, figure_of([found]))


def grid(found: HeatColumns, most: int = 100, *, is_log: bool = True) -> HeatGrid:
    return grid_of(found.columns, most, SHARES, is_log=is_log)


def counted(found: HeatGrid) -> int:
    return sum(cell.count for placed in found.placed for cell in placed.cells)


ONE = (Bucket(8, 15, 3),)


@given(st.lists(POWERS | STEPS, max_size=12), st.integers(1, 40), st.integers(1, 60), st.sampled_from([0, 1, 2, 5, 60]))
def test_the_cells_add_up_to_the_counts_of_the_histograms(
    found: list[tuple[Bucket, ...]], width: int, height: int, together: int
) -> None:
    columns = columns_of(points(*found), width, together)
    drawn = grid(columns, height)
    shown = found[columns.hidden :]
    assert counted(drawn) == sum(bucket.count for one in shown for bucket in one)
    assert len(columns.columns) <= width and len(drawn.rows) <= height
    assert sum(column.flushes for column in columns.columns) + columns.hidden == len(found)
    for placed in drawn.placed:
        assert all(0 <= cell.first < cell.end <= len(drawn.rows) for cell in placed.cells)


@given(st.lists(POWERS | STEPS, min_size=1, max_size=6), st.booleans())
def test_rows_have_no_overlap_and_cover_every_bucket(found: list[tuple[Bucket, ...]], is_log: bool) -> None:
    used = {(bucket.low, bucket.high) for one in found for bucket in one}
    rows = rows_of(used, is_log=is_log)
    for below, above in pairwise(rows):
        assert below[1] is not None and above[0] == below[1] + 1
    for low, high in used:
        assert (low is None and rows[0][0] is None) or any(row[0] == low for row in rows)
        assert (high is None and rows[-1][1] is None) or any(row[1] == high for row in rows)


@given(POWERS)
def test_percentiles_lie_in_the_rows_of_their_buckets(found: tuple[Bucket, ...]) -> None:
    drawn = grid(columns_of(points(found), 10))
    expected = [quantile(found, share) for share in SHARES]
    rows = [drawn.rows[row] for row in drawn.placed[0].quantiles]
    assert rows == [(one.low, one.high) for one in expected if one is not None]


def test_holes_between_buckets_have_rows_of_the_usual_width() -> None:
    hist: set[Ends] = {(0, 0), (8, 15)}
    assert rows_of(hist, is_log=True) == ((0, 0), (1, 1), (2, 3), (4, 7), (8, 15))
    lhist: set[Ends] = {(0, 9), (40, 49), (10**9, None)}
    rows = rows_of(lhist, is_log=False)
    assert rows == ((0, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 10**9 - 1), (10**9, None))


def test_a_bucket_that_contains_narrower_ones_is_divided_among_their_rows() -> None:
    coarse, fine = (Bucket(0, 9, 10), Bucket(10, None, 4)), (Bucket(0, 4, 6), Bucket(5, 9, 1), Bucket(20, None, 2))
    drawn = grid(columns_of(points(coarse, fine), 10), is_log=False)
    assert drawn.rows == ((0, 4), (5, 9), (10, 19), (20, None))
    assert [cell.count for cell in drawn.placed[0].cells] == [10, 4]
    assert drawn.placed[0].rates == (5.0, 5.0, 2.0, 2.0)
    assert drawn.placed[1].rates == (6.0, 1.0, 0.0, 2.0)


def test_a_gap_is_a_column_of_its_own_and_is_never_merged_over() -> None:
    found = columns_of([at(0, ONE, 0, 1), at(1, ONE, 1, 2), at(2, ONE, 8, 9), at(3, ONE, 9, 10)], 20, 5)
    assert [(column.flushes, column.seconds) for column in found.columns] == [(2, 2.0), (0, 0.0), (2, 2.0)]
    gap = found.columns[1]
    assert (gap.start_ns, gap.end_ns) == (START + 2 * SECOND, START + 8 * SECOND)


def test_rates_divide_by_the_length_of_each_flush() -> None:
    found = columns_of([at(0, ONE, 0, 1), at(1, ONE, 1, 11)], 20)
    assert [placed.rates for placed in grid(found).placed] == [(3.0,), (pytest.approx(0.3),)]


def test_columns_stay_the_same_while_time_goes_on() -> None:
    flushes = points(*[ONE] * 100)
    before, after = columns_of(flushes[:97], 15), columns_of(flushes[:98], 15)
    assert before.together == after.together == 10
    assert before.columns[:-1] == after.columns[:-1]


def test_so_many_flushes_are_merged_that_all_are_shown() -> None:
    flushes = points(*[ONE] * 600)
    assert [columns_of(flushes, width).together for width in (700, 400, 70, 15, 1)] == [1, 2, 10, 60, 600]
    assert columns_of(flushes[:10], 70, expected=600).together == 10
    assert columns_of([], 70).columns == ()


def test_flushes_without_a_column_are_counted() -> None:
    found = columns_of(points(*[ONE] * 30), 10, 1)
    assert (len(found.columns), found.hidden) == (10, 20)


def test_the_sum_of_columns_is_one_histogram() -> None:
    found = columns_of(points(ONE, (Bucket(1, 1, 2), Bucket(8, 15, 1))), 10)
    assert buckets_of(added(found.columns)) == (Bucket(1, 1, 2), Bucket(8, 15, 4))


def test_a_value_has_a_row() -> None:
    rows: tuple[Ends, ...] = ((None, -1), (0, 9), (10, None))
    assert [row_of(rows, value) for value in (-5, 0, 9, 10, 10**20)] == [0, 1, 1, 2, 2]
    assert row_of(((0, 9),), 50) == 0
