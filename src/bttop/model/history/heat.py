"""A heat map: the histograms of many flushes as columns of time and rows of values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, groupby, pairwise
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct

from bttop.model.format.floats import as_float
from bttop.model.history.course import Point
from bttop.model.record.records import Bucket, Value
from bttop.model.record.values import histogram

Ends: TypeAlias = tuple[int | None, int | None]
"""A range of values, both ends inclusive; None is an open end."""
Counts: TypeAlias = Mapping[Ends, int]
"""The counts of the buckets that counted anything."""


class Figure(Struct, frozen=True, eq=False):
    """The counts of one flush, or of merged flushes. Two figures are equal only if they are the same object, so that
    what is computed from one can be cached."""

    counts: Counts


TOGETHER: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""Numbers of flushes that a column can merge."""
_MOST_FILLED: Final = 128
"""Rows that fill a hole between two buckets at most; a larger hole is one row."""
_INFINITE: Final = float("inf")
_KEPT_COLUMNS: Final = 1024
"""Columns that are cached: those of a few panes."""


class HeatColumn(Struct, frozen=True):
    """Consecutive flushes as one column. Times are in ns on CLOCK_BOOTTIME."""

    start_ns: int
    end_ns: int
    flushes: int
    """Number of merged flushes; 0 for a gap, a time in which no flush was made."""
    seconds: float
    """Time that the flushes counted; 0 for a gap."""
    figure: Figure

    @property
    def counts(self) -> Counts:
        """The counts of its flushes together."""
        return self.figure.counts


class HeatColumns(Struct, frozen=True):
    """The columns of a heat map, oldest first."""

    columns: tuple[HeatColumn, ...]
    together: int = 1
    """Number of flushes in a full column."""
    hidden: int = 0
    """Number of older flushes for which there is no column."""


class HeatCell(NamedTuple):
    """Buckets of one column that lie in the same rows."""

    first: int
    """The lowest row."""
    end: int
    """The row above the highest one. A bucket is more than one row high if other flushes have narrower buckets."""
    count: int  # type: ignore[assignment]  # hides tuple.count


class PlacedColumn(Struct, frozen=True):
    """A column with its place among common rows."""

    cells: tuple[HeatCell, ...] = ()
    """The lowest first. Their counts add up to those of the column."""
    rates: tuple[float, ...] = ()
    """Events per second in each row; a bucket that is several rows high is divided among them."""
    quantiles: tuple[int, ...] = ()
    """The rows of the percentiles."""


class HeatGrid(Struct, frozen=True):
    """Columns with common rows."""

    columns: tuple[HeatColumn, ...]
    rows: tuple[Ends, ...]
    """Ranges of values without overlaps, the lowest first."""
    together: int
    """Number of buckets in a full row."""
    placed: tuple[PlacedColumn, ...]
    """For each column what is in its rows."""


def figure_of(values: Iterable[Value]) -> Figure:
    """The sum of histograms, without empty buckets."""
    found: dict[Ends, int] = {}
    for one in chain.from_iterable(map(histogram, values)):
        if one.count:
            ends = (one.low, one.high)
            found[ends] = found.get(ends, 0) + one.count
    return Figure(found)


def buckets_of(counts: Counts) -> tuple[Bucket, ...]:
    """Counts as a histogram, the lowest bucket first."""
    return tuple([Bucket(*ends, count) for ends, count in sorted(counts.items(), key=_by_ends)])


def added(columns: Iterable[HeatColumn]) -> Counts:
    """The counts of several columns together."""
    return _added([column.counts for column in columns])


# Columns.


def columns_of(points: Sequence[Point[Figure]], most: int, together: int = 0, expected: int = 0) -> HeatColumns:
    """At most `most` columns, each of `together` flushes; 0 chooses the smallest number that shows every flush, or
    `expected` flushes if that is more. Flushes on both sides of a gap are not merged.

    The first flush of a column has a number that is a multiple of `together`, so that columns stay the same when time
    goes on.
    """
    runs = list(_runs(points))
    chosen = together or _together(runs, most, expected)
    found = [column for run in _with_gaps(runs, chosen) for column in run]
    shown = found[max(0, len(found) - most) :]
    return HeatColumns(tuple(shown), chosen, sum(column.flushes for column in found[: len(found) - len(shown)]))


