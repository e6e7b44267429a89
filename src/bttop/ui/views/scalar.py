"""One number and its trend: maps without keys of any aggregation except histograms."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.model.format import numbers
from bttop.model.format.floats import as_float, known
from bttop.model.format.text import visible, visible_name
from bttop.model.plan import MapPlan
from bttop.model.record.records import Stats
from bttop.ui.render.charts import area
from bttop.ui.render.spans import Line, Span, fit
from bttop.ui.views.base import Drawing, Scene, about, per
from bttop.ui.views.table import summary, value_lines


class Scalar:
    """A map without keys."""

    name = "trend"

    def rank(self, plan: MapPlan, *, has_keys: bool) -> int:
        return 0 if plan.aggregation in ("hist", "lhist") or has_keys else 7

    def draw(self, scene: Scene) -> Drawing:
        lines = [fit(_now(scene), scene.width)]
        values = scene.trend.values("")
        seen = known(values)
        if seen and scene.height > 2:
            lines.append(fit(_range(scene, seen, len(values)), scene.width))
        rows = scene.height - len(lines)
        if rows > 0 and values:
            lines += [(Span(text, "trend"),) for text in area(values, scene.width, rows, scene.glyphs)]
        return Drawing(
            tuple(lines), tuple([None] * len(lines)), (), summary(scene, scene.data.rows), 0, (), scene.choice
        )

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        return value_lines(scene, key)


VIEW = Scalar()


def _now(scene: Scene) -> Line:
    plan, value = scene.data.plan, scene.data.rows.get("")
    name = Span(f"{visible_name(plan.name)} ", "heading")
    mark = about(scene)
    if isinstance(value, Stats):
        average, sum_ = (numbers.with_unit(one, plan.unit) for one in (value.average, value.total))
        return (name, Span(f"{mark}{value.count:,} avg {average} total {mark}{sum_}", "number"))
    if value is None:
        return (name, Span("nothing in this interval", "dim"))
    if not isinstance(value, int | float):
        return (name, Span(visible(str(value)), "name"))
    if plan.aggregation in ("count", "sum"):
        seconds, suffix = per(scene)
        rate = as_float(value) / seconds
        text = numbers.with_unit(rate, plan.unit) if plan.unit else numbers.whole(rate)
        return (name, Span(f"{mark}{text}{suffix}", "number"))
    return (name, Span(numbers.with_unit(value, plan.unit) if plan.unit else f"{value:,}", "number"))


def _range(scene: Scene, values: Sequence[float], flushes: int) -> Line:
    """The lowest, average and highest value of the last flushes; some flushes may have no value. The average is
    weighted by the length of the flushes."""
    unit = scene.data.plan.unit
    low, high = numbers.with_unit(min(values), unit), numbers.with_unit(max(values), unit)
    average = numbers.with_unit(scene.trend.mean("") or 0.0, unit)
    return (Span(f"last {flushes}: low {low} avg {average} high {high}", "dim"),)
