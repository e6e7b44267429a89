"""The page of a menu: its lines, what is in sight, and which choice a click means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.dialogs.menu import LETTERS, MenuBody, MenuChoice
from bttop.ui.render.spans import Line, Span, plain
from bttop.ui.themes import load_themes
from tests.ui.scenes import SHIPPED_THEMES, text_of

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]
LEAST_ROWS = 15
"""Of a terminal that shows anything but that it is too small."""


def head_of(lines: int) -> list[Line]:
    return [(Span(f" head {number}", "name"),) for number in range(lines)]


def body(choices: int, head: int = 3, preview: int = 4) -> MenuBody:
    """A menu of numbered choices."""
    program = tuple(f"line {number}" for number in range(preview))
    made = [MenuChoice(f"choice {number}.", "because", program) for number in range(choices)]
    return MenuBody("title", lambda _width: head_of(head), made, NIGHT)


def line_of(page: list[Line], text: str) -> int | None:
    return next((number for number, line in enumerate(page) if text in plain(line)), None)


def at_hand(page: list[Line]) -> list[str]:
    return [span.text.strip() for line in page for span in line if span.role == "cursor"]


SIZES = st.integers(0, 40)


@given(SIZES, SIZES, SIZES, st.integers(60, 200), st.integers(LEAST_ROWS, 60), st.lists(st.integers(-3, 3), max_size=9))
def test_the_page_fills_the_screen_with_the_choice_at_hand_in_sight(
    choices: int, head: int, preview: int, width: int, height: int, moves: list[int]
) -> None:
    menu = body(choices, head, preview)
    for move in [0, *moves]:
        if menu.choices:
            menu.at = (menu.at + move) % choices
        page = menu.page(width, height)
        assert len(page) == height
        assert at_hand(page) == ([f"choice {menu.at}."] if choices else [])


@pytest.mark.parametrize("width", [60, 80, 200])
@given(SIZES, SIZES, SIZES, st.integers(LEAST_ROWS, 60), st.integers(0, 40))
def test_a_click_means_the_choice_that_stands_there_and_nothing_elsewhere(
    width: int, choices: int, head: int, preview: int, height: int, at: int
) -> None:
    menu = body(choices, head, preview)
    menu.at = min(at, max(0, choices - 1))
    lines = [plain(line) for line in menu.page(width, height)]
    meant: dict[int, set[int]] = {}
    for y, line in enumerate(lines):
        for x in range(width):
            if (index := menu.choice_at(x, y)) is not None:
                meant.setdefault(index, set()).add(y)
                assert f" choice {index}. " in line
    for number in range(choices):
        assert meant.get(number, set()) == {y for y, line in enumerate(lines) if f" choice {number}. " in line}


@pytest.mark.parametrize(("choices", "head", "width"), [(22, 8, 80), (22, 20, 80), (24, 7, 60), (21, 9, 80)])
def test_all_questions_are_seen_at_80x24_and_what_the_selected_one_answers(choices: int, head: int, width: int) -> None:
    text = text_of(body(choices, head).page(width, 24))
    assert all(f" choice {number}. " in text for number in range(choices))
    assert text.count("because") == 1
    assert "ask next ━" in text


def test_arrows_go_through_both_columns() -> None:
    menu = body(choices=20, head=8)
    menu.page(80, 24)
    menu.move_aside(1)
    assert menu.at == 10
    menu.move_aside(1)
    assert menu.at == 10
    menu.move(1)
    menu.move_aside(-1)
    assert menu.at == 1


def test_the_program_is_behind_a_key() -> None:
    menu = body(choices=20, head=8, preview=4)
    assert "its program" not in text_of(menu.page(80, 24))
    menu.toggle_program()
    assert "line 3" in text_of(menu.page(80, 24))
    menu.toggle_program()
    assert "its program" not in text_of(menu.page(80, 24))


def test_a_choice_has_its_own_letter_or_that_of_its_place() -> None:
    menu = body(choices=3)
    menu.choices[1] = MenuChoice("other", letter="X")
    assert [menu.letter(index) for index in range(3)] == ["a", "X", "c"]
    assert " X  other" in text_of(menu.page(80, 24))


def test_the_head_is_whole_where_there_is_room() -> None:
    page = body(choices=3, head=8).page(80, 30)
    assert all(line_of(page, f"head {number}") is not None for number in range(8))
    assert "more lines" not in text_of(page)


def test_a_long_head_is_cut_and_says_how_much_is_missing() -> None:
    text = text_of(body(choices=20, head=30).page(80, 24))
    shown = text.count(" head ")
    assert f"… {30 - shown} more lines" in text
    assert text.count(" choice ") == 20


def test_the_rule_says_which_choices_these_are() -> None:
    menu = body(choices=60, head=30)
    menu.at = 59
    assert "ask next 29 to 60 of 60" in text_of(menu.page(80, 24))


def test_the_program_of_the_choice_at_hand_is_shown() -> None:
    menu = body(choices=2, preview=3)
    menu.toggle_program()
    menu.choices[1] = MenuChoice("other", "", ("profile:hz:99 { @ = count(); }",))
    assert "profile:hz:99" not in text_of(menu.page(80, 30))
    menu.at = 1
    assert "profile:hz:99 { @ = count(); }" in text_of(menu.page(80, 30))


def test_a_page_that_grows_shows_as_many_choices_as_fit() -> None:
    menu = body(choices=12, head=1, preview=0)
    menu.at = 11
    menu.page(80, 8)
    assert text_of(menu.page(80, 30)).count(" choice ") == 12


def test_hostile_text_is_made_visible() -> None:
    menu = MenuBody("\x1b[2J", lambda _width: [], [MenuChoice("a\x07b", "c\x1bd", ("e\x1bf",))], NIGHT)
    text = text_of(menu.page(80, 20))
    assert not any(ord(character) < 32 for character in text.replace("\n", ""))


def test_each_letter_is_a_choice_and_none_of_them_moves_or_leaves() -> None:
    assert len(set(LETTERS)) == len(LETTERS)
    assert not set(LETTERS) & set("ejkqvz")


@pytest.mark.parametrize("height", range(1, LEAST_ROWS))
def test_even_a_page_of_a_few_lines_has_exactly_its_lines(height: int) -> None:
    assert len(body(choices=9, head=9).page(60, height)) == height
