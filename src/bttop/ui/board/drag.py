"""What the mouse takes hold of on the board: the rule or the title of a pane, or the divider to its left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from bttop.ui.board.pane import Pane
from bttop.ui.board.places.grid import PanePlace

Part: TypeAlias = Literal["rule", "title", "divider", "body"]


class Grip(NamedTuple):
    """A part of a pane, and where the mouse took hold of it on the board."""

    pane: Pane
    part: Part
    x: int
    y: int


def grip_at(places: Iterable[tuple[Pane, PanePlace]], x: int, y: int) -> Grip | None:
    """What is at a cell of the board; None if there is no pane."""
    for pane, place in places:
        if place.x <= x < place.right and place.y <= y < place.bottom:
            return Grip(pane, _part(pane, place, x, y), x, y)
    return None


def _part(pane: Pane, place: PanePlace, x: int, y: int) -> Part:
    if y == place.y:
        return "title" if x - place.x < pane.frame.title_end(pane.program.name) else "rule"
    return "divider" if place.x > 0 and x == place.x else "body"
