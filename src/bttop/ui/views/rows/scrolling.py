"""Which rows of a table are on screen, and which of them has the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from bttop.ui.render.spans import Line
from bttop.ui.views.base import Scene, ViewChoice
from bttop.ui.views.rows.ordering import Row


def with_chosen_row(scene: Scene, ordered: Sequence[Row], keys: Sequence[str]) -> tuple[Sequence[Row], Sequence[str]]:
    """All rows and keys, with the row that the user has chosen at its old place if it is not in this flush."""
    choice = scene.choice
    if not choice.moved or choice.selected is None or choice.selected in scene.data.rows:
        return ordered, keys
    at = max(0, min(choice.at, len(ordered)))
    return (
        [*ordered[:at], Row(choice.selected, 0), *ordered[at:]],
        [*keys[:at], choice.selected, *keys[at:]],
    )


def fitting(rows: Sequence[Row], height: int, extra: Callable[[Row], Sequence[Line]]) -> Sequence[Row]:
    """The first rows whose lines begin within `height` lines; the lines of unfolded rows take room too."""
    used = 0
    for count, row in enumerate(rows):
        if used >= height:
            return rows[:count]
        used += 1 + len(extra(row))
    return rows


def with_cursor(choice: ViewChoice, shown: Sequence[Row], top: int) -> ViewChoice:
    """The choice with the cursor on a row on screen: its own row, else the first one."""
    if not shown:
        return choice
    keys = [row.key for row in shown]
    here = keys.index(choice.selected) if choice.selected in keys else 0
    return replace(choice, selected=keys[here], at=top + here)


def top_row(ordered: Sequence[Row], choice: ViewChoice, height: int, extra: Callable[[Row], Sequence[Line]]) -> int:
    """Index of the first row on screen: as chosen, but moved so that the row that the user has chosen is visible."""
    top = max(0, min(choice.top, len(ordered) - (1 if choice.opened else height)))
    if not choice.moved:
        return top
    at = next((index for index, row in enumerate(ordered) if row.key == choice.selected), None)
    if at is None:
        return top
    top = at if at < top else max(top, at - height + 1)
    while top < at and at - top + sum(len(extra(row)) for row in ordered[top:at]) >= height:
        top += 1
    return top
