"""The places of panes: a pure function of the screen's size and the number of panes."""

from __future__ import annotations

from typing import NamedTuple

LEAST_WIDTH, LEAST_HEIGHT = 60, 15
"""Minimum size of the terminal in cells; below it the screen shows only that it is too small."""


class PanePlace(NamedTuple):
    """A pane's place on the board in cells, including its rule and the divider to its left."""

    x: int
    y: int
    width: int
    height: int


def columns_for(panes: int, width: int) -> int:
    """Number of columns of panes: each has at least 38 cells, and more on wide screens, for wide tables."""
    most = 1 if width < 76 else 2 if width < 190 else 3
    return max(1, min(most, panes))


def arrange(panes: int, width: int, height: int) -> list[PanePlace]:
    """One place per pane in reading order. Panes of the last row share the full width; a remainder of the height goes
    to the upper rows."""
    if panes <= 0:
        return []
    columns = columns_for(panes, width)
    rows = -(-panes // columns)
    heights = _divide(height, rows)
    places: list[PanePlace] = []
    y = 0
    for row, row_height in enumerate(heights):
        inside = min(columns, panes - row * columns)
        x = 0
        for cells in _divide(width, inside):
            places.append(PanePlace(x, y, cells, row_height))
            x += cells
        y += row_height
    return places


def _divide(whole: int, parts: int) -> list[int]:
    share, rest = divmod(whole, parts)
    return [share + (1 if index < rest else 0) for index in range(parts)]
