"""The column with a histogram of one line per row, over the range of values of the whole map."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.format.percentiles import Quantile
from bttop.model.record.buckets import paired
from bttop.model.record.records import Bucket, Value
from bttop.model.record.values import histogram
from bttop.ui.render.bucket_rows import cumulative, logarithms
from bttop.ui.render.spans import Glyphs, sparkline
from bttop.ui.views.base import Form, Scene
from bttop.ui.views.rows.ordering import Row
from bttop.ui.views.rows.rows import RowCell

LEAST, MOST = 6, 32
"""Cells of the column."""


class Axis:
    """The ranges of all buckets of a map, lowest first."""

    def __init__(self, values: Iterable[Value]) -> None:
        buckets = set[Bucket]().union(*map(histogram, values))
        self.ranges = paired([Bucket(*ends, 0) for ends in {(one.low, one.high) for one in buckets}], ())
        self._starts = [-math.inf if one.low is None else one.low for one in self.ranges]

    def counts(self, buckets: Sequence[Bucket], cells: int) -> list[int]:
        """The events of a histogram at each place of the axis, in at most `cells` places."""
        together = -(-len(self.ranges) // max(1, cells))
        found = [0] * -(-len(self.ranges) // max(1, together))
        for bucket in buckets:
            place = bisect_right(self._starts, -math.inf if bucket.low is None else bucket.low) - 1
            found[place // together] += bucket.count
        return found

    def text(self, unit: str) -> str:
        """From the lowest to the highest value; empty without buckets."""
        if not self.ranges:
            return ""
        low, high = self.ranges[0], self.ranges[-1]
        if low.low is None and high.high is None and low.high is not None:
            return f"<{numbers.bound(low.high + 1, unit)} … >{numbers.bound(high.low, unit)}"
        return numbers.quantile_text(Quantile(0.0, low.low, high.high), unit)


def miniature(axis: Axis, buckets: Sequence[Bucket], form: Form, cells: int, glyphs: Glyphs) -> str:
    """One mark per bucket, or per merged buckets, as high as its part of the highest one; blank for no events."""
    counts = axis.counts(buckets, cells)
    scaled = {"linear": _linear, "log": logarithms, "cumulative": cumulative}[form](counts)
    heights = [height if height > 0 else math.nan for height in scaled]
    return sparkline(heights, len(heights), glyphs).ljust(cells)


def _linear(counts: Sequence[int]) -> list[float]:
    return [as_float(count) for count in counts]


def miniature_cell(scene: Scene) -> RowCell:
    """The column. Its heading is the range of values."""
    axis, form = Axis(scene.data.rows.values()), scene.choice.histogram.form

    def draw(row: Row, cells: int) -> str:
        return miniature(axis, histogram(row.value), form, cells, scene.glyphs)

    title = axis.text(scene.data.plan.unit)
    most = min(MOST, max(LEAST, len(axis.ranges), len(title)))
    return RowCell(title, lambda _: "", None, "bar", least=LEAST, most=most, spare=2, drawn=draw)
