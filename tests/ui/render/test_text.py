"""Text as a terminal may show it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bttop.model.format.text import visible
from bttop.ui.render.text import folded, left, middle, pieces, right, width

HOSTILE = st.text(st.sampled_from("\\xuU01be\x1b\x07\n\u202e\u0301\u115f \u00a0\U000e0041a漢"), max_size=6)
SHOWN = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(visible)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("java", "java"),
        ("a\nb", "a\\x0ab"),
        ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
        ("\x1b[2J", "\\x1b[2J"),
        ("x\u202egpj.exe", "x\\u202egpj.exe"),
        ("a\u200bb", "a\\u200bb"),
        ("e\u0301", "e\\u0301"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("C:\\dir", "C:\\dir"),
        ("C:\\x1b", "C:\\\\x1b"),
        ("漢字", "漢字"),
    ],
)
def test_hostile_names_are_shown_by_their_escapes(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


@given(HOSTILE, HOSTILE)
@example("\x1b", "\\x1b")
@example("\\\x1b", "\\\\x1b")
def test_distinct_names_never_look_the_same(one: str, other: str) -> None:
    assert (visible(one) == visible(other)) == (one == other)


@given(st.text(st.characters(), max_size=20))
def test_whatever_is_shown_draws_something_and_steers_nothing(name: str) -> None:
    for character in visible(name):
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me"}
        assert width(character) >= 1


@given(SHOWN, st.integers(0, 60))
def test_every_fit_has_exactly_its_width(text: str, cells: int) -> None:
    for fitted in (left(text, cells), right(text, cells), middle(text, cells)):
        assert width(fitted) == cells


@given(SHOWN)
def test_text_that_fits_is_not_cut(text: str) -> None:
    cells = width(text)
    assert left(text, cells) == right(text, cells) == middle(text, cells) == text


def test_a_cut_says_that_it_cut() -> None:
    assert left("epoll_wait", 6) == "epoll…"
    assert right("epoll_wait", 6) == "epoll…"
    assert middle("/usr/lib/jvm/bin/java", 11) == "/usr/…/java"
    assert left("漢字漢字", 4) == "漢 …"


@given(SHOWN, st.integers(2, 30))
def test_pieces_leave_nothing_out(text: str, cells: int) -> None:
    cut = pieces(text, cells)
    assert "".join(cut) == text
    assert all(width(piece) <= cells for piece in cut)


@given(st.text(st.sampled_from("ab 漢"), max_size=300), st.integers(10, 40))
def test_folded_text_loses_only_blanks(text: str, cells: int) -> None:
    lines = folded(text, cells)
    assert all(width(line) <= cells for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_message_of_any_length_can_be_folded() -> None:
    lines = folded("x" * 200_000, 38)
    assert sum(line.count("x") for line in lines) == 200_000


def test_text_is_folded_between_words() -> None:
    assert folded("the quick brown fox jumps over it", 16) == ["the quick brown", "  fox jumps over", "  it"]
