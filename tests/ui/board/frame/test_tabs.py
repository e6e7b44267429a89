"""The tabs on a rule."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.board.frame.tabs import Tab, tab_at, tab_spans, tabs_width
from bttop.ui.render.spans import UNICODE, line_width, plain

TABS = (
    Tab(1, "syscalls", is_shown=True, is_failed=False),
    Tab(3, "vfs_read", is_shown=False, is_failed=False),
    Tab(12, "profile", is_shown=False, is_failed=True),
)


def text(cells: int) -> str:
    return plain(tuple(tab_spans(TABS, cells, UNICODE, focused=True)))


def test_titles_get_shorter_and_what_has_no_room_is_counted() -> None:
    assert text(60) == "1 syscalls │ 3 vfs_read │ 12 profile "
    assert text(20) == "1 syscalls │ 3 │ 12 "
    assert text(17) == "1 syscalls │ 3 +1 "
    assert text(5) == "1 syscalls +2 "


def test_a_failed_tab_and_the_focused_one_are_seen_by_their_colour() -> None:
    roles = {span.text: span.role for span in tab_spans(TABS, 60, UNICODE, focused=True)}
    assert (roles["1 syscalls "], roles["12 profile "], roles["3 vfs_read "]) == ("focus-title", "error", "hint")


@given(st.integers(5, 60))
def test_a_click_on_a_title_finds_its_tab(cells: int) -> None:
    shown = text(cells)
    for x in range(tabs_width(TABS, cells)):
        found = tab_at(TABS, cells, x)
        if found is not None:
            assert shown[x] in f"{found.number} {found.name} "
    assert tab_at(TABS, cells, line_width(tuple(tab_spans(TABS, cells, UNICODE, focused=True)))) is None
    assert tab_at(TABS, cells, 0) == TABS[0]
