"""The terminal's answer about its background: recognised in any pieces, and never taken for typed text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.terminal.background import AnswerFilter, is_dark

WHITE = "rgb:ffff/ffff/ffff"
ANSWERS = [f"\x1b]11;{WHITE}\x1b\\", f"\x1b]11;{WHITE}\x07"]
KEYS = ["", "q", "\x1b[A", "jk\x1b[B", "\x1b[200~text]11;\x1b[201~", "ü"]


@pytest.mark.parametrize("answer", ANSWERS, ids=["ST", "BEL"])
@given(before=st.sampled_from(KEYS), after=st.sampled_from(KEYS), cuts=st.sets(st.integers(1, 60)))
def test_an_answer_in_any_pieces_is_found_and_leaves_what_was_typed(
    answer: str, before: str, after: str, cuts: set[int]
) -> None:
    text = before + answer + after
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    answers = AnswerFilter()
    found = [answers.feed(text[start:end], awaited=True) for start, end in pairwise(places)]
    assert "".join(one.typed for one in found) + answers.give_up() == before + after
    assert [one.answer for one in found if one.answer is not None] == [WHITE]


@pytest.mark.parametrize("answer", ANSWERS, ids=["ST", "BEL"])
def test_an_answer_that_comes_too_late_is_not_typed_either(answer: str) -> None:
    assert AnswerFilter().feed(f"a{answer}b", awaited=False).typed == "ab"


@pytest.mark.parametrize("key", ["\x1b", "\x1b]", "\x1b]1"])
def test_a_key_that_begins_like_an_answer_is_given_back(key: str) -> None:
    answers = AnswerFilter()
    typed = answers.feed(key, awaited=True).typed
    assert answers.holds
    assert typed + answers.give_up() == key
    assert not answers.holds


def test_a_single_esc_is_not_kept_while_no_answer_is_awaited() -> None:
    answers = AnswerFilter()
    assert answers.feed("\x1b", awaited=False).typed == "\x1b"
    assert not answers.holds


def test_half_an_answer_is_dropped() -> None:
    answers = AnswerFilter()
    assert answers.feed("j\x1b]11;rgb:ff", awaited=True).typed == "j"
    assert answers.give_up() == ""


@pytest.mark.parametrize(
    ("answer", "dark"),
    [
        ("rgb:0000/0000/0000", True),
        ("rgb:1e1e/1e1e/2e2e", True),
        ("rgb:28/2c/34", True),
        ("rgb:0/0/f", True),
        ("rgba:0000/2b2b/3636/ffff", True),
        (WHITE, False),
        ("rgb:fdfd/f6f6/e3e3", False),
        ("rgb:EE/EE/EE", False),
        ("rgb:ffff/ffff", None),
        ("?", None),
        ("", None),
        ("rgb:xyz/0/0", None),
    ],
)
def test_dark_is_nearer_to_black(answer: str, dark: bool | None) -> None:
    assert is_dark(answer) is dark
