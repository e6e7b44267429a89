"""Bars by plotext and filled curves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.render.charts import area, horizontal_bars
from bttop.ui.render.spans import ASCII, UNICODE, Glyphs

COUNTS = st.lists(st.integers(0, 2**64), min_size=1, max_size=70)


@given(COUNTS, st.integers(12, 240), st.sampled_from([UNICODE, ASCII]))
def test_one_line_of_the_same_length_per_value(counts: list[int], cells: int, glyphs: Glyphs) -> None:
    lines = horizontal_bars(["label"] * len(counts), counts, cells, glyphs)
    assert [len(line) for line in lines] == [cells] * len(counts)
    for count, line in zip(counts, lines, strict=True):
        assert bool(line.removeprefix("label").strip()) == (count > 0)


@pytest.mark.parametrize("columns", ["20", "80", "300"])
@pytest.mark.parametrize("cells", [30, 100, 240])
def test_the_largest_value_fills_the_line_whatever_columns_says(
    monkeypatch: pytest.MonkeyPatch, columns: str, cells: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", "5")
    lines = horizontal_bars(["a", "b", "c"], [100, 50, 0], cells, UNICODE)
    lengths = [line.count("█") for line in lines]
    assert lengths[0] == cells - 2
    assert abs(lengths[1] - lengths[0] / 2) <= 1
    assert lengths[2] == 0


@given(COUNTS)
def test_longer_bars_are_larger_values(counts: list[int]) -> None:
    lengths = [line.count("█") for line in horizontal_bars([""] * len(counts), counts, 60, UNICODE)]
    by_value = sorted(zip(counts, lengths, strict=True))
    assert [length for _, length in by_value] == sorted(lengths)


def test_no_bars_for_no_values() -> None:
    assert horizontal_bars([], [], 40, UNICODE) == []


@given(st.lists(st.floats(), max_size=80), st.integers(1, 60), st.integers(1, 12))
def test_a_curve_fills_exactly_its_place(values: list[float], cells: int, rows: int) -> None:
    lines = area(values, cells, rows, UNICODE)
    assert [len(line) for line in lines] == [cells] * rows


def test_a_curve_shows_the_newest_values_at_the_right() -> None:
    assert area([8, 1, 4, 2], 3, 2, UNICODE) == [" █ ", "▄█▁"] or area([8, 1, 4, 2], 3, 2, UNICODE) == [" █ ", "▄██"]
