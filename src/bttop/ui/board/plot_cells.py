"""The cursor and the rectangle in the plot of a pane, for the mouse and for the keys that need more than the pane."""

from __future__ import annotations

from msgspec.structs import replace

from bttop.model.history.span import BucketRange, Span
from bttop.ui.board.pane import Pane
from bttop.ui.views.plot import CellChoice, holds, pointed, selected


def point(pane: Pane, x: int, y: int, *, extends: bool) -> bool:
    """Move the cursor to a cell of the drawing; return whether there is one. With `extends` a rectangle grows to it, or
    to the cell next to a place outside."""
    plot = pane.drawing.plot
    if plot is None or not (extends or holds(plot, x, y)):
        return False
    pane.choice = replace(pane.choice, cell=pointed(plot, pane.choice.cell, x, y, extends=extends))
    return True


def rectangle(pane: Pane) -> tuple[Span, BucketRange | None] | None:
    """The time of the rectangle, and its range of values unless it has all; None without a rectangle."""
    plot = pane.drawing.plot
    return None if plot is None else selected(plot, pane.choice.cell)


def clear(pane: Pane) -> None:
    """Remove the cursor and the rectangle."""
    pane.choice = replace(pane.choice, cell=CellChoice(together=pane.choice.cell.together))
