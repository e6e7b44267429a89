"""The last minute of every row: a small ring buffer of numbers per key."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest

from bttop.model.flush.contents import MapData
from bttop.model.flush.rates import amount, is_additive, total
from bttop.model.record.records import Value

FOLLOWED = 512
"""Up to this number of rows in a map, every row has a trend from its first flush on."""

DEFAULT_LENGTH = 60
"""Number of flushes that a trend keeps."""

NOTHING = math.nan
"""The value for a flush that has no value of a key."""


def known(values: Sequence[float]) -> Sequence[float]:
    """The values without those of flushes that have none (NaN)."""
    # One sum shows whether there are any: this runs for every row on screen.
    return [value for value in values if value == value] if math.isnan(sum(values)) else values


class _Ring:
    """The values of one key, by flush modulo the length. Slots of flushes without the key are cleared at the next
    write."""

    __slots__ = ("last", "values")

    def __init__(self, length: int, absent: float = 0.0) -> None:
        # Four bytes per value: seven digits are more than a chart cell can show.
        self.values = array("f", [absent]) * length
        self.last = -1


class Trend:
    """The values of the rows of one map in the last flushes.

    Rows that add up are stored per second, others unchanged. If a key has no row in a flush, its value is zero if rows
    add up; otherwise, as with a maximum, it has no value (NaN).
    """

    def __init__(self, length: int = DEFAULT_LENGTH) -> None:
        self._length = max(1, length)
        self._flushes = 0
        self._absent = 0.0
        # Ordered by last activity, so that silent keys are at the front.
        self._rings: dict[str, _Ring] = {}
        self._total = _Ring(self._length)
        self._seconds = _Ring(self._length)

    @property
    def length(self) -> int:
        """How many flushes are kept."""
        return self._length

    def __len__(self) -> int:
        return len(self._rings)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rings)

    def advance(self, data: MapData, seconds: float = 1.0) -> None:
        """Add the map of the next flush, which was `seconds` long."""
        adds_up = is_additive(data)
        divisor = seconds if adds_up and seconds > 0 else 1.0
        self._absent = 0.0 if adds_up else NOTHING
        for key, value in self._followed(data):
            found = amount(value)
            if found is not None:
                ring = self._rings.pop(key, None) or _Ring(self._length, self._absent)
                self._rings[key] = ring
                self._write(ring, found / divisor, self._absent)
        self._write(self._seconds, max(seconds, 0.0), 0.0)
        self._write(self._total, (total(data) or 0.0) / divisor, 0.0)
        self._flushes += 1
        self._drop_silent()

    def _followed(self, data: MapData) -> Iterable[tuple[str, Value]]:
        """The rows to store: all rows of a small map; of a large map those already stored and the largest. The
        thousands of short-lived rows below them would cost more than everything else and are rarely looked at."""
        rows = data.rows
        if len(rows) <= FOLLOWED:
            return rows.items()
        largest = nlargest(FOLLOWED, [amount(value) or 0.0 for value in rows.values()])[-1]
        return [pair for pair in rows.items() if pair[0] in self._rings or (amount(pair[1]) or 0.0) >= largest]

    def values(self, key: str) -> array[float]:
        """The values of a key, oldest first: one per flush, at most `length`."""
        ring = self._rings.get(key)
        return self._read(ring, self._absent) if ring else array("f", [self._absent]) * self._span()

    def mean(self, key: str) -> float | None:
        """The mean of a key, weighted by the length of the flushes that have a value of it; None if there is none."""
        lengths = self._read(self._seconds, 0.0)
        pairs = [pair for pair in zip(self.values(key), lengths, strict=True) if not math.isnan(pair[0])]
        time = sum(seconds for _, seconds in pairs)
        if time > 0:
            return sum(value * seconds for value, seconds in pairs) / time
        return sum(value for value, _ in pairs) / len(pairs) if pairs else None

    def peaks(self, key: str, count: int) -> list[float]:
        """The whole trend in at most `count` values, each the largest of some consecutive flushes.

        The grouping of flushes does not move with time: all values but the last stay unchanged until their flushes
        leave the trend.
        """
        values, together = self.values(key), -(-self._length // max(1, count))
        if together <= 1:
            return list(values)
        first = self._flushes - len(values)
        starts = [0, *range(together - first % together, len(values), together)]
        parts = [values[a:b] for a, b in zip(starts, [*starts[1:], len(values)], strict=True) if b > a]
        return [max(known(part), default=NOTHING) for part in parts]

    def total(self) -> array[float]:
        """The total of all rows, oldest first; zero if rows do not add up."""
        return self._read(self._total, 0.0)

    def _span(self) -> int:
        return min(self._flushes, self._length)

    def _write(self, ring: _Ring, value: float, absent: float) -> None:
        for silent in range(max(ring.last + 1, self._flushes - self._length + 1), self._flushes):
            ring.values[silent % self._length] = absent
        ring.values[self._flushes % self._length] = value
        ring.last = self._flushes

    def _read(self, ring: _Ring, absent: float) -> array[float]:
        first = self._flushes - self._span()
        start = first % self._length
        # Slices, because this runs for every row on screen.
        found = (ring.values[start:] + ring.values[:start])[: self._span()]
        for silent in range(max(ring.last + 1, first), self._flushes):
            found[silent - first] = absent
        return found

    def _drop_silent(self) -> None:
        oldest = self._flushes - self._length
        silent = []
        for key, ring in self._rings.items():
            if ring.last >= oldest:
                break
            silent.append(key)
        for key in silent:
            del self._rings[key]
