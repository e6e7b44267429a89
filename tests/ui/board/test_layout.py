"""Where panes stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.board.layout import arrange


@given(st.integers(1, 12), st.integers(60, 240), st.integers(13, 60))
def test_panes_cover_the_board_exactly_once(panes: int, width: int, height: int) -> None:
    places = arrange(panes, width, height)
    assert len(places) == panes
    covered = [
        (x, y)
        for place in places
        for x in range(place.x, place.x + place.width)
        for y in range(place.y, place.y + place.height)
    ]
    assert len(covered) == len(set(covered)) == width * height
    assert max(covered) == (width - 1, height - 1)
    assert min(covered) == (0, 0)


@given(st.integers(1, 12), st.integers(60, 240), st.integers(13, 60))
def test_panes_stand_in_reading_order(panes: int, width: int, height: int) -> None:
    places = arrange(panes, width, height)
    assert places == sorted(places, key=lambda place: (place.y, place.x))


@pytest.mark.parametrize(("width", "height"), [(60, 13), (80, 22), (160, 46), (240, 58)])
def test_five_panes_have_room_for_title_and_rows(width: int, height: int) -> None:
    places = arrange(5, width, height)
    assert min(place.height for place in places) >= 2
    assert min(place.width for place in places) >= 37


def test_no_panes_need_no_places() -> None:
    assert arrange(0, 80, 24) == []
