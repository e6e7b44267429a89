"""Lines over time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bttop.ui.render.line_chart import Curve, Scale, Segment, plot, role_of, scale_of
from bttop.ui.render.spans import ASCII, UNICODE, Glyphs, line_width, plain

SHARES = st.floats(0, 1)
SEGMENTS = st.lists(st.lists(SHARES, min_size=1, max_size=20), max_size=4).map(
    lambda found: tuple(tuple((index / 20, y) for index, y in enumerate(ys)) for ys in found)
)
VALUES = st.lists(st.floats(-1e300, 1e300), max_size=20)


@settings(max_examples=40)
@given(st.lists(SEGMENTS, max_size=6), st.integers(4, 90), st.integers(1, 12), st.sampled_from([UNICODE, ASCII]))
def test_any_curves_fill_exactly_their_place(segments: list, cells: int, rows: int, glyphs: Glyphs) -> None:  # type: ignore[type-arg]
    curves = [Curve(number, one) for number, one in enumerate(segments)]
    lines = plot(curves, ("12k/s", "0"), cells, rows, glyphs)
    assert [line_width(line) for line in lines] == [cells] * rows
    if glyphs is ASCII:
        assert all(plain(line).isascii() for line in lines)


def test_a_curve_begins_below_and_ends_above_and_is_named_at_its_newest_point() -> None:
    rising = Curve(0, (((0.0, 0.0), (1.0, 1.0)),))
    lines = [plain(line) for line in plot([rising], ("9", "0"), 24, 5, UNICODE)]
    assert [line[:2] for line in lines] == ["9│", " │", " │", " │", "0│"]
    assert [line[-1] for line in lines] == ["a", " ", " ", " ", " "]
    columns = [min(at for at, mark in enumerate(line[2:22]) if mark != " ") for line in lines]
    assert columns == sorted(columns, reverse=True)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_lines_can_be_told_apart_without_colours(glyphs: Glyphs) -> None:
    curves = [Curve(0, (((0.0, 0.5), (1.0, 0.5)),)), Curve(1, (((0.0, 0.5), (1.0, 0.5)),)), Curve(2, ())]
    ends = [plain(line)[-1] for line in plot(curves, ("9", "0"), 24, 5, glyphs)]
    assert sorted(ends) == [" ", " ", " ", "a", "b"]


def test_each_line_has_its_own_role() -> None:
    curves = [Curve(0, (((0.0, 1.0), (1.0, 1.0)),)), Curve(1, (((0.0, 0.0), (1.0, 0.0)),))]
    first, *_, last = plot(curves, ("9", "0"), 24, 5, UNICODE)
    assert role_of(0) in {span.role for span in first}
    assert role_of(1) in {span.role for span in last}
    assert role_of(1) not in {span.role for span in first}


def test_a_gap_stays_blank() -> None:
    curve = Curve(0, (((0.0, 0.5), (0.2, 0.5)), ((0.8, 0.5), (1.0, 0.5))))
    line = plain(plot([curve], ("9", "0"), 104, 1, UNICODE)[0])
    assert line[2:22].strip()
    assert not line[30:80].strip()
    assert line[85:100].strip()


def test_a_single_point_is_drawn() -> None:
    assert any(mark not in " 90│a" for mark in plain(plot([Curve(0, (((1.0, 0.5),),))], ("9", "0"), 24, 1, UNICODE)[0]))


def test_curves_with_very_many_dots_are_drawn_with_less_detail() -> None:
    def drawn(curve: Segment, lines: int) -> set[str]:
        curves = [Curve(number, (curve,)) for number in range(lines)]
        found = plot(curves, ("9", "0"), 100, 20, UNICODE)
        return {mark for line in found for span in line if span.role.startswith("line") for mark in span.text[:-1]}

    calm, wild = tuple((n / 100, 0.4) for n in range(101)), tuple((n / 100, float(n % 2)) for n in range(101))
    assert "•" not in drawn(calm, 6)
    assert "•" in drawn(wild, 6)


@given(VALUES, st.booleans())
def test_a_scale_holds_its_values(values: list[float], is_log: bool) -> None:
    scale = scale_of(values, is_log=is_log)
    assert scale.low < scale.high
    places = [scale.place(value) for value in sorted(values)]
    assert all(0 <= place <= 1 for place in places)
    assert places == sorted(places)


def test_a_linear_scale_begins_at_0_and_a_logarithmic_one_at_the_smallest_value() -> None:
    assert scale_of([5, 20], is_log=False) == Scale(0.0, 20)
    assert scale_of([-5, -3], is_log=False) == Scale(-5, 0.0)
    assert scale_of([0, 1, 1000], is_log=True) == Scale(1, 1000, is_log=True)
    assert scale_of([1, 10, 100], is_log=True).place(10) == pytest.approx(0.5)
    assert scale_of([0, -1], is_log=True).is_log is False
