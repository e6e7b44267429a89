"""The cells in which two lines differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.render.changed_cells import GAP, changed_cells
from bttop.ui.render.spans import Line, Span

CELLS = 40
PIECES = st.tuples(st.text("ab ▁█─", min_size=1, max_size=8), st.sampled_from(["text", "name", "bar"]))


def line_of(pieces: list[tuple[str, str]]) -> Line:
    """A line of CELLS cells."""
    found, left = [], CELLS
    for text, role in [*pieces, (" " * CELLS, "text")]:
        found.append(Span(text[:left], role))
        left -= len(text[:left])
    return tuple(found)


def cells_of(line: Line) -> list[tuple[str, str]]:
    return [(letter, span.role) for span in line for letter in span.text]


@given(st.lists(PIECES), st.lists(PIECES))
def test_the_old_line_with_the_changed_cells_is_the_new_line(
    before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    one, other = line_of(before), line_of(after)
    shown, wanted = cells_of(one), cells_of(other)
    for first, end in changed_cells(one, other, CELLS):
        shown[first:end] = wanted[first:end]
    assert shown == wanted


def test_an_equal_line_has_no_changed_cells() -> None:
    line = (Span("a" * CELLS),)
    assert changed_cells(line, (Span("a" * 10), Span("a" * 30)), CELLS) == ()


def test_small_gaps_are_sent_and_large_ones_are_not() -> None:
    def changed_at(*places: int) -> object:
        letters = ["a"] * CELLS
        for at in places:
            letters[at] = "b"
        return changed_cells((Span("a" * CELLS),), (Span("".join(letters)),), CELLS)

    assert changed_at(3, 3 + GAP) == ((3, 4 + GAP),)
    assert changed_at(3, 4 + GAP) == ((3, 4), (4 + GAP, 5 + GAP))
    assert changed_at(0, CELLS - 1) == ((0, 1), (CELLS - 1, CELLS))


def test_another_colour_of_the_same_text_is_a_change() -> None:
    before, after = (Span("ab", "name"), Span("c" * 38)), (Span("a", "name"), Span("b", "bar"), Span("c" * 38))
    assert changed_cells(before, after, CELLS) == ((1, 2),)


def test_a_line_with_wide_or_combining_characters_is_sent_whole() -> None:
    plain = (Span("a" * CELLS),)
    for text in ("漢" + "a" * 38, "a\u0301" + "a" * 39, "漢a\u0301" + "a" * 37):
        wide = (Span(text),)
        assert changed_cells(plain, wide, CELLS) == ((0, CELLS),)
        assert changed_cells(wide, plain, CELLS) == ((0, CELLS),)
