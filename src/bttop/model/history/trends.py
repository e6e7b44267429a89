"""The last minute of every row: its value in each of the last flushes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice

from bttop.model.flush.contents import MapData
from bttop.model.flush.rates import amount, is_additive
from bttop.model.format.floats import as_float
from bttop.model.history.course import Point
from bttop.model.record.records import Value

FOLLOWED = 256
"""About this number of the largest rows of a map have a trend from their first flush on; smaller rows have it from when
they are drawn."""

REMEMBERED = 10
"""Number of flushes after its last drawing for which a small row of a large map is still stored."""

DEFAULT_LENGTH = 60
"""Number of flushes that a trend keeps."""

NOTHING = math.nan
"""The value for a flush that has no value of a key."""

_BELOW_ALL = -math.inf


class Trend:
    """The values of the rows of one map in the last flushes.

    Rows that add up are stored per second, others unchanged. If a key has no row in a flush, its value is zero if rows
    add up; otherwise, as with a maximum, it has no value (NaN).

    A flush is stored with few operations on all rows at once: the values of a row are collected when it is drawn.
    """

    def __init__(self, length: int = DEFAULT_LENGTH) -> None:
        self._length = max(1, length)
        self._flushes = 0
        self._absent = 0.0
        self._moments: deque[Mapping[str, float]] = deque(maxlen=self._length)
        """The stored rows of each flush."""
        self._seconds: deque[float] = deque(maxlen=self._length)
        self._least = math.inf
        """The value above which rows of a large map are stored."""
        self._drawn: dict[str, int] = {}
        """The number of flushes when the values of a key were last asked for: such rows are stored, large or not."""

    @classmethod
    def of_points(cls, points: Sequence[Point[Mapping[str, float]]], *, adds_up: bool) -> Trend:
        """The trend of a course whose figures are those of `moment_of`, oldest first."""
        trend = cls()
        trend._absent = 0.0 if adds_up else NOTHING
        trend._moments.extend(point.value for point in points)
        trend._seconds.extend(point.seconds for point in points)
        trend._flushes = points[-1].number + 1 if points else 0
        return trend

    @property
    def length(self) -> int:
        """How many flushes are kept."""
        return self._length

    def advance(self, data: MapData, seconds: float = 1.0) -> None:
        """Add the map of the next flush, which was `seconds` long."""
        adds_up = is_additive(data)
        self._absent = 0.0 if adds_up else NOTHING
        rows = _amounts(data.rows)
        if len(rows) > FOLLOWED:
            rows = self._followed(rows)
        rows = _divided(rows, seconds if adds_up and seconds > 0 else 1.0)
        self._moments.append(_sharing_keys(rows, self._moments[-1]) if self._moments else rows)
        self._seconds.append(max(seconds, 0.0))
        self._flushes += 1
        self._drawn = {key: at for key, at in self._drawn.items() if at > self._flushes - REMEMBERED}

    def _followed(self, rows: Mapping[str, float]) -> Mapping[str, float]:
        """About FOLLOWED of the largest rows, and those that were drawn: the thousands below them are rarely looked
        at."""
        found = {key: value for key, value in rows.items() if value > self._least}
        # Sorting all rows takes as long as everything else, and a limit is good for many flushes.
        if not FOLLOWED // 2 <= len(found) <= 2 * FOLLOWED:
            self._least = sorted(rows.values())[-FOLLOWED]
            found = {key: value for key, value in rows.items() if value > self._least}
            ties = ((key, value) for key, value in rows.items() if value == self._least)
            found.update(islice(ties, FOLLOWED - len(found)))
        found.update([(key, rows[key]) for key in self._drawn if key in rows])
        return found

    def values(self, key: str) -> list[float]:
        """The values of a key, oldest first: one per flush, at most `length`."""
        self._drawn[key] = self._flushes
        absent = self._absent
        return [rows.get(key, absent) for rows in self._moments]

    def mean(self, key: str) -> float | None:
        """The mean of a key, weighted by the length of the flushes that have a value of it; None if there is none."""
        pairs = [pair for pair in zip(self.values(key), self._seconds, strict=True) if not math.isnan(pair[0])]
        time = sum(seconds for _, seconds in pairs)
        if time > 0:
            return sum(value * seconds for value, seconds in pairs) / time
        return sum(value for value, _ in pairs) / len(pairs) if pairs else None

    def peaks(self, key: str, count: int) -> list[float]:
        """The whole trend in `count` values, or one more at its end, each the largest of some consecutive flushes.

        A young trend has small groups, so that it uses the whole width. The grouping of flushes does not move with time
        until the groups must grow: all values but the last stay unchanged until their flushes leave the trend.
        """
        values = self.values(key)
        together = -(-len(values) // max(1, count))
        if together <= 1 or not values:
            return values
        if self._absent != 0:
            values = [_BELOW_ALL if value != value else value for value in values]
        before = (self._flushes - len(values)) % together
        after = -self._flushes % together
        padded = [_BELOW_ALL] * before + values + [_BELOW_ALL] * after
        # All groups at once, because this runs for every row on screen.
        peaks = list(map(max, *[padded[at::together] for at in range(together)]))
        return peaks if self._absent == 0 else [NOTHING if peak == _BELOW_ALL else peak for peak in peaks]


def moment_of(data: MapData, seconds: float) -> Mapping[str, float]:
    """The value of each row of a flush that was `seconds` long, as a trend shows it."""
    return _divided(_amounts(data.rows), seconds if is_additive(data) and seconds > 0 else 1.0)


def _amounts(rows: Mapping[str, Value]) -> Mapping[str, float]:
    """The amount of each row that has one."""
    if set(map(type, rows.values())) == {int}:
        return rows  # type: ignore[return-value]  # the usual case, which is faster this way
    return {key: found for key, value in rows.items() if (found := amount(value)) is not None}


def _divided(rows: Mapping[str, float], seconds: float) -> Mapping[str, float]:
    """The rows per second, as floats."""
    try:
        return {key: value / seconds for key, value in rows.items()}
    except OverflowError:
        return {key: as_float(value) / seconds for key, value in rows.items()}


def _sharing_keys(rows: Mapping[str, float], before: Mapping[str, float]) -> Mapping[str, float]:
    """The rows with the key objects of the flush before: stacks take kilobytes."""
    found = dict(before)
    found.update(rows)  # this keeps the objects of equal keys
    for key in before.keys() - rows.keys():
        del found[key]
    return found
