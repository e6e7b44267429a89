"""What a pane can show, and what it shows first."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from bttop.ui.views.base import View, has_room


class Subject(Struct, frozen=True):
    """One thing that a pane can show: a map in one of its views, or the log (`view` is None)."""

    map: str
    view: View | None
    title: str = ""
    """The title of the map in front matter; empty if there is none."""

    @property
    def label(self) -> str:
        return "log" if self.view is None else self.title or self.map.lstrip("@") or self.view.name


def first_subject(subjects: Sequence[Subject], width: int, height: int) -> Subject:
    """The subject of a pane of `width` cells and `height` lines until the user chooses one: the first one, or the first
    of its map that does not need more room."""
    of_map = (one for one in subjects if one.map == subjects[0].map)
    return next((one for one in of_map if has_room(one.view, width, height)), subjects[0])
