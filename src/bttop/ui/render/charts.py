"""Charts: the only module that calls plotext, which is imported when the first histogram or trend is drawn.

plotext 5.3 draws on one figure per process, so call this on the UI thread only. `simple_bar` gives one line per bucket
and drops none; `bar` on the canvas shows 12 of 20 buckets at 60x15.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from types import ModuleType
from typing import Final, TypeAlias

from bttop.model.format.floats import known, ratio
from bttop.patterns import pattern
from bttop.ui.render.spans import Glyphs

_MARK = "#"
_STYLE: Final = pattern("\x1b\\[([0-9;]*)m")
_FINE, _COARSE, _POINTS = "hd", "dot", "points"
_DETAILS: Final = ((_FINE, 2, 2), (_COARSE, 1, 1))
"""Markers of connected points with their dots per cell, across and up; then points are not connected."""
_ASCII_MARKS: Final = "*+ox#%"
MOST_DOTS: Final = 2400
"""Dots of all curves above which they are drawn with less detail: plotext takes 7 us for each."""

Cell: TypeAlias = tuple[str, int | None]
"""A character and the number of the curve that it belongs to, from 0."""
Curves: TypeAlias = tuple[tuple[tuple[tuple[float, float], ...], ...], ...]


@lru_cache(maxsize=1)
def _plotext() -> ModuleType:
    import plotext  # deferred: the import takes 45 ms, and only histograms need it

    module: ModuleType = plotext
    return module


def bar_lengths(values: Sequence[float], room: int) -> list[int]:
    """The lengths of plotext's bars for these values, in cells; the longest is `room`, of a value above 0 also 0."""
    top = max(values, default=0)
    if top <= 0 or room <= 0:
        return [0] * len(values)
    plotext = _plotext()
    # Shares of 1000 and no labels: plotext writes the value after each bar and limits the width to the terminal's, so
    # everything else in a line must be short. The caller draws the labels and the values.
    parts = [round(1000.0 * ratio(value, top), 2) for value in values]
    plotext.simple_bar([""] * len(values), parts, width=room + len("1000.0") + 2, marker=_MARK, color="default")
    drawn = plotext.uncolorize(plotext.build()).strip("\n").split("\n")
    lengths = [line.count(_MARK) for line in drawn]
    longest = max(lengths)
    # If COLUMNS is smaller than the terminal, plotext draws shorter bars: stretching them keeps their proportions.
    return [round(room * length / longest) for length in lengths] if 0 < longest < room else lengths


@lru_cache(maxsize=16)
def draw_curves(curves: Curves, cells: int, rows: int, *, is_ascii: bool) -> list[list[Cell]]:
    """Draw curves into `rows` lines of `cells` cells, both above 0; points are shares of the width and the height, from
    0 to 1. A curve is a tuple of segments of points. The curve that is drawn last is in front.

    Cached, because a pane is also drawn again at a key, and plotext takes 7 us per dot."""
    plotext = _plotext()
    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plot_size(cells, rows)
    plotext.frame(False)
    plotext.xaxes(False, False)
    plotext.yaxes(False, False)
    plotext.xticks([])
    plotext.yticks([])
    plotext.xlim(0, 1)
    plotext.ylim(0, 1)
    detail = _detail(curves, cells, rows)
    for number, segments in enumerate(curves):
        marker = _ASCII_MARKS[number % len(_ASCII_MARKS)] if is_ascii else _COARSE if detail == _POINTS else detail
        for points in segments:
            across, up = zip(*points, strict=True)
            draw = plotext.plot if len(points) > 1 and detail != _POINTS else plotext.scatter
            draw(list(across), list(up), marker=marker, color=number + 1)
    built = plotext.build().split("\n")[:rows]
    return [_cells(line, cells) for line in built] + [[(" ", None)] * cells] * (rows - len(built))


def _detail(curves: Curves, cells: int, rows: int) -> str:
    """The finest way in which the curves have at most MOST_DOTS dots."""
    for marker, across, up in _DETAILS:
        dots = 0.0
        for points in (points for segments in curves for points in segments):
            steps = pairwise(points)
            dots += sum(max((x - x0) * cells * across, abs(y - y0) * rows * up) for (x0, y0), (x, y) in steps)
        if dots <= MOST_DOTS:
            return marker
    return _POINTS


def _cells(line: str, cells: int) -> list[Cell]:
    """A line of plotext as cells with the number of their curve."""
    found: list[Cell] = []
    number: int | None = None
    for index, piece in enumerate(_STYLE.split(line)):
        if index % 2:
            colour = piece.rpartition(";")[2]
            number = int(colour) - 1 if piece.startswith("38;5;") else None
        else:
            found += [(mark, number if mark != " " else None) for mark in piece]
    return found[:cells] + [(" ", None)] * (cells - len(found))


def area(values: Sequence[float], cells: int, rows: int, glyphs: Glyphs) -> list[str]:
    """The newest `cells` values as a filled curve of `rows` lines, in eighths of a cell; NaN is a gap."""
    shown = list(values)[-cells:]
    top = max(known(shown), default=0.0)
    heights = [round(rows * 8 * ratio(value, top)) for value in shown]
    lines = []
    for row in range(rows - 1, -1, -1):
        marks = (glyphs.trend[min(7, height - row * 8 - 1)] if height > row * 8 else " " for height in heights)
        lines.append("".join(marks).rjust(cells))
    return lines
