"""Histograms over time: one column per flush or per merged flushes, one row per bucket or per merged buckets."""

from __future__ import annotations

from bttop.model.plan import MapPlan
from bttop.ui.render.spans import Line
from bttop.ui.views.base import Drawing, Scene
from bttop.ui.views.histogram import VIEW as HISTOGRAM


class HeatMap:
    """`hist()` and `lhist()` maps, with or without keys."""

    name = "heat map"

    def rank(self, plan: MapPlan, *, has_keys: bool) -> int:  # noqa: ARG002
        """Prints that hold everything so far have no course: the events of one flush are not known."""
        is_course = plan.aggregation in ("hist", "lhist") and not plan.is_state and not plan.occasional
        return 4 if is_course else 0

    def draw(self, scene: Scene) -> Drawing:
        from bttop.ui.views.heat.drawing import draw  # deferred: the first picture needs no heat map

        return draw(scene)

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        return HISTOGRAM.detail(scene, key)


VIEW = HeatMap()
