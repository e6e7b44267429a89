"""Keyed histograms as a table of percentiles; the detail of a row is its histogram."""

from __future__ import annotations

from collections.abc import Mapping

from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.plan import MapPlan
from bttop.model.record.records import Value
from bttop.ui.render.spans import Line
from bttop.ui.views.base import Drawing, Scene, keyed, per
from bttop.ui.views.histogram import SHARES, buckets_of, percentile, percentile_text
from bttop.ui.views.histogram import VIEW as HISTOGRAM
from bttop.ui.views.ordering import Row
from bttop.ui.views.rows import WHOLE, RowCell, draw_rows, text_cells
from bttop.ui.views.table import trend_cell


class Quantiles:
    """`hist()` and `lhist()` maps with keys."""

    name = "percentiles"

    def rank(self, plan: MapPlan, rows: Mapping[str, Value]) -> int:
        return 6 if plan.aggregation in ("hist", "lhist") and keyed(plan, rows) else 0

    def draw(self, scene: Scene) -> Drawing:
        seconds, suffix = per(scene)
        title = suffix or "total"
        cells = [
            RowCell(title, lambda row: numbers.whole(_count(scene, row) / seconds), lambda row: _count(scene, row),
                 "number", "right", least=5, most=WHOLE, falls=True, rigid=True),
            *text_cells(scene),
            *(_share_cell(scene, share) for share in SHARES),
            trend_cell(scene),
        ]  # fmt: skip
        total = as_float(sum(sum(one.count for one in buckets_of(scene, key)) for key in scene.data.rows))
        summary = f"{numbers.short(total / seconds)}{suffix}"
        return draw_rows(scene, cells, default_sort=scene.data.plan.sort or title, summary=summary)

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        return HISTOGRAM.detail(scene, key)


VIEW = Quantiles()


def _count(scene: Scene, row: Row) -> float:
    return as_float(sum(bucket.count for bucket in buckets_of(scene, row.key)))


def _share_cell(scene: Scene, share: int) -> RowCell:
    plan = scene.data.plan

    def order(row: Row) -> float:
        found = percentile(buckets_of(scene, row.key), share, plan)
        return 0.0 if found is None else found.value

    def text(row: Row) -> str:
        return percentile_text(buckets_of(scene, row.key), share, plan)

    return RowCell(f"p{share}", text, order, "number", "right", least=5, most=9, falls=True, rigid=True)
