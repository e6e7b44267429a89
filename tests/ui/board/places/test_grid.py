"""Where panes stand."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.board.places.grid import PanePlace, needs_of
from bttop.ui.board.places.grid import arrange as arrange_needs


def arrange(
    panes: int, width: int, height: int, folded: Collection[int] = (), largest: int | None = None
) -> list[PanePlace]:
    """The places of panes that the user has not placed."""
    return [spot.place for spot in arrange_needs(needs_of(panes, folded, largest), width, height)]


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


@st.composite
def boards(draw: st.DrawFn) -> tuple[int, set[int], int | None]:
    """A number of panes, those that are folded, at least one less, and the largest one if there is one."""
    panes = draw(st.integers(1, 9))
    folded = draw(st.sets(st.integers(0, panes - 1), max_size=panes - 1))
    return panes, folded, draw(st.none() | st.sampled_from([one for one in range(panes) if one not in folded]))


@given(boards(), st.integers(60, 240), st.integers(13, 60))
def test_folded_panes_have_one_line_and_the_board_stays_covered(
    board: tuple[int, set[int], int | None], width: int, height: int
) -> None:
    panes, folded, largest = board
    places = arrange(panes, width, height, folded, largest)
    cells = [
        (x, y) for one in places for x in range(one.x, one.x + one.width) for y in range(one.y, one.y + one.height)
    ]
    assert len(cells) == len(set(cells)) == width * height
    for index, place in enumerate(places):
        assert (place.height == 1) if index in folded else (place.height >= 1)


@given(boards(), st.integers(60, 240), st.integers(30, 60))
def test_the_pane_that_was_asked_is_the_largest_of_its_column(
    board: tuple[int, set[int], int | None], width: int, height: int
) -> None:
    panes, folded, largest = board
    if largest is not None:
        places = arrange(panes, width, height, folded, largest)
        column = [place for place in places if place.x == places[largest].x and place.width == places[largest].width]
        assert places[largest].height == max(place.height for place in column)


@pytest.mark.parametrize(("width", "height"), [(80, 22), (120, 38), (200, 48)])
def test_an_asked_sixth_pane_is_the_largest_of_the_board(width: int, height: int) -> None:
    places = arrange(6, width, height, largest=5)
    assert places[5].height * places[5].width > max(place.height * place.width for place in places[:5])


def test_the_other_pane_of_the_column_gets_the_room_and_every_pane_keeps_its_column() -> None:
    before, after = arrange(5, 80, 22), arrange(5, 80, 22, {1})
    assert [place.x for place in after] == [place.x for place in before]
    assert (after[1].height, after[3].height) == (1, before[1].height + before[3].height - 1)


def test_a_column_of_folded_panes_gives_its_width_away() -> None:
    places = arrange(4, 80, 22, {1, 3})
    assert {place.width for place in places} == {80}
    assert [place.height for place in places] == [10, 1, 10, 1]


def test_if_all_panes_are_quiet_all_are_shown() -> None:
    assert arrange(4, 80, 22, {0, 1, 2, 3}) == arrange(4, 80, 22)
