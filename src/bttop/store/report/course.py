"""A map over time: amounts in equal bins, so that charts of a minute and of a day have as many points."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence

from bttop.model.flush.contents import MapData
from bttop.model.flush.rates import amount, is_additive
from bttop.model.format.floats import as_float
from bttop.model.record.records import Bucket, Value
from bttop.model.record.values import histogram

MOST_BINS = 96
_MOST_BUCKETS = 2_000
"""Most different buckets of one heat map; a normal script has fewer."""
_LARGE = 1 << 63
"""Smaller numbers can be converted to float."""

Ends = tuple[int | None, int | None]


class Bins:
    """A period of time in equal bins. Times are CLOCK_BOOTTIME in ns."""

    def __init__(self, begin_ns: int, end_ns: int, interval_ns: int) -> None:
        """No bin is shorter than an interval, or there would be gaps between the flushes."""
        self.begin_ns = begin_ns
        self.end_ns = max(end_ns, begin_ns + 1)
        self.count = max(1, min(MOST_BINS, (self.end_ns - begin_ns) // max(interval_ns, 1)))
        self.width_ns = (self.end_ns - begin_ns) / self.count

    def shares(self, start_ns: int, end_ns: int) -> Iterator[tuple[int, float]]:
        """Yield the bins that a flush covers, each with the share (0 to 1) of the flush that is in it."""
        start, end = start_ns - self.begin_ns, end_ns - self.begin_ns
        length = max(end - start, 1)
        first = max(0, int(start // self.width_ns))
        last = min(self.count - 1, int((end - 1) // self.width_ns))
        for at in range(first, last + 1):
            low, high = max(start, at * self.width_ns), min(end, (at + 1) * self.width_ns)
            if high > low:
                yield at, (high - low) / length

    def place(self, boot_ns: int) -> float:
        """Return the position of a moment, from 0 (begin) to 1 (end)."""
        return (boot_ns - self.begin_ns) / (self.end_ns - self.begin_ns)

    def start_of(self, at: int) -> int:
        """Return the moment at which a bin begins; for the index after the last bin, the end."""
        return self.begin_ns + round(at * self.width_ns)


class MapCourse:
    """One map over time: the amounts of each row and each bucket in each bin."""

    def __init__(self, bins: Bins) -> None:
        self.bins = bins
        self._adds_up = True
        """Whether the amounts within one bin are added up; else a bin holds its last value."""
        self.seconds = self._empty(0.0)
        """Observed seconds in each bin; 0 is a gap."""
        self.whole = self._empty(0.0)
        """Amount of all rows in each bin."""
        self._rows: dict[str, array[float]] = {}
        self._cells: dict[Ends, array[float]] = {}

    def add(self, data: MapData, start_ns: int, end_ns: int) -> None:
        """Add one flush."""
        seconds = (end_ns - start_ns) / 1e9
        if is_additive(data) != self._adds_up:
            self._start_again()
        shares = list(self.bins.shares(start_ns, end_ns))
        for at, share in shares:
            self.seconds[at] += share * seconds
        others = self._add_counts(data.rows, *shares[0]) if self._adds_up and len(shares) == 1 else data.rows
        for key, value in others.items():
            self._add_row(key, value, shares)

    def _start_again(self) -> None:
        """Drop all amounts: additive and other values cannot be in one course, so only the newest kind is shown."""
        self._adds_up = not self._adds_up
        self._rows.clear()
        self._cells.clear()
        self.seconds, self.whole = self._empty(0.0), self._empty()

    def _empty(self, value: float | None = None) -> array[float]:
        """Return an array with `value` in each bin; without `value`, with the value of an absent row."""
        absent = 0.0 if self._adds_up else math.nan
        return array("d", [absent if value is None else value]) * self.bins.count

    def _add_counts(self, rows: Mapping[str, Value], at: int, share: float) -> dict[str, Value]:
        """Add the plain numbers of known rows, which are most rows, to one bin; return the other rows."""
        others: dict[str, Value] = {}
        whole = 0.0
        for key, value in rows.items():
            row = self._rows.get(key)
            if row is None or type(value) is not int or not -_LARGE < value < _LARGE:
                others[key] = value
                continue
            part = value * share
            row[at] += part
            whole += part
        self.whole[at] += whole
        return others

    def keep(self, keys: Mapping[str, object]) -> None:
        """Drop all rows except `keys`."""
        for key in [key for key in self._rows if key not in keys]:
            del self._rows[key]

    def rates(self, key: str | None = None) -> list[float | None]:
        """Return the amounts per second of a row, or of all rows, per bin; None in a gap. For values that are not
        additive, return the values; None where the row was absent."""
        found = self.whole if key is None else self._rows.get(key, self._empty())
        if not self._adds_up:
            return [None if math.isnan(value) else value for value in found]
        return [value / seconds if seconds else None for value, seconds in zip(found, self.seconds, strict=True)]

    def cells(self) -> list[tuple[Ends, Sequence[float]]]:
        """Return the events of each bucket per bin, lowest bucket first."""
        infinity = float("inf")
        return sorted(
            self._cells.items(),
            key=lambda item: (
                -infinity if item[0][0] is None else item[0][0],
                infinity if item[0][1] is None else item[0][1],
            ),
        )

    def column(self, at: int) -> list[Bucket]:
        """Return the histogram of one bin."""
        return [Bucket(*ends, round(cells[at])) for ends, cells in self.cells()]

    def _add_row(self, key: str, value: Value, shares: Sequence[tuple[int, float]]) -> None:
        found = as_float(value) if type(value) is int else amount(value)
        if found is None:
            return
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = self._empty()
        if self._adds_up:
            whole = self.whole
            for at, share in shares:
                part = found * share
                row[at] += part
                whole[at] += part
        else:
            for at, _ in shares:
                row[at] = self.whole[at] = found
        if isinstance(value, tuple):
            self._add_cells(value, shares)

    def _add_cells(self, value: Value, shares: Sequence[tuple[int, float]]) -> None:
        for one in histogram(value):
            ends = (one.low, one.high)
            if one.count and (ends in self._cells or len(self._cells) < _MOST_BUCKETS):
                cells = self._cells.setdefault(ends, array("d", bytes(8 * self.bins.count)))
                for at, share in shares:
                    counted = as_float(one.count)
                    cells[at] = cells[at] + counted * share if self._adds_up else counted
