"""Places that the user has chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.board.places.chosen import LEAST_CELLS, ChosenPlaces, Direction
from bttop.ui.board.places.grid import LEAST_LINES, PanePlace

SIZE = (80, 22)
DIRECTIONS: tuple[Direction, ...] = ("left", "right", "up", "down")
Places = dict[str, PanePlace]


class Page:
    """A page of panes named by letters."""

    def __init__(self, panes: str = "abcde", size: tuple[int, int] = SIZE) -> None:
        self.panes: Sequence[str] = list(panes)
        self.size = size
        self.focused = panes[0]
        self.folded: Sequence[str] = ()
        self.largest: str | None = None
        self.chosen: ChosenPlaces[str] = ChosenPlaces()
        self.look()

    def look(self) -> Places:
        """The places now."""
        return self.chosen.place("", self.panes, self.focused, self.folded, self.largest, self.size)

    def do(self, change: Callable[..., str], *arguments: object) -> Places:
        """The places after a change, which must be possible."""
        assert change(*arguments) == ""
        return self.look()


def assert_covered(places: Places, size: tuple[int, int]) -> None:
    """Every cell of the board belongs to exactly one pane."""
    cells = [(x, y) for one in places.values() for x in range(one.x, one.right) for y in range(one.y, one.bottom)]
    assert len(cells) == len(set(cells)) == size[0] * size[1]


OPERATIONS = st.tuples(st.integers(0, 8), st.sampled_from("mrtudox"), st.sampled_from(DIRECTIONS), st.integers(0, 60))


def change(page: Page, pane: str, operation: str, direction: Direction, at: int) -> None:
    """Carry out one change, if it is possible."""
    chosen = page.chosen
    if operation in "mr":
        (chosen.move if operation == "m" else chosen.resize)(pane, direction)
    elif operation in "ox":
        (chosen.drag_rule if operation == "o" else chosen.drag_divider)(pane, at)
    else:
        {"t": chosen.stack, "u": chosen.unstack, "d": chosen.toggle_wide}[operation](pane)


@given(
    st.integers(1, 9),
    st.integers(60, 240),
    st.integers(28, 60),
    st.lists(OPERATIONS, max_size=12),
    st.sets(st.integers(0, 8)),
)
def test_whatever_the_user_does_the_panes_cover_the_board_once(
    count: int, width: int, height: int, operations: list[tuple[int, str, Direction, int]], folded: set[int]
) -> None:
    page = Page("abcdefghi"[:count], (width, height))
    page.folded = ["abcdefghi"[index] for index in folded if index < count]
    for index, operation, direction, at in operations:
        page.focused = page.panes[index % count]
        page.look()
        change(page, page.focused, operation, direction, at)
        places = page.look()
        assert page.focused in places
        assert_covered(places, page.size)
        stacks = {page.chosen.tabs_of(pane) for pane in page.panes}
        assert sorted(pane for stack in stacks for pane in stack) == page.panes
        assert len(places) == len(stacks)


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(DIRECTIONS)), max_size=40))
def test_no_step_makes_a_pane_smaller_than_it_can_be(steps: list[tuple[int, Direction]]) -> None:
    page = Page()
    for index, direction in steps:
        page.chosen.resize(page.panes[index], direction)
        assert min(place.height for place in page.look().values()) >= LEAST_LINES
        assert min(place.width for place in page.look().values()) >= LEAST_CELLS


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_step_and_the_opposite_one_change_nothing(direction: Direction) -> None:
    back: dict[Direction, Direction] = {"left": "right", "right": "left", "up": "down", "down": "up"}
    page = Page()
    before = page.look()
    after = page.do(page.chosen.resize, "a", direction)
    assert after != before
    assert page.do(page.chosen.resize, "a", back[direction]) == before


def test_a_pane_that_is_moved_changes_places_with_its_neighbour() -> None:
    page = Page()
    before = page.look()
    after = page.do(page.chosen.move, "a", "right")
    assert (after["a"], after["b"], after["c"]) == (before["b"], before["a"], before["c"])
    after = page.do(page.chosen.move, "a", "down")
    assert (after["a"], after["d"]) == (before["d"], before["b"])
    assert page.do(page.chosen.move, "a", "down")["a"] == before["e"]


@pytest.mark.parametrize(("pane", "direction"), [("a", "left"), ("a", "up"), ("b", "right"), ("e", "down")])
def test_a_pane_at_the_edge_says_that_there_is_no_neighbour(pane: str, direction: Direction) -> None:
    page = Page()
    before = page.look()
    assert "there is no pane" in page.chosen.move(pane, direction)
    assert page.look() == before


def test_sizes_stay_where_they_are_when_panes_change_places() -> None:
    page = Page()
    before = page.do(page.chosen.drag_rule, "c", 12)
    after = page.do(page.chosen.exchange, "a", "c")
    assert (after["a"], after["c"]) == (before["c"], before["a"])


def test_a_dragged_rule_and_divider_are_where_the_mouse_is() -> None:
    page = Page()
    assert page.do(page.chosen.drag_rule, "c", 5)["c"].y == 5
    assert page.do(page.chosen.drag_rule, "e", 11)["e"].y == 11
    assert page.do(page.chosen.drag_divider, "b", 30)["d"].x == 30
    assert page.do(page.chosen.drag_divider, "d", 2)["d"].x == LEAST_CELLS


def test_the_first_rule_and_the_first_divider_cannot_be_dragged() -> None:
    page = Page()
    assert page.chosen.drag_rule("b", 5) == "this pane has the whole height"
    assert page.chosen.drag_divider("c", 5) == "this pane has the whole width"


def test_tabs_share_a_place_and_the_focused_one_is_on_show() -> None:
    page = Page()
    places = page.do(page.chosen.stack, "a")
    assert page.chosen.tabs_of("b") == ("a", "b")
    assert sorted(places) == ["a", "c", "d", "e"]
    page.focused = "b"
    assert page.look()["b"] == places["a"]
    assert sorted(page.do(page.chosen.unstack, "b")) == list("abcde")
    assert page.chosen.unstack("b") == "this pane is not a tab"


def test_a_pane_alone_has_nothing_to_stack_or_to_leave() -> None:
    page = Page("a")
    assert "no other place" in page.chosen.stack("a")
    assert page.chosen.exchange("a", "a") == "both panes are tabs of one place"


def test_a_pane_of_double_width_takes_two_columns_and_leaves_no_gap() -> None:
    page = Page()
    places = page.do(page.chosen.toggle_wide, "b")
    assert places["b"].width == SIZE[0]
    assert places["a"].y == places["c"].y == 0
    assert page.do(page.chosen.toggle_wide, "b") == Page().look()


def test_double_width_is_two_columns_of_three_on_a_wide_screen() -> None:
    page = Page("abcde", (240, 50))
    places = page.do(page.chosen.toggle_wide, "a")
    assert (places["a"].width, places["b"].width) == (160, 80)


def test_double_width_on_a_narrow_screen_is_refused() -> None:
    page = Page("abc", (70, 22))
    assert "70 columns" in page.chosen.toggle_wide("a")


def test_a_quiet_pane_shrinks_until_the_user_has_placed_it() -> None:
    page = Page()
    page.folded = ["b"]
    assert page.look()["b"].height == 1
    assert page.do(page.chosen.move, "b", "down")["b"].height > 1


def test_a_pane_between_others_that_were_resized_still_shrinks_and_a_new_one_has_room() -> None:
    page = Page()
    page.do(page.chosen.drag_rule, "e", 11)
    page.folded = ["a"]
    assert page.look()["a"].height == 1
    page.panes = list("abcdef")
    page.largest = "f"
    assert page.look()["f"].height >= 6


def test_a_closed_pane_leaves_its_place_to_the_others() -> None:
    page = Page()
    page.do(page.chosen.stack, "a")
    page.panes = list("bcde")
    page.focused = "c"
    assert sorted(page.look()) == list("bcde")
    assert_covered(page.look(), SIZE)


def test_a_new_pane_is_placed_after_the_one_that_it_belongs_to() -> None:
    page = Page("abc")
    page.chosen.put_after("a", "d")
    page.panes = list("abcd")
    places = page.look()
    assert (places["d"].y, places["d"].x) == (places["a"].y, places["a"].right)


def test_each_page_has_its_own_layout_and_automatic_forgets_it() -> None:
    page = Page()
    before = page.look()
    page.do(page.chosen.move, "a", "right")
    other = page.chosen.place("ladder", list("xyz"), "x", (), None, SIZE)
    assert other == Page("xyz").look()
    assert page.look() != before
    page.chosen.reset()
    assert page.look() == before


def test_chosen_sizes_are_shares_when_the_terminal_changes() -> None:
    page = Page("ab", (70, 20))
    page.do(page.chosen.drag_rule, "b", 15)
    page.size = (70, 40)
    assert page.look()["b"].y == 30


def test_panes_without_room_are_known_and_the_focused_one_is_not_among_them() -> None:
    page = Page("abcdefghijklmnopqrstuvwxyz", (70, 14))
    page.focused = "z"
    places = page.look()
    assert "z" in places
    assert sorted([*places, *page.chosen.hidden]) == page.panes
    assert sum(place.height for place in places.values()) == 13
