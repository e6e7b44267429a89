"""Lines with roles, bars and trends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.format.text import visible
from bttop.ui.render.spans import (
    ASCII,
    UNICODE,
    Glyphs,
    Span,
    bar,
    fit,
    line_width,
    plain,
    sparkline,
    with_role,
    wrapped,
    wrapped_within,
)
from bttop.ui.render.text import width

GLYPHS = st.sampled_from([UNICODE, ASCII])
NUMBERS = st.floats() | st.integers(0, 2**64)
LINES = st.lists(st.builds(Span, st.text(max_size=12).map(visible), st.sampled_from(["text", "number"])), max_size=6)


@given(LINES, st.integers(0, 60))
def test_a_fitted_line_has_exactly_its_width(line: list[Span], cells: int) -> None:
    assert line_width(fit(line, cells)) == cells


@given(LINES)
def test_a_line_that_fits_keeps_its_text(line: list[Span]) -> None:
    cells = line_width(tuple(line))
    assert plain(fit(line, cells + 3)) == plain(line) + "   "


def test_a_cut_line_ends_in_an_ellipsis_and_keeps_its_roles() -> None:
    line = fit([Span("1,024", "number"), Span(" futex", "name")], 8)
    assert line == (Span("1,024", "number"), Span(" f…", "name"))


@given(LINES, st.integers(10, 60), st.integers(1, 4))
def test_a_wrapped_line_is_whole_or_ends_in_an_ellipsis(line: list[Span], cells: int, most: int) -> None:
    whole, found = wrapped(tuple(line), cells), wrapped_within(tuple(line), cells, most)
    assert len(found) == min(len(whole), most)
    assert found == whole or (len(whole) > most and plain(found[-1]).rstrip().endswith("…"))
    assert max(map(line_width, found)) <= cells


def test_a_selected_line_has_one_role() -> None:
    assert with_role([Span("a", "number"), Span("b", "name")], "cursor") == (Span("ab", "cursor"),)


@given(NUMBERS, NUMBERS, st.integers(0, 40), GLYPHS)
def test_a_bar_has_exactly_its_width(part: float, whole: float, cells: int, glyphs: Glyphs) -> None:
    assert width(bar(part, whole, cells, glyphs)) == cells


@given(st.integers(1, 10**9), st.integers(1, 40), GLYPHS)
def test_what_is_not_nothing_shows_in_a_bar(whole: int, cells: int, glyphs: Glyphs) -> None:
    assert bar(1, whole, cells, glyphs).strip()
    assert not bar(0, whole, cells, glyphs).strip()
    assert bar(whole, whole, cells, glyphs) == glyphs.full * cells


@pytest.mark.parametrize(("part", "text"), [(4, "▇▇  "), (3, "▇▃  "), (1, "▄   "), (8, "▇▇▇▇"), (0.01, "▁   ")])
def test_bars_count_in_sevenths_of_a_cell(part: float, text: str) -> None:
    assert bar(part, 8, 4, UNICODE) == text


@given(NUMBERS, st.floats(1, 2**64), st.integers(1, 40), st.lists(NUMBERS, max_size=40))
def test_no_bar_and_no_trend_fills_the_height_of_a_cell(
    part: float, whole: float, cells: int, values: list[float]
) -> None:
    assert "█" not in bar(part, whole, cells, UNICODE) + sparkline(values, cells, UNICODE)


@given(st.lists(NUMBERS, max_size=80), st.integers(0, 60), GLYPHS)
def test_a_sparkline_has_exactly_its_width(values: list[float], cells: int, glyphs: Glyphs) -> None:
    assert width(sparkline(values, cells, glyphs)) == cells


def test_a_sparkline_ends_with_the_newest_value() -> None:
    assert sparkline([0, 1, 2, 4], 6, UNICODE) == "  ▁▃▄▇"
    assert sparkline([9, 0, 1, 2, 4], 4, UNICODE) == "▁▃▄▇"
    assert sparkline([0, 0], 2, UNICODE) == "▁▁"


def test_a_small_value_never_looks_like_zero() -> None:
    assert sparkline([0, 1, 1000], 3, UNICODE) == "▁▂▇"
