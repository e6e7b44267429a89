"""Draws the trend of a pane: a plot, the time below it, and a legend with the numbers of each line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bttop.model.format.text import counted, visible_name
from bttop.model.history.figures import Reading
from bttop.ui.board.trend.readings import (
    COST,
    Series,
    TrendData,
    extremes,
    segments_of,
    series_of,
    text_of,
    unit_of,
)
from bttop.ui.render.line_chart import LETTERS, Curve, plot, role_of, scale_of
from bttop.ui.render.spans import Line, Span, fit
from bttop.ui.render.text import left, middle, width
from bttop.ui.views.base import Scene, TrendLine
from bttop.ui.views.rows.row_names import row_name

AXIS: Final = 10
"""Cells that labels and letters take beside a plot."""
LEAST_NAME: Final = 12
"""Cells of a name that numbers are left out for."""
LEAST_PLOT: Final = 2
"""Lines of the plot that the legend leaves to it."""


def draw_trend(scene: Scene, data: TrendData, rows: int) -> list[Line]:
    """At most `rows` lines of the scene's width; the lines of the trend are those of its choice."""
    series = series_of(scene, data)
    legend = _legend(scene, series, max(1, rows - LEAST_PLOT - 1))
    room = rows - len(legend)
    has_time = room > LEAST_PLOT
    lines = _plot(scene, series, room - has_time) if room > 0 else []
    if has_time:
        lines.append(_time(scene, series))
    return [*lines, *legend][:rows]


def _plot(scene: Scene, series: Sequence[Series], rows: int) -> list[Line]:
    plan, is_log = scene.data.plan, scene.choice.histogram.form == "log"
    units = {unit_of(plan, one.line.number) for one in series}
    if len(units) == 1:
        scale = scale_of([value for one in series for value in _values(one)], is_log=is_log)
        scales = [scale] * len(series)
        labels = _label(scene, series[0].line, scale.high), _label(scene, series[0].line, scale.low)
    else:
        scales = [scale_of(_values(one), is_log=is_log) for one in series]
        labels = "max", "0"
    together = _together(scene, series)
    curves = [
        Curve(number, segments_of(one.points, scale.place, together))
        for number, (one, scale) in enumerate(zip(series, scales, strict=True))
    ]
    return plot(curves, labels, scene.width, rows, scene.glyphs)


def _values(series: Series) -> list[float]:
    return [point.value.value for point in series.points if math.isfinite(point.value.value)]


def _together(scene: Scene, series: Sequence[Series]) -> int:
    """How many flushes are one point: a plot has two points per cell."""
    most = max(len(one.points) for one in series)
    return max(1, -(-most // (2 * max(1, scene.width - AXIS))))


def _label(scene: Scene, line: TrendLine, value: float) -> str:
    if not value:
        return "0"
    number = "value" if line.number.startswith("p") else line.number
    return text_of(Reading(value), scene.data.plan, number)


def _time(scene: Scene, series: Sequence[Series]) -> Line:
    """The time from the first to the last flush, and how many there are."""
    points = max((one.points for one in series), key=len)
    if not points:
        return fit((Span(" no flush yet", "dim"),), scene.width)
    begin, end = (_clock(scene, point.end_ns) for point in (points[0], points[-1]))
    units, unread = {unit_of(scene.data.plan, one.line.number) for one in series}, max(one.unread for one in series)
    notes = [
        counted(len(points), "flush", "flushes"),
        *([f"{_together(scene, series)} a point, the largest"] if _together(scene, series) > 1 else []),
        *(["log scale"] if scene.choice.histogram.form == "log" else []),
        *(["each line to its own scale"] if len(units) > 1 else []),
        *([f"{unread} more are being read"] if unread else []),
    ]
    middle_text = ", ".join(notes)
    spare = scene.width - len(begin) - len(end) - len(middle_text)
    if spare < 2:
        return fit((Span(middle_text, "dim"),), scene.width)
    gap = spare // 2
    return fit((Span(f"{begin}{' ' * gap}{middle_text}{' ' * (spare - gap)}{end}", "dim"),), scene.width)


def _clock(scene: Scene, end_ns: int) -> str:
    return f"{datetime.fromtimestamp((scene.flush.wall_ns - scene.flush.end_ns + end_ns) / 1e9):%H:%M:%S}"


def _legend(scene: Scene, series: Sequence[Series], most: int) -> list[Line]:
    """One line per line of the plot; the last says how many there is no room for."""
    texts = [_figures(scene, one) for one in series]
    shown = len(texts) if len(texts) <= most else most - 1
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = [_named(scene, number, series[number].line, texts[number], widths) for number in range(shown)]
    if shown < len(texts):
        left_out = " ".join(LETTERS[shown : len(texts)])
        lines.append(fit((Span(f"{left_out}: {len(texts) - shown} more lines; z shows them", "dim"),), scene.width))
    return lines


def _figures(scene: Scene, series: Series) -> tuple[str, ...]:
    plan, number = scene.data.plan, series.line.number
    last, least, largest = (text_of(one, plan, number) for one in extremes(series.points))
    return number, f"last {last}", f"min {least}", f"max {largest}"


def _named(scene: Scene, number: int, line: TrendLine, figures: Sequence[str], widths: Sequence[int]) -> Line:
    """The letter, the row, and the numbers. With little room first the smallest value is left out, then the largest;
    then the name is cut."""
    name = _name(scene, line)
    longest = max(width(_name(scene, one)) for one in scene.choice.trend)
    texts = [f"{text:<{wide}}" for text, wide in zip(figures, widths, strict=True)]
    for texts in (texts, [*texts[:2], *texts[3:]], texts[:2]):  # noqa: B020
        room = scene.width - len(" ".join(texts)) - 3
        if room >= min(longest, LEAST_NAME):
            break
    shown = left(middle(name, min(width(name), room)), min(longest, room)) if room > 1 else ""
    head = Span(f"{LETTERS[number]} ", role_of(number))
    return fit((head, Span(f"{shown} ", "name"), Span(" ".join(texts), "number")), scene.width)


def _name(scene: Scene, line: TrendLine) -> str:
    whole = {"total": "all rows", COST: "the program"}.get(line.number)
    return whole or (visible_name(line.key) if line.group else row_name(scene, line.key))
