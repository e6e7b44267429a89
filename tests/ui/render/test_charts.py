"""Bars by plotext and filled curves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.render.charts import area, bar_lengths
from bttop.ui.render.spans import UNICODE

COUNTS = st.lists(st.integers(0, 2**64), min_size=1, max_size=70)


@pytest.mark.parametrize("columns", ["20", "80", "300"])
@pytest.mark.parametrize("cells", [30, 100, 240])
def test_the_longest_bar_fills_the_room_whatever_columns_says(
    monkeypatch: pytest.MonkeyPatch, columns: str, cells: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", "5")
    longest, half, none = bar_lengths([100, 50, 0], cells)
    assert longest == cells
    assert abs(half - cells / 2) <= 1
    assert none == 0


@given(COUNTS, st.integers(1, 240))
def test_longer_bars_are_larger_values(counts: list[int], cells: int) -> None:
    lengths = bar_lengths(counts, cells)
    by_value = sorted(zip(counts, lengths, strict=True))
    assert [length for _, length in by_value] == sorted(lengths)
    assert max(lengths) == (cells if max(counts) else 0)


def test_no_bars_for_no_values() -> None:
    assert bar_lengths([], 40) == []


@given(st.lists(st.floats(), max_size=80), st.integers(1, 60), st.integers(1, 12))
def test_a_curve_fills_exactly_its_place(values: list[float], cells: int, rows: int) -> None:
    lines = area(values, cells, rows, UNICODE)
    assert [len(line) for line in lines] == [cells] * rows


def test_a_curve_shows_the_newest_values_at_the_right() -> None:
    assert area([8, 1, 4, 2], 3, 2, UNICODE) == [" █ ", "▄█▁"] or area([8, 1, 4, 2], 3, 2, UNICODE) == [" █ ", "▄██"]
