"""Where panes stand: a pure function from the size of the screen and the number of panes to places."""

from __future__ import annotations

from typing import NamedTuple

LEAST_WIDTH, LEAST_HEIGHT = 60, 15
"""Below this the screen is one page that says that it is too small."""


class Place(NamedTuple):
    """A pane's place on the board, in cells; the divider to its left and its rule are inside."""

    x: int
    y: int
    width: int
    height: int


def columns_for(panes: int, width: int) -> int:
    """Columns of panes: as many as leave about 38 cells to each at 80, and wide tables on wide screens."""
    most = 1 if width < 76 else 2 if width < 190 else 3
    return max(1, min(most, panes))


def arrange(panes: int, width: int, height: int) -> list[Place]:
    """One place per pane in reading order. The last row shares the full width; what cannot be divided evenly goes
    to the rows above."""
    if panes <= 0:
        return []
    columns = columns_for(panes, width)
    rows = -(-panes // columns)
    heights = _divide(height, rows)
    places: list[Place] = []
    y = 0
    for row, row_height in enumerate(heights):
        inside = min(columns, panes - row * columns)
        x = 0
        for cells in _divide(width, inside):
            places.append(Place(x, y, cells, row_height))
            x += cells
        y += row_height
    return places


def _divide(whole: int, parts: int) -> list[int]:
    share, rest = divmod(whole, parts)
    return [share + (1 if index < rest else 0) for index in range(parts)]
