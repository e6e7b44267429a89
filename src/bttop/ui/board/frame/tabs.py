"""The tabs of a place, on the rule of the pane on show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from bttop.model.format.text import visible_name
from bttop.ui.render.spans import Glyphs, Span
from bttop.ui.render.text import width


class Tab(Struct, frozen=True):
    """One of the panes of a place."""

    number: int
    name: str
    is_shown: bool
    is_failed: bool
    """Whether its program does not run as it should."""


def tab_spans(tabs: Sequence[Tab], cells: int, glyphs: Glyphs, *, focused: bool) -> list[Span]:
    """The titles of the tabs. If they take more than `cells`, those that are not on show have only their number; what
    still has no room is counted."""
    spans: list[Span] = []
    for number, (_, title) in enumerate(_titles(tabs, cells)):
        if number:
            spans.append(Span(f"{glyphs.divider} ", "rule"))
        spans.append(title if not (focused and title.role == "title") else Span(title.text, "focus-title"))
    left_out = len(tabs) - len(_titles(tabs, cells))
    return [*spans, *([Span(f"+{left_out} ", "badge")] if left_out else [])]


def tab_at(tabs: Sequence[Tab], cells: int, x: int) -> Tab | None:
    """The tab whose title is at a cell, counted from the first title."""
    start = 0
    for tab, title in _titles(tabs, cells):
        end = start + width(title.text)
        if start <= x < end:
            return tab
        start = end + 2
    return None


def tabs_width(tabs: Sequence[Tab], cells: int) -> int:
    """Cells of all titles with the dividers between them."""
    titles = _titles(tabs, cells)
    return sum(width(title.text) + 2 for _, title in titles) - 2


def _titles(tabs: Sequence[Tab], cells: int) -> list[tuple[Tab, Span]]:
    whole = [(tab, _title(tab, brief=False)) for tab in tabs]
    if _width(whole) <= cells:
        return whole
    brief = [(tab, _title(tab, brief=not tab.is_shown)) for tab in tabs]
    while _width(brief) > cells and len(brief) > 1:
        brief.remove(next(one for one in reversed(brief) if not one[0].is_shown))
    return brief


def _width(titles: Sequence[tuple[Tab, Span]]) -> int:
    return sum(_widths(titles)) - 2


def _widths(titles: Sequence[tuple[Tab, Span]]) -> Iterator[int]:
    return (width(title.text) + 2 for _, title in titles)


def _title(tab: Tab, *, brief: bool) -> Span:
    role = "title" if tab.is_shown else "error" if tab.is_failed else "hint"
    return Span(f"{tab.number} " if brief else f"{tab.number} {visible_name(tab.name)} ", role)
