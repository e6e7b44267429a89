"""The groups of a pane's rows: which column they are grouped by, and which group is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from bttop.model.format.text import counted, visible, visible_name
from bttop.model.grouping.key_parts import part_reader
from bttop.ui.board.groups.group_text import folded_text, groups_text
from bttop.ui.board.pane import Pane
from bttop.ui.board.pane_frame import scene_of
from bttop.ui.views.base import ViewChoice

MOST_LOOKED_UP = 4096
"""Processes of a map that are looked up to group its rows by unit or container: as many as are remembered."""


def group_titles(pane: Pane) -> Sequence[str]:
    """The titles of the columns by which the rows of the pane can be grouped; empty if there are none."""
    if pane.subject.view is None or pane.model.flush is None:
        return ()
    scene = scene_of(pane.model, pane.subject, pane.choice, pane.frame, 1, 1)
    return [column.title for column in pane.model.groupings.columns(scene)]


def group_by_next(pane: Pane) -> str:
    """Group the rows by the next column; after the last one show all rows. Return what was done and what follows."""
    titles = ["", *group_titles(pane)]
    if folded_names(pane) and not pane.choice.group and pane.choice.inside is None:
        return _show_all(pane, titles[1:])
    if len(titles) == 1:
        why = "no column to group these rows by" if pane.model.flush is not None else "no rows to group yet"
        return f"{visible(pane.program.name)}: {why}"
    at = titles.index(pane.choice.group) if pane.choice.group in titles else 0
    chosen, *rest = [*titles, ""][at + 1 :]
    group_by(pane, chosen)
    following = ", ".join([visible_name(title) or "no groups" for title in (rest if chosen else titles[1:])])
    what = f"by {visible_name(chosen)}: {groups_text(pane.drawing)}; Enter opens one" if chosen else "no groups"
    return f"{what}; G: {following}"


def _show_all(pane: Pane, titles: Sequence[str]) -> str:
    """Show the rows of short-lived processes one by one."""
    what = folded_text(folded_names(pane))
    pane.choice = _without_place(replace(pane.choice, all_rows=True))
    return f"all rows ({what} were folded); G: {', '.join([*map(visible_name, titles), 'no groups'])}"


def folded_names(pane: Pane) -> Mapping[str, int]:
    """How many processes of each name are folded on screen."""
    choice = pane.choice
    shows_all = choice.all_rows or choice.needle or choice.group or pane.model.page.pin is not None
    return {} if shows_all else pane.model.short_lived.names(pane.subject.map)


def group_by(pane: Pane, title: str) -> None:
    """Group the rows of the pane by a column; an empty title shows all rows."""
    pane.choice = _without_place(replace(pane.choice, group=title, inside=None, all_rows=False))


def open_group(pane: Pane) -> bool:
    """Show the rows of the group under the cursor only. Return whether there is one."""
    key = pane.cursor
    if key is None or not _is_group(pane, key):
        return False
    pane.choice = _without_place(replace(pane.choice, inside=key))
    return True


def close_group(pane: Pane) -> bool:
    """Show the groups again, the cursor on the one that was open. Return whether one was open."""
    inside = pane.choice.inside
    if inside is None:
        return False
    pane.choice = replace(_without_place(pane.choice), inside=None, selected=inside, moved=True)
    return True


def leave_group(pane: Pane) -> None:
    """Close the open group; without one, show all rows."""
    if not close_group(pane):
        group_by(pane, "")


def shows_groups(choice: ViewChoice) -> bool:
    """Whether the rows on screen are groups."""
    return bool(choice.group) and choice.inside is None


def rows_behind(pane: Pane, key: str) -> Sequence[str]:
    """The raw keys of the rows that a row on screen stands for: those of its group, or itself."""
    if shows_groups(pane.choice):
        return pane.model.groupings.members(pane.subject.map, key)
    return pane.model.short_lived.members(pane.subject.map, key) if _is_group(pane, key) else (key,)


def _is_group(pane: Pane, key: str) -> bool:
    """Whether a row on screen stands for several."""
    if pane.choice.inside is not None:
        return False
    return shows_groups(pane.choice) or bool(_folded_rows(pane, key))


def _folded_rows(pane: Pane, key: str) -> Sequence[str]:
    """The raw keys behind a folded row on screen; empty for any other row."""
    return pane.model.short_lived.members(pane.subject.map, key) if folded_names(pane) else ()


def folded_reason(pane: Pane) -> str:
    """Why a command about one row has no effect on the folded row under the cursor; empty if it is none."""
    key = pane.cursor
    rows = () if key is None or pane.choice.inside is not None else _folded_rows(pane, key)
    return f"this row stands for {counted(len(rows), 'row')}: Enter opens it, G shows all rows" if rows else ""


def group_reason(pane: Pane) -> str:
    """Why the group under the cursor has no process of its own; empty if there is no group under it."""
    key = pane.cursor
    if key is None or not _is_group(pane, key):
        return ""
    return f"this row stands for {counted(len(rows_behind(pane, key)), 'row')}: Enter opens it, then p pins one"


def pids_to_group(pane: Pane) -> Iterator[int]:
    """The processes of all rows, if the rows are grouped by a column about the process."""
    extra, data = pane.frame.extra, pane.model.data(pane.subject.map)
    titles = [column.title for column in data.plan.columns]
    if extra is None or pane.choice.group != extra.title or (data.plan.pid or "pid") not in titles:
        return
    read = part_reader(data.plan.columns, titles.index(data.plan.pid or "pid"))
    found = {text for text in map(read, data.rows) if text.isdecimal() and text.isascii()}
    yield from sorted(map(int, found))[-MOST_LOOKED_UP:]


def _without_place(choice: ViewChoice) -> ViewChoice:
    """The choice at the first rows, for other rows than before."""
    return replace(choice, selected=None, moved=False, at=0, top=0, widths=(), opened=frozenset[str]())
