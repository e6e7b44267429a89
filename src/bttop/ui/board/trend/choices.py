"""What the user chooses about the trend of a pane. Each function returns what it has done, as a notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from bttop.model.flush.rates import is_additive
from bttop.model.format.text import visible_name
from bttop.model.history.figures import numbers_of
from bttop.ui.board.groups.row_groups import folded_reason
from bttop.ui.board.pane import Pane
from bttop.ui.board.pane_frame import scene_of
from bttop.ui.render.line_chart import MOST_LINES
from bttop.ui.render.text import middle, width
from bttop.ui.views.base import TrendLine
from bttop.ui.views.rows.row_names import row_name

COST: Final = "cost"
_LONGEST_NAME: Final = 60
"""Cells of a row's name in a notice: the legend of the trend and the page of the row have more."""
_NAMES: Final = {
    "rate": "rate", "value": "value", "average": "average", "sum": "sum", "p50": "p50", "p90": "p90", "p99": "p99",
    "total": "total of all rows", COST: "cost of the program",
}  # fmt: skip


def step_trend(pane: Pane) -> str:
    """Show the next number of the row under the cursor as a line: first those of the row itself, then the total of all
    rows, then the cost of the program, then none."""
    if pane.subject.view is None or pane.model.flush is None:
        return "this pane shows no number over time"
    key = _key(pane)
    if key is None:
        return "no row is on screen"
    if why := folded_reason(pane):
        return why
    lines, group = pane.choice.trend, _group(pane)
    shown = [index for index, line in enumerate(lines) if (line.key, line.group) == (key, group)]
    others = [line for line in lines if (line.key, line.group) != (key, group)]
    stops = [stop for stop in _stops(pane, key) if not _is_shown(stop, others)]
    at = _stops_index(stops, [lines[index].number for index in shown]) + 1
    chosen = [TrendLine(key, number, group) for number in (stops[at] if at < len(stops) else ())]
    if len(others) + len(chosen) > MOST_LINES:
        return f"no more than {MOST_LINES} lines: d on one of their rows changes it, Esc removes all"
    place = shown[0] if shown else len(others)
    pane.choice = replace(pane.choice, trend=(*others[:place], *chosen, *others[place:]))
    return _told(pane, key, chosen, stops[at + 1] if at + 1 < len(stops) else ())


def _key(pane: Pane) -> str | None:
    """The row that the trend is about: that under the cursor; an empty key for a map without keys."""
    if pane.cursor is not None:
        return pane.cursor
    data = pane.model.data(pane.subject.map)
    return "" if not data.plan.columns and not any(data.rows) else None


def _group(pane: Pane) -> str:
    """Title of the column by which the rows on screen are grouped; empty if they are no groups."""
    return pane.choice.group if pane.choice.inside is None else ""


def _stops(pane: Pane, key: str) -> Iterator[Sequence[str]]:
    """The numbers that `d` steps through on a row."""
    data = pane.model.data(pane.subject.map)
    yield from numbers_of(data, key)
    if key and is_additive(data):
        yield ("total",)
    yield (COST,)


def _stops_index(stops: Sequence[Sequence[str]], shown: Sequence[str]) -> int:
    """The stop whose numbers are shown; -1 if none is."""
    return next((at for at, stop in enumerate(stops) if list(stop) == list(shown)), -1)


def _is_shown(stop: Sequence[str], others: Sequence[TrendLine]) -> bool:
    """Whether a number of the whole pane is a line already, by way of another row."""
    return stop in [("total",), (COST,)] and any(line.number == stop[0] for line in others)


def _told(pane: Pane, key: str, chosen: Sequence[TrendLine], following: Sequence[str]) -> str:
    scene = scene_of(pane.model, pane.subject, pane.choice, pane.frame, 80, 20)
    whole = visible_name(key) if _group(pane) else row_name(scene, key)
    name = middle(whole, min(width(whole), _LONGEST_NAME))
    shown = ", ".join(_NAMES[line.number] for line in chosen)
    then = f"; d again: {', '.join(_NAMES[number] for number in following)}" if following else "; d again: none"
    return f"trend of {name}: {shown}{then}; Esc closes it" if chosen else f"no line of {name}"
