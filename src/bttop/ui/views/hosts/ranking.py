"""The hosts of a map by their figures: a row per host, with its rank and its distance from the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.flush.rates import is_additive
from bttop.model.format.text import first_names, visible
from bttop.model.history.figures import Number
from bttop.model.history.trends import DEFAULT_LENGTH, Trend, moment_of
from bttop.model.hosts.host_totals import figures_of, host_figures, host_totals
from bttop.model.hosts.outliers import LEAST_HOSTS, Standing, standings
from bttop.model.plan import MapPlan
from bttop.ui.render.spans import Line, Span, fit, with_role
from bttop.ui.views import quantiles, table
from bttop.ui.views.base import Drawing, Scene
from bttop.ui.views.histogram_heading import SHARES
from bttop.ui.views.rows.ordering import Row
from bttop.ui.views.rows.rows import RowCell, draw_rows, text_cells

_HISTOGRAMS = frozenset({"hist", "lhist"})
_TOGETHER = " a span has the sum of all hosts here: H shows one row per host and key"
_OUTLIER = "!"
"""The mark of a host that differs from the others."""


class Ranking:
    """Maps of several hosts."""

    name = "hosts"

    def rank(self, plan: MapPlan, *, has_keys: bool) -> int:  # noqa: ARG002
        """1: the views of the rows come first."""
        return 1

    def draw(self, scene: Scene) -> Drawing:
        totals = host_totals(scene.flush, scene.data.plan.name, scene.data)
        if totals is None:
            return Drawing((fit((Span(_TOGETHER, "dim"),), scene.width),), (None,), choice=scene.choice)
        shown = replace(scene, data=totals, trend=_trend(scene, totals), beside=None, baseline=None, extra=None)
        found = {figure: _standings(scene, figure) for figure in figures_of(totals.plan)}
        cells = [*_value_cells(shown), *text_cells(shown), *_rank_cells(found), table.trend_cell(shown)]
        summary = quantiles.summary if totals.plan.aggregation in _HISTOGRAMS else table.summary
        drawing = draw_rows(shown, cells, default_sort=_rank_title(next(iter(found))), summary=partial(summary, shown))
        outliers = {one.host for by_host in found.values() for one in by_host.values() if one.is_outlier}
        return replace(_marked(drawing, outliers), note=_note(outliers))

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        totals = host_totals(scene.flush, scene.data.plan.name, scene.data)
        if totals is None:
            return ()
        shown = replace(scene, data=totals, trend=_trend(scene, totals), beside=None, baseline=None, extra=None)
        view = quantiles.VIEW if totals.plan.aggregation in _HISTOGRAMS else table.VIEW
        return view.detail(shown, key)


RANKING = Ranking()


def _standings(scene: Scene, figure: Number) -> Mapping[str, Standing]:
    values = host_figures(scene.flush, scene.data.plan.name, figure, scene.data) or {}
    return {one.host: one for one in standings(values)}


def _value_cells(scene: Scene) -> Sequence[RowCell]:
    if scene.data.plan.aggregation in _HISTOGRAMS:
        return [quantiles.count_cell(scene), *(quantiles.share_cell(scene, share) for share in SHARES)]
    return table.value_cells(scene)


def _rank_title(figure: Number) -> str:
    return "rank" if figure in ("rate", "value") else f"{figure} rank"


def _rank_cells(found: Mapping[Number, Mapping[str, Standing]]) -> Iterator[RowCell]:
    """For each figure the rank, and the distance from the median in median absolute deviations (MAD)."""
    for figure, by_host in found.items():
        yield _rank_cell(_rank_title(figure), by_host)
        if len(by_host) >= LEAST_HOSTS:
            yield _deviation_cell(_rank_title(figure).replace("rank", "MAD"), by_host)


def _rank_cell(title: str, by_host: Mapping[str, Standing]) -> RowCell:
    last = len(by_host) + 1

    def rank(row: Row) -> int:
        return by_host[row.key].rank if row.key in by_host else last

    def text(row: Row) -> str:
        return str(rank(row)) if row.key in by_host else "-"

    return RowCell(title, text, rank, "number", "right", least=4, most=9, rigid=True)


def _deviation_cell(title: str, by_host: Mapping[str, Standing]) -> RowCell:
    def text(row: Row) -> str:
        one = by_host.get(row.key)
        return "-" if one is None else f"{one.deviations:+.1f}{_OUTLIER if one.is_outlier else ' '}"

    def order(row: Row) -> float:
        return abs(by_host[row.key].deviations) if row.key in by_host else -1.0

    return RowCell(title, text, order, "number", "right", least=6, most=12, falls=True, rigid=True)


def _trend(scene: Scene, totals: MapData) -> Trend:
    """The last minute of each host."""
    name = totals.plan.name

    def read(flush: Flush) -> Mapping[str, float] | None:
        found = host_totals(flush, name)
        return None if found is None else moment_of(found, flush.seconds)

    course = scene.past.course(("hosts", name), DEFAULT_LENGTH, read)
    return Trend.of_points(course.points, adds_up=is_additive(totals))


def _marked(drawing: Drawing, outliers: set[str]) -> Drawing:
    """The drawing with the rows of outliers in another role; the row under the cursor keeps its own."""
    lines = [
        with_role(line, "warn") if key in outliers and key != drawing.choice.selected else line
        for line, key in zip(drawing.lines, drawing.keys, strict=True)
    ]
    return replace(drawing, lines=tuple(lines))


def _note(outliers: set[str]) -> str:
    if not outliers:
        return ""
    names = sorted(outliers)
    return f"{first_names([visible(name) for name in names])} differ"
