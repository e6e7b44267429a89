"""Lines over time in a plot with axes; plotext draws the lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from bttop.ui.render.charts import Cell, draw_curves
from bttop.ui.render.spans import ASCII, Glyphs, Line, Span, fit

LETTERS: Final = "abcdef"
"""The name of each line in the legend and at its newest point."""
MOST_LINES: Final = len(LETTERS)

Segment: TypeAlias = tuple[tuple[float, float], ...]
"""Consecutive points (moment, value) of a line, from left to right."""


class Curve(Struct, frozen=True):
    """One line: its segments, with a gap between two of them."""

    number: int
    """Its place in the legend, from 0."""
    segments: tuple[Segment, ...]


class Scale(Struct, frozen=True):
    """The range of values from bottom to top."""

    low: float
    high: float
    is_log: bool = False

    def place(self, value: float) -> float:
        """0 for the bottom, 1 for the top; a value below the bottom is drawn there."""
        low, high = self._of(self.low), self._of(self.high)
        return max(0.0, min(1.0, (self._of(value) - low) / (high - low))) if high > low else 0.0

    def _of(self, value: float) -> float:
        return math.log10(max(value, self.low)) if self.is_log else value


def scale_of(values: Sequence[float], *, is_log: bool) -> Scale:
    """A scale for these values that includes 0. A logarithmic scale begins at the smallest positive value;
    without one it is linear."""
    above = [value for value in values if value > 0]
    if is_log and above:
        return Scale(min(above), max(max(above), min(above) * 10), is_log=True)
    low, high = min([0.0, *values]), max([0.0, *values])
    return Scale(low, high if high > low else 1.0)


def role_of(number: int) -> str:
    """The role of a line."""
    return f"line-{number % MOST_LINES + 1}"


def plot(curves: Sequence[Curve], labels: tuple[str, str], cells: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """`rows` lines of `cells` cells. The points of the curves are shares of the width and the height, 0 to 1; `labels`
    are those of the top and of the bottom."""
    left = max(map(len, labels))
    room = cells - left - 3
    if room < 2:
        left, room = 0, max(1, cells - 3)
    drawn = draw_curves(tuple([one.segments for one in curves]), room, rows, is_ascii=glyphs is ASCII)
    letters = _letters(curves, rows)
    lines = []
    for row in range(rows):
        label = labels[0] if row == 0 else labels[1] if row == rows - 1 else ""
        head = Span(f"{label[:left]:>{left}}{glyphs.divider}", "dim")
        number = letters.get(row)
        tail = Span(" ") if number is None else Span(LETTERS[number], role_of(number))
        lines.append(fit((head, *_spans(drawn[row]), Span(" "), tail), cells))
    return lines


def _letters(curves: Sequence[Curve], rows: int) -> dict[int, int]:
    """The row at which each line is named: that of its newest point, or the nearest free one."""
    taken: dict[int, int] = {}
    for curve in curves:
        if not curve.segments:
            continue
        wanted = round((1 - curve.segments[-1][-1][1]) * (rows - 1))
        free = [row for row in range(rows) if row not in taken]
        if free:
            taken[min(free, key=lambda row: abs(row - wanted))] = curve.number
    return taken


def _spans(cells: Sequence[Cell]) -> list[Span]:
    spans: list[Span] = []
    for text, number in cells:
        role = "text" if number is None else role_of(number)
        if spans and (spans[-1].role == role or not text.strip()):
            spans[-1] = Span(spans[-1].text + text, spans[-1].role)
        else:
            spans.append(Span(text, role))
    return spans
