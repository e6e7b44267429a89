"""A pane with its trend over its rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from bttop.ui.board.trend.chart import draw_trend
from bttop.ui.board.trend.readings import TrendData
from bttop.ui.render.spans import fit
from bttop.ui.views.base import Drawing, Scene

TALL: Final = 14
"""Lines from which on there is a table below the trend; with fewer there is only the row under the cursor."""


def trend_over(scene: Scene, data: TrendData, view: Callable[[int], Drawing]) -> Drawing:
    """The trend of the scene's choice over the rows that `view` draws in a number of lines."""
    has_rows = bool(scene.data.plan.columns) or any(scene.data.rows)
    below = 0 if not has_rows else scene.height * 2 // 5 if scene.height >= TALL else 1
    drawing = view(max(2, below))
    first = 0 if below > 1 else 1
    lines, keys = drawing.lines[first : first + below], drawing.keys[first : first + below]
    room = scene.height - below
    chart = draw_trend(scene, data, room)
    chart += [fit((), scene.width)] * (room - len(chart))
    heading, note = (room, drawing.note) if below > 1 else (-1, "")
    return replace(drawing, lines=(*chart, *lines), keys=(*[None] * room, *keys), heading=heading, note=note, plot=None)
