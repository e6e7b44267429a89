"""The rectangle in the plot of a pane, for the keys that need more than the pane."""

from __future__ import annotations

from msgspec.structs import replace

from bttop.model.history.span import BucketRange, TimeSpan
from bttop.ui.board.pane import Pane
from bttop.ui.views.plot import CellChoice, selected


def rectangle(pane: Pane) -> tuple[TimeSpan, BucketRange | None] | None:
    """The time of the rectangle, and its range of values unless it has all; None without a rectangle."""
    plot = pane.drawing.plot
    return None if plot is None else selected(plot, pane.choice.cell)


def clear(pane: Pane) -> None:
    """Remove the cursor and the rectangle."""
    pane.choice = replace(pane.choice, cell=CellChoice(together=pane.choice.cell.together))
