"""Charts: the only module that calls plotext, which is imported when the first histogram is drawn.

plotext 5.3 draws on one figure per process, so call this on the UI thread only. `simple_bar` gives one line per bucket
and drops none; `bar` on the canvas shows 12 of 20 buckets at 60x15.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType

from bttop.model.format.floats import ratio
from bttop.model.history.trends import known
from bttop.ui.render.spans import Glyphs

_MARK = "#"


@lru_cache(maxsize=1)
def _plotext() -> ModuleType:
    import plotext  # deferred: the import takes 45 ms, and only histograms need it

    module: ModuleType = plotext
    return module


def horizontal_bars(labels: Sequence[str], values: Sequence[int], cells: int, glyphs: Glyphs) -> list[str]:
    """One line of `cells` cells per value: the label, a space, and a bar whose length is proportional to the value.

    The caller pads the labels to one width. A value above 0 whose bar would be empty gets the thinnest bar.
    """
    if not labels:
        return []
    room = max(1, cells - len(labels[0]) - 1)
    lengths = _bar_lengths(values, room)
    lines = []
    for label, value, length in zip(labels, values, lengths, strict=True):
        mark = glyphs.full * length if length else glyphs.sliver if value > 0 else ""
        lines.append(f"{label} {mark}".ljust(cells)[:cells])
    return lines


def _bar_lengths(values: Sequence[int], room: int) -> list[int]:
    """The lengths of plotext's bars for these values, in cells; the longest is `room`."""
    top = max(values, default=0)
    if top <= 0:
        return [0] * len(values)
    plotext = _plotext()
    plotext.clear_figure()
    # Shares of 1000 and no labels: plotext writes the value after each bar and limits the width to the terminal's, so
    # everything else in a line must be short. The caller draws the labels and the values.
    shares = [round(1000.0 * ratio(value, top), 2) for value in values]
    plotext.simple_bar([""] * len(values), shares, width=room + len("1000.0") + 2, marker=_MARK, color="default")
    drawn = plotext.uncolorize(plotext.build()).strip("\n").split("\n")
    lengths = [line.count(_MARK) for line in drawn]
    longest = max(lengths)
    # If COLUMNS is smaller than the terminal, plotext draws shorter bars: stretching them keeps their proportions.
    return [round(room * length / longest) for length in lengths] if 0 < longest < room else lengths


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
