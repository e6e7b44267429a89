from __future__ import annotations

import pytest

from bttop.script.language.edits import Edit, edited, replace
from bttop.script.language.lexer import Token


def test_edits_of_one_place_come_out_in_the_order_given() -> None:
    made = edited("abc", [Edit(2, "4"), Edit(1, "1"), Edit(1, "2"), Edit(1, "3", removed=1)])
    assert made.text == "a1234c"


def test_replacing_a_token_takes_its_place() -> None:
    assert edited("x = avg(y)", [replace(Token("word", "avg", 4, 1), "stats")]).text == "x = stats(y)"


@pytest.mark.parametrize(
    ("edited_place", "original_place"),
    [
        ((1, 1), (1, 1)),
        ((1, 4), (1, 4)),
        ((1, 5), (1, 4)),
        ((1, 7), (1, 5)),
        ((2, 1), (2, 1)),
        ((2, 2), (1, 1)),
        ((2, 4), (2, 2)),
        ((2, 99), (2, 3)),
        ((9, 1), (2, 3)),
    ],
)
def test_places_are_counted_in_bytes_and_found_again(
    edited_place: tuple[int, int], original_place: tuple[int, int]
) -> None:
    made = edited("é b\ncd", [Edit(2, "++"), Edit(5, "==", origin=0)])
    assert made.text == "é ++b\nc==d"
    assert made.original_position(*edited_place) == original_place


def test_a_text_without_edits_keeps_every_place() -> None:
    assert edited("a", []).original_position(7, 7) == (7, 7)


def test_edits_of_an_edited_text_lead_back_to_the_users_own() -> None:
    first = edited("ab\ncd", [Edit(0, "x")])
    second = first.then([Edit(5, "YY")])
    assert (second.text, second.source) == ("xab\ncYYd", "ab\ncd")
    assert second.original_position(2, 4) == (2, 2)
    assert second.original_position(1, 2) == (1, 1)
    assert first.then([]) is first