def _runs(points: Sequence[Point[Figure]]) -> Iterator[list[Point[Figure]]]:
    """The flushes between gaps: times longer than half a flush in which none was made."""
    run: list[Point[Figure]] = []
    for point in points:
        if run and (point.start_ns - run[-1].end_ns) * 2 > run[-1].end_ns - run[-1].start_ns:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def _together(runs: Sequence[Sequence[Point[Figure]]], most: int, expected: int) -> int:
    for together in TOGETHER:
        columns = sum([run[-1].number // together - run[0].number // together + 2 for run in runs]) - 1
        if max(columns, -(-expected // together)) <= most:
            return together
    return TOGETHER[-1]


def _with_gaps(runs: Sequence[Sequence[Point[Figure]]], together: int) -> Iterator[list[HeatColumn]]:
    before: Point[Figure] | None = None
    for run in runs:
        if before is not None:
            yield [HeatColumn(before.end_ns, run[0].start_ns, 0, 0.0, Figure({}))]
        yield [_column(tuple(group)) for _, group in groupby(run, lambda point: point.number // together)]
        before = run[-1]


@lru_cache(maxsize=_KEPT_COLUMNS)
def _column(points: tuple[Point[Figure], ...]) -> HeatColumn:
    """Cached, because one more flush changes only the newest column, and the oldest one."""
    figure = points[0].value if len(points) == 1 else Figure(_added([point.value.counts for point in points]))
    seconds = sum([point.seconds for point in points])
    return HeatColumn(points[0].start_ns, points[-1].end_ns, len(points), seconds, figure)


def _added(found: Sequence[Counts]) -> Counts:
    counts: dict[Ends, int] = {}
    for one in found:
        for ends, count in one.items():
            counts[ends] = counts.get(ends, 0) + count
    return counts


# Rows.


def grid_of(columns: Sequence[HeatColumn], most: int, shares: tuple[float, ...], *, is_log: bool) -> HeatGrid:
    """The columns with at most `most` rows (at least one); adjacent buckets are merged if there are too many. `is_log`
    is whether buckets grow by powers of two, as those of hist() do; `shares` are percentiles (0 to 1, ascending)."""
    every = rows_of(set().union(*[column.counts for column in columns]), is_log=is_log)
    together = max(1, -(-len(every) // max(1, most)))
    groups = [every[at : at + together] for at in range(0, len(every), together)]
    rows = tuple([(group[0][0], group[-1][1]) for group in groups])
    return HeatGrid(tuple(columns), rows, together, tuple([_placed(column, rows, shares) for column in columns]))


@lru_cache(maxsize=_KEPT_COLUMNS)
def _placed(column: HeatColumn, rows: tuple[Ends, ...], shares: tuple[float, ...]) -> PlacedColumn:
    """Cached, because the rows seldom change."""
    lows = [-_INFINITE if low is None else low for low, _ in rows]
    found: dict[tuple[int, int], int] = {}
    for ends, count in column.counts.items():
        place = _place(ends, lows)
        found[place] = found.get(place, 0) + count
    cells = tuple([HeatCell(first, end, count) for (first, end), count in sorted(found.items())])
    rates = [0.0] * len(rows)
    for first, end, count in cells:
        rate = as_float(count) / column.seconds / (end - first)
        for row in range(first, end):
            rates[row] += rate
    return PlacedColumn(cells, tuple(rates), tuple(quantile_rows(cells, shares)))


def _place(ends: Ends, lows: Sequence[float]) -> tuple[int, int]:
    """The first row of a bucket and the one above its last."""
    low, high = ends
    first = 0 if low is None else bisect_right(lows, low) - 1
    return first, len(lows) if high is None else bisect_right(lows, high)


def rows_of(used: Iterable[Ends], *, is_log: bool) -> tuple[Ends, ...]:
    """Ranges without overlaps that cover all buckets, the lowest first. A bucket that contains narrower ones is divided
    at their ends. Between two buckets that do not touch, rows of the usual width are added."""
    buckets = sorted(used, key=_limits)
    edges = sorted({edge for ends in buckets for edge in _limits(ends)})
    rows: list[Ends] = []
    reach, at = -_INFINITE, 0
    for low, end in pairwise(edges):
        while at < len(buckets) and _limits(buckets[at])[0] <= low:
            reach = max(reach, _limits(buckets[at])[1])
            at += 1
        if reach >= end:
            rows.append(_ends(low, end))
        else:
            rows += _hole(int(low), int(end), rows[-1], is_log=is_log)
    return tuple(rows)


def _limits(ends: Ends) -> tuple[float, float]:
    """The ends of a range as numbers, the upper one exclusive."""
    low, high = ends
    return -_INFINITE if low is None else low, _INFINITE if high is None else high + 1


def _ends(low: float, end: float) -> Ends:
    return None if low == -_INFINITE else int(low), None if end == _INFINITE else int(end) - 1


def _hole(low: int, end: int, below: Ends, *, is_log: bool) -> list[Ends]:
    """Rows for values that no bucket has counted."""
    edges = _powers(low, end) if is_log else _steps(low, end, below)
    return [(one, other - 1) for one, other in zip([low, *edges], [*edges, end], strict=True)]


def _powers(low: int, end: int) -> list[int]:
    """The powers of two within a range, without its ends."""
    return [power for at in range(64) if low < (power := 1 << at) < end]


def _steps(low: int, end: int, below: Ends) -> list[int]:
    """The ends of the buckets within a range, if they are as wide as the one below it."""
    step = below[1] - below[0] + 1 if below[0] is not None and below[1] is not None else end - low
    return list(range(low + step, end, step)) if (end - low) // step <= _MOST_FILLED else []


def _by_ends(item: tuple[Ends, int]) -> tuple[float, float]:
    return _limits(item[0])


# Numbers.


def quantile_rows(cells: Sequence[HeatCell], shares: Sequence[float]) -> list[int]:
    """The rows in which the percentiles of a column lie (`shares` are 0 to 1, ascending); empty without events. Of a
    bucket that is several rows high it is the middle one."""
    if not cells:
        return []
    total, below, found = as_float(sum([cell.count for cell in cells])), 0, []
    at = iter(shares)
    share: float | None = next(at)
    for cell in cells:
        below += cell.count
        while share is not None and share * total <= below:
            found.append((cell.first + cell.end - 1) // 2)
            share = next(at, None)
    return found + [cells[-1].end - 1] * (len(shares) - len(found))


def row_of(rows: Sequence[Ends], value: int) -> int:
    """The row that holds a value; the nearest one if none does. There must be a row."""
    highs = [_INFINITE if high is None else high for _, high in rows]
    return min(bisect_left(highs, value), len(rows) - 1)
