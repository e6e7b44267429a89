"""Goes to a row of a pane: the map in a view with rows, and the cursor on the row."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from bttop.ui.board.pane import Pane

_WITH_ROWS: Final = frozenset({"table", "stacks", "percentiles"})
"""The views that show the rows of a map; others show all rows in one picture."""


def show_row(pane: Pane, name: str, key: str | None) -> bool:
    """Show a map without filter and groups, with the cursor on a row (None: where it was). Return whether the pane's
    program shows this map."""
    subjects = [one for one in pane.model.subjects() if one.view is not None and one.map == name]
    with_rows = [one for one in subjects if one.view is not None and one.view.name in _WITH_ROWS]
    if not subjects:
        return False
    if pane.subject not in (with_rows or subjects):
        pane.show_subject((with_rows or subjects)[0])
    choice = replace(pane.choice, needle="", group="", inside=None)
    pane.choice = choice if key is None else replace(choice, selected=key, moved=True)
    return True
