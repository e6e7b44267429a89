"""Charts: the one place that calls plotext, imported when the first histogram is drawn.

plotext 5.3 draws on one figure of its module, so this runs on the UI thread only. `simple_bar` is the call that gives
one line per bucket and drops none; `bar` on the canvas showed 12 of 20 at 60x15.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType

from bttop.model.floats import ratio
from bttop.model.trends import known
from bttop.ui.spans import Glyphs

_MARK = "#"


@lru_cache(maxsize=1)
def _plotext() -> ModuleType:
    import plotext  # deferred: 45 ms, and nothing before the first histogram needs it

    module: ModuleType = plotext
    return module


def horizontal_bars(labels: Sequence[str], values: Sequence[int], cells: int, glyphs: Glyphs) -> list[str]:
    """One line of `cells` cells per value: the label, a space and a bar as long as the value is large.

    Labels are padded to one width by the caller. A value above 0 whose bar would be empty gets a sliver.
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
    """plotext's bars for these values, in whole cells, the longest `room` long."""
    top = max(values, default=0)
    if top <= 0:
        return [0] * len(values)
    plotext = _plotext()
    plotext.clear_figure()
    # Shares of 1000 and no labels: plotext writes the value behind each bar and cuts the width to the terminal's,
    # so whatever else takes part in the width must stay small. Both are left out here and drawn by the caller.
    shares = [round(1000.0 * ratio(value, top), 2) for value in values]
    plotext.simple_bar([""] * len(values), shares, width=room + len("1000.0") + 2, marker=_MARK, color="default")
    drawn = plotext.uncolorize(plotext.build()).strip("\n").split("\n")
    lengths = [line.count(_MARK) for line in drawn]
    longest = max(lengths)
    # With COLUMNS below the truth plotext draws shorter bars than asked for: stretched, they keep their proportions.
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
