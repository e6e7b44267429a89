"""Keyed histograms as a table of percentiles and miniatures; the detail of a row is its histogram."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.plan import MapPlan
from bttop.model.record.records import Value
from bttop.model.record.values import events
from bttop.ui.render.spans import Line
from bttop.ui.render.text import middle, width
from bttop.ui.views.base import Drawing, Scene, about, per, scaled_text
from bttop.ui.views.histogram import VIEW as HISTOGRAM
from bttop.ui.views.histogram import buckets_of
from bttop.ui.views.histogram_heading import SHARES, percentile
from bttop.ui.views.rows.miniature import miniature_cell
from bttop.ui.views.rows.ordering import Row
from bttop.ui.views.rows.row_names import row_name
from bttop.ui.views.rows.rows import WHOLE, RowCell, draw_rows, text_cells
from bttop.ui.views.table import change_cells, trend_cell, with_rows_gone

RANGES = 64
"""Cells from which on percentiles are shown as the range that holds them; below, as what they are below."""

LONGEST_NAME = 16
"""Maximum cells of the name of the second row on the pane's rule."""


class Quantiles:
    """`hist()` and `lhist()` maps with keys."""

    name = "percentiles"

    def rank(self, plan: MapPlan, *, has_keys: bool) -> int:
        return 6 if plan.aggregation in ("hist", "lhist") and has_keys else 0

    def draw(self, scene: Scene) -> Drawing:
        count = count_cell(scene)
        cells = [
            count,
            *change_cells(scene),
            *text_cells(scene),
            *(share_cell(scene, share) for share in SHARES),
            miniature_cell(scene),
            trend_cell(scene),
        ]
        sort = scene.data.plan.sort or count.title
        drawing = draw_rows(scene, cells, default_sort=sort, summary=lambda rows: summary(scene, rows))
        return with_rows_gone(scene, replace(drawing, note=_second(scene)))

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        return HISTOGRAM.detail(scene, key)


VIEW = Quantiles()


def summary(scene: Scene, rows: Mapping[str, Value]) -> str:
    """The events in rows of the scene's map, as one rate."""
    seconds, suffix = per(scene)
    total = as_float(sum(map(events, rows.values())))
    return f"{about(scene)}{numbers.short(total / seconds)}{suffix}"


def _second(scene: Scene) -> str:
    """The row that is drawn over the histogram of each row, for the pane's rule; empty if there is none."""
    second = scene.choice.histogram.second
    name = "" if second is None else row_name(scene, second)
    return f"second {middle(name, min(width(name), LONGEST_NAME))}" if name else ""


def count_cell(scene: Scene) -> RowCell:
    """The column with the events of a row."""
    seconds, suffix = per(scene)
    whole = scaled_text(scene, numbers.whole)
    return RowCell(
        suffix or "total",
        lambda row: whole(_count(scene, row) / seconds),
        lambda row: _count(scene, row),
        "number",
        "right",
        least=5,
        most=WHOLE,
        falls=True,
        rigid=True,
    )


def _count(scene: Scene, row: Row) -> float:
    return as_float(events(scene.data.rows.get(row.key)))


def share_cell(scene: Scene, share: int) -> RowCell:
    """The column with a percentile."""
    plan = scene.data.plan

    def order(row: Row) -> float:
        found = percentile(buckets_of(scene, row.key), share, plan)
        return 0.0 if found is None else found.value

    written = numbers.quantile_text if scene.width >= RANGES else numbers.quantile_bound

    def text(row: Row) -> str:
        return written(percentile(buckets_of(scene, row.key), share, plan), plan.unit)

    return RowCell(f"p{share}", text, order, "number", "right", least=5, most=2 * WHOLE, falls=True, rigid=True)
