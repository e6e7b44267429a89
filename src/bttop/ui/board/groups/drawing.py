"""Draws a map with its rows grouped or folded, where the user or the map asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bttop.ui.views.base import Drawing, Scene, View

if TYPE_CHECKING:
    from bttop.ui.board.pane_data.pane_model import PaneModel

LEAST_ROWS: Final = 20
"""Tables with fewer rows are shown whole."""
_WITH_ROWS: Final = frozenset({"table", "percentiles", "stacks"})
"""Views in which short-lived processes are folded."""


def draw_rows_of(model: PaneModel, view: View, scene: Scene) -> Drawing:
    """Draw the scene: its rows as they are, by group, or with short-lived processes folded."""
    choice = scene.choice
    if choice.group:
        return model.groupings.draw(view, scene)
    large = len(scene.data.rows) > LEAST_ROWS and view.name in _WITH_ROWS
    # A filter and a pin already say which rows are wanted.
    wants_all = choice.all_rows or choice.needle or model.page.pin is not None
    if choice.inside is not None or (large and not wants_all):
        return model.short_lived.draw(view, scene)
    return view.draw(scene)
