"""A heat map of hosts: a row per host, a column per flush, the figure of the host as shade."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from msgspec import Struct

from bttop.model.flush.flush import Flush
from bttop.model.format import numbers
from bttop.model.format.text import counted, visible_name
from bttop.model.history.course import Point
from bttop.model.history.figures import Number
from bttop.model.hosts.host_totals import figures_of, host_figures
from bttop.model.plan import MapPlan
from bttop.ui.render.spans import Line, Span, fit, line_width, with_role
from bttop.ui.render.text import left
from bttop.ui.views.base import Drawing, Scene
from bttop.ui.views.hosts.ranking import RANKING
from bttop.ui.views.rows.ordering import Row
from bttop.ui.views.rows.scrolling import top_row, with_cursor

Figures: TypeAlias = Mapping[str, float]
"""By host; NaN where it is unknown."""

LONGEST_NAME: Final = 20
_LEAST_FOR_AXIS: Final = 5
_TITLES: Final[Mapping[Number, str]] = {"rate": "events/s", "average": "average", "value": "value", "p99": "p99"}


class HostsOverTime:
    """Maps of several hosts."""

    name = "hosts over time"

    def rank(self, plan: MapPlan, *, has_keys: bool) -> int:  # noqa: ARG002
        """1: the views of the rows come first."""
        return 1

    def draw(self, scene: Scene) -> Drawing:
        figure = figures_of(scene.data.plan)[0]
        names = _name_cells(scene, figure)
        columns = _columns(scene, figure, max(1, scene.width - names))
        order = _order(scene, columns)
        axis = 1 if scene.height >= _LEAST_FOR_AXIS else 0
        lines = max(0, scene.height - 1 - axis)
        rows = [Row(host, None) for host in order]
        top = top_row(rows, scene.choice, lines, lambda _: ())
        choice = with_cursor(scene.choice, rows[top : top + lines], top)
        scale = _scale(scene, columns)
        shown = order[top : top + lines]
        body = [_row(scene, scale, host, columns, names, is_chosen=host == choice.selected) for host in shown]
        body += [fit((), scene.width)] * (lines - len(body))
        drawn = [_heading(scene, figure, scale), *body, *([_axis(scene, columns, names)] if axis else [])]
        keys = [None, *shown, *([None] * (len(drawn) - 1 - len(shown)))]
        return Drawing(
            tuple(drawn[: scene.height]),
            tuple(keys[: scene.height]),
            order,
            counted(len(order), "host"),
            max(0, len(order) - top - len(shown)),
            choice=choice,
            above=top,
        )

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        return RANKING.detail(scene, key)


OVER_TIME = HostsOverTime()


class _Scale(Struct, frozen=True):
    """The shades of values: by their logarithm, from the smallest to the largest one above 0."""

    least: float
    most: float
    steps: int

    def level(self, value: float) -> int:
        """From 1 to `steps`; 0 for a value that is not above 0."""
        if value <= 0:
            return 0
        if self.most <= self.least:
            return self.steps
        share = math.log(value / self.least) / math.log(self.most / self.least)
        return 1 + round((self.steps - 1) * min(1.0, max(0.0, share)))


def _scale(scene: Scene, columns: Sequence[Point[Figures]]) -> _Scale:
    values = [value for point in columns for value in point.value.values() if value > 0 and math.isfinite(value)]
    return _Scale(min(values, default=0.0), max(values, default=0.0), scene.shades or len(scene.glyphs.shades))


def _columns(scene: Scene, figure: Number, room: int) -> Sequence[Point[Figures]]:
    """The newest flushes for which there is room."""
    about_it = ("hosts over time", scene.data.plan.name, figure)
    return scene.past.course(about_it, room, _reading(scene.data.plan.name, figure)).points[-room:]


def _reading(name: str, figure: Number) -> Callable[[Flush], Figures | None]:
    return lambda flush: host_figures(flush, name, figure)


def _order(scene: Scene, columns: Sequence[Point[Figures]]) -> list[str]:
    """The hosts that pass the filter, by name: a host keeps its line while time goes on."""
    needle = scene.choice.needle.casefold()
    return sorted(host for host in {host for point in columns for host in point.value} if needle in host.casefold())


def _name_cells(scene: Scene, figure: Number) -> int:
    """Cells of the column of names, with the blank after it."""
    known = host_figures(scene.flush, scene.data.plan.name, figure) or {}
    return min(LONGEST_NAME, max([len(visible_name(host)) for host in known], default=0)) + 1


def _row(
    scene: Scene, scale: _Scale, host: str, columns: Sequence[Point[Figures]], names: int, *, is_chosen: bool
) -> Line:
    name = Span(f"{left(visible_name(host), names - 1)} ", "name")
    label = with_role((name,), scene.cursor) if is_chosen and scene.cursor else (name,)
    cells = [_cell(scene, scale, point.value.get(host)) for point in columns]
    return fit((*label, *cells, Span(" " * max(0, scene.width - names - len(cells)), "text")), scene.width)


def _cell(scene: Scene, scale: _Scale, value: float | None) -> Span:
    """A flush of a host: the gap without one, or without the figure; blank for 0."""
    if value is None or math.isnan(value):
        return Span(scene.glyphs.gap, "dim")
    level = scale.level(value)
    if scene.shades:
        return Span(" ", f"heat 0 {level}" if level else "text")
    return Span((" " + scene.glyphs.shades)[level], "bar")


def _heading(scene: Scene, figure: Number, scale: _Scale) -> Line:
    """The figure, and the values of the first and the last shade."""
    unit = scene.data.plan.unit if figure != "rate" else ""
    low, high = (numbers.with_unit(value, unit) for value in (scale.least, scale.most))
    between = f"{low} to {high}" if scale.most else "nothing happened"
    return fit((Span(f"{_TITLES.get(figure, figure)} of each host, {between}", "heading"),), scene.width)


def _axis(scene: Scene, columns: Sequence[Point[Figures]], names: int) -> Line:
    """The first and the last time."""
    if not columns:
        return fit((), scene.width)
    first, last = (_clock(scene, moment) for moment in (columns[0].end_ns, columns[-1].end_ns))
    text = f"{'':{names}}{first}{last:>{max(len(last) + 1, len(columns) - len(first))}}"
    line = (Span(text, "dim"),)
    return fit(line if line_width(line) <= scene.width else (Span(f"{'':{names}}{last}", "dim"),), scene.width)


def _clock(scene: Scene, moment: int) -> str:
    """A moment as a local time of day, by the stamps of the flush on show."""
    return f"{datetime.fromtimestamp((moment + scene.flush.wall_ns - scene.flush.end_ns) / 1e9):%H:%M:%S}"
