"""Charts: the one place that calls plotext, imported when the first histogram is drawn.

plotext 5.3 draws on one figure of its module, so this runs on the UI thread only. `simple_bar` is the call that gives
one line per bucket and drops none; `bar` on the canvas showed 12 of 20 at 60x15.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType

from bttop.ui.spans import Glyphs


@lru_cache(maxsize=1)
def _plotext() -> ModuleType:
    import plotext  # deferred: 45 ms, and nothing before the first histogram needs it

    plotext.limit_size(False, False)  # else it cuts to the size of the terminal that the process sees
    module: ModuleType = plotext
    return module


def horizontal_bars(labels: Sequence[str], values: Sequence[int], cells: int, glyphs: Glyphs) -> list[str]:
    """One line of `cells` cells per value: the label, a space and a bar as long as the value is large.

    Labels are padded to one width by the caller. A value above 0 whose bar would be empty gets a sliver.
    """
    if not labels:
        return []
    bars = max(1, cells - len(labels[0]) - 1)
    if not any(values):
        return [label.ljust(cells) for label in labels]
    plotext = _plotext()
    plotext.clear_figure()
    # The value behind each bar is plotext's own and always "%.2f"; the width leaves room for it and it is cut off.
    tail = max(len(f" {value:.2f}") for value in values)
    plotext.simple_bar(list(labels), list(values), width=cells + tail - 1, marker=glyphs.full, color="default")
    drawn = plotext.uncolorize(plotext.build()).split("\n")
    lines = []
    for label, value, line in zip(labels, values, drawn, strict=False):
        length = line[len(label) :].count(glyphs.full)
        mark = glyphs.full * min(length, bars) if length else glyphs.sliver if value > 0 else ""
        lines.append(f"{label} {mark}".ljust(cells)[:cells])
    return lines


def area(values: Sequence[float], cells: int, rows: int, glyphs: Glyphs) -> list[str]:
    """The newest `cells` values as a filled curve of `rows` lines, in eighths of a cell."""
    shown = list(values)[-cells:]
    top = max(shown, default=0.0)
    heights = [0 if top <= 0 else max(0, round(rows * 8 * value / top)) for value in shown]
    lines = []
    for row in range(rows - 1, -1, -1):
        marks = (glyphs.trend[min(7, height - row * 8 - 1)] if height > row * 8 else " " for height in heights)
        lines.append("".join(marks).rjust(cells))
    return lines
