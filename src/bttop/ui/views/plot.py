"""Cells of values over time: where they are on screen, and the cursor and the rectangle that the user moves in them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.history.span import BucketRange, TimeSpan

if TYPE_CHECKING:
    from bttop.model.history.heat import Ends


class CellChoice(Struct, frozen=True):
    """What the user has chosen in a plot."""

    at_ns: int | None = None
    """A moment in the column of the cursor (CLOCK_BOOTTIME in ns); None: there is no cursor."""
    value: int = 0
    """A value in the row of the cursor."""
    from_ns: int | None = None
    """A moment in the column of the opposite corner of the rectangle; None: there is no rectangle."""
    from_value: int = 0
    """A value in the row of that corner."""
    together: int = 0
    """Flushes in a column; 0 chooses so many that all are shown."""


class Plot(Struct, frozen=True):
    """The cells of a drawing."""

    columns: tuple[tuple[int, int], ...]
    """Start and end of each column, in ns."""
    rows: tuple[Ends, ...]
    """The values of each row, the lowest first."""
    left: int
    """Cells of the drawing to the left of the first column."""
    top: int
    """Lines of the drawing above the highest row."""
    row_lines: int
    """Lines that show rows."""
    rows_per_line: int
    together: int
    """Flushes in a column."""
    start_row: int = 0
    """The row where the cursor appears."""
    wide: int = 1
    """Cells of the drawing for each column."""


class Corner(Struct, frozen=True):
    """A cell by its column and row."""

    column: int
    row: int


def cursor_of(plot: Plot, cell: CellChoice) -> Corner | None:
    """The cell under the cursor; None if there is none."""
    return None if cell.at_ns is None or not _has_cells(plot) else _corner(plot, cell.at_ns, cell.value)


def rectangle_of(plot: Plot, cell: CellChoice) -> tuple[Corner, Corner] | None:
    """The oldest and lowest, and the newest and highest cell of the rectangle; None if there is none."""
    cursor = cursor_of(plot, cell)
    if cursor is None or cell.from_ns is None:
        return None
    other = _corner(plot, cell.from_ns, cell.from_value)
    columns, rows = sorted((cursor.column, other.column)), sorted((cursor.row, other.row))
    return Corner(columns[0], rows[0]), Corner(columns[1], rows[1])


def selected(plot: Plot, cell: CellChoice) -> tuple[TimeSpan, BucketRange | None] | None:
    """The time of the rectangle, and its range of values unless it has all rows; None without a rectangle."""
    corners = rectangle_of(plot, cell)
    if corners is None:
        return None
    first, last = corners
    span = TimeSpan(plot.columns[first.column][0], plot.columns[last.column][1])
    has_all = first.row == 0 and last.row == len(plot.rows) - 1
    return span, None if has_all else BucketRange(plot.rows[first.row][0], plot.rows[last.row][1])


def moved(plot: Plot, cell: CellChoice, right: int, up: int, *, extends: bool) -> CellChoice:
    """The cursor moved by columns and rows; the first move only shows it. With `extends` a rectangle goes from where
    the cursor was to where it is, else it is removed."""
    if not _has_cells(plot):
        return cell
    here = cursor_of(plot, cell)
    if here is None:
        here, right, up = Corner(len(plot.columns) - 1, plot.start_row), right * extends, up * extends
    there = Corner(_within(here.column + right, plot.columns), _within(here.row + up, plot.rows))
    return _to(plot, cell, here, there, extends=extends)


def pointed(plot: Plot, cell: CellChoice, x: int, y: int, *, extends: bool) -> CellChoice:
    """The cursor moved to a place of the drawing, or to the cell next to it."""
    if not _has_cells(plot):
        return cell
    line = max(0, min(y - plot.top, plot.row_lines - 1))
    row = (plot.row_lines - 1 - line) * plot.rows_per_line
    there = Corner(_within((x - plot.left) // plot.wide, plot.columns), _within(row, plot.rows))
    return _to(plot, cell, cursor_of(plot, cell) or there, there, extends=extends)


def holds(plot: Plot, x: int, y: int) -> bool:
    """Whether a place of the drawing is a cell."""
    return 0 <= x - plot.left < len(plot.columns) * plot.wide and 0 <= y - plot.top < plot.row_lines


def next_together(now: int, step: int) -> int:
    """The next larger or smaller number of flushes in a column."""
    from bttop.model.history.heat import TOGETHER  # needed once there is a plot

    at = min(range(len(TOGETHER)), key=lambda index: abs(TOGETHER[index] - now))
    return TOGETHER[max(0, min(len(TOGETHER) - 1, at + step))]


def cleared(cell: CellChoice) -> CellChoice | None:
    """Without the rectangle, or else without the cursor; None if there is none."""
    if cell.at_ns is None:
        return None
    return replace(cell, from_ns=None, at_ns=None if cell.from_ns is None else cell.at_ns)


def cell_acts(plot: Plot, cell: CellChoice) -> Mapping[str, Callable[[], CellChoice | None]]:
    """The commands that a plot takes over, by name."""
    steps = {"right": (1, 0), "left": (-1, 0), "up": (0, 1), "down": (0, -1)}
    arrows = {"right": "unfold", "left": "fold", "up": "up", "down": "down"}
    whole = len(plot.columns)
    moves = {
        **{arrows[name]: (*step, False) for name, step in steps.items()},
        **{f"extend-{name}": (*step, True) for name, step in steps.items()},
        "first": (-whole, 0, False),
        "last": (whole, 0, False),
    }
    acts: dict[str, Callable[[], CellChoice | None]] = {
        name: partial(moved, plot, cell, right, up, extends=extends) for name, (right, up, extends) in moves.items()
    }
    for name, step in (("page-up", 1), ("page-down", -1)):
        acts[name] = partial(replace, cell, together=next_together(plot.together, step))
    return {**acts, "back": partial(cleared, cell)}


def _to(plot: Plot, cell: CellChoice, here: Corner, there: Corner, *, extends: bool) -> CellChoice:
    at_ns, value = plot.columns[there.column][1], _value(plot.rows[there.row])
    if not extends:
        return replace(cell, at_ns=at_ns, value=value, from_ns=None)
    if cell.from_ns is not None:
        return replace(cell, at_ns=at_ns, value=value)
    from_ns, from_value = plot.columns[here.column][1], _value(plot.rows[here.row])
    return replace(cell, at_ns=at_ns, value=value, from_ns=from_ns, from_value=from_value)


def _has_cells(plot: Plot) -> bool:
    return bool(plot.columns and plot.rows)


def _corner(plot: Plot, moment: int, value: int) -> Corner:
    from bttop.model.history.heat import row_of  # needed once there is a plot

    column = bisect_left([end for _, end in plot.columns], moment)
    return Corner(_within(column, plot.columns), row_of(plot.rows, value))


def _within(index: int, found: Sequence[object]) -> int:
    return max(0, min(index, len(found) - 1))


def _value(ends: Ends) -> int:
    """A value of a row."""
    low, high = ends
    return low if low is not None else high if high is not None else 0
