"""The cells of a heat map as lines: colours of the theme's ramp, or density glyphs where there are few colours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

from bttop.model.history.heat import HeatGrid
from bttop.ui.render.spans import Line, Span
from bttop.ui.views.base import Scene
from bttop.ui.views.plot import Corner, Plot

_NOTHING: Final = 0
"""The level of a cell without events. Every other cell has at least level 1: one slow event in a million is seen."""


class Marks(Struct, frozen=True):
    """What is drawn over the cells."""

    cursor: Corner | None
    rectangle: tuple[Corner, Corner] | None
    """The oldest and lowest, and the newest and highest cell."""


class _Cell(NamedTuple):
    """A character for all cells of a column, or a text as wide as the column, and its role."""

    glyph: str
    role: str


class _Mark(NamedTuple):
    """What is drawn over a column in a line: see `_Cell`."""

    column: int
    glyph: str
    role: str = ""
    """Empty: a colour that can be read on that of `row`."""
    row: int = 0


def painted(scene: Scene, grid: HeatGrid, plot: Plot, marks: Marks) -> list[Line]:
    """The lines of the cells, the highest rows first."""
    is_coloured = has_colours(scene)
    levels = levels_of(grid, scene.shades if is_coloured else len(scene.glyphs.shades))
    paint = _coloured if is_coloured else _dense
    gaps = [_Mark(at, scene.glyphs.gap, "dim") for at, one in enumerate(grid.columns) if not one.flushes]
    quantiles = _quantiles_by_row(scene, grid)
    lines = []
    for at in range(plot.row_lines):
        low = (plot.row_lines - 1 - at) * plot.rows_per_line
        rows = range(low, min(low + plot.rows_per_line, len(grid.rows)))
        over = [
            *gaps,
            *(mark for row in rows for mark in quantiles.get(row, ())),
            *_chosen(scene, rows, marks, plot.wide),
        ]
        lines.append(_joined(paint(scene, levels, rows, over), plot.wide))
    return lines


def has_colours(scene: Scene) -> bool:
    """Whether cells have colours, so that a line can show two rows; else they are density glyphs, one row a line."""
    return scene.shades > 0 and bool(scene.glyphs.halves)


def levels_of(grid: HeatGrid, steps: int) -> Sequence[Sequence[int]]:
    """For each row the levels of its columns: 0 without events, else 1 to `steps` by the logarithm of the events per
    second."""
    used = [rate for placed in grid.placed for rate in placed.rates if rate]
    least, most = min(used, default=1.0), max(used, default=1.0)
    return list(zip(*[_levels(placed.rates, least, most, steps) for placed in grid.placed], strict=True))


@lru_cache(maxsize=1024)
def _levels(rates: Sequence[float], least: float, most: float, steps: int) -> Sequence[int]:
    """The levels of one column. Cached, because the smallest and the largest rate seldom change."""
    width = math.log(most / least) if least < most < math.inf else 0.0
    if not width:
        return [steps if rate else _NOTHING for rate in rates]
    return [1 + round((steps - 1) * math.log(rate / least) / width) if rate else _NOTHING for rate in rates]


def _quantiles_by_row(scene: Scene, grid: HeatGrid) -> Mapping[int, Sequence[_Mark]]:
    """The marks of the percentiles. That of the lowest is the last one: it hides those in the same cell."""
    found: dict[int, list[_Mark]] = {}
    glyphs = scene.glyphs.quantiles[::-1]
    for column, placed in enumerate(grid.placed):
        for glyph, row in zip(glyphs, reversed(placed.quantiles), strict=False):
            found.setdefault(row, []).append(_Mark(column, glyph, row=row))
    return found


def _chosen(scene: Scene, rows: range, marks: Marks, wide: int) -> Iterator[_Mark]:
    """The rectangle, and the cursor over it."""
    if marks.rectangle is not None:
        first, last = marks.rectangle
        inside = [row for row in rows if first.row <= row <= last.row]
        columns = range(first.column, last.column + 1) if inside else ()
        yield from (_Mark(column, scene.glyphs.selected, row=inside[-1]) for column in columns)
    if marks.cursor is not None and marks.cursor.row in rows:
        middle = (wide - 1) // 2
        crosshair = f"{'':{middle}}{scene.glyphs.crosshair}{'':{wide - 1 - middle}}"
        yield _Mark(marks.cursor.column, crosshair, scene.cursor)


def _coloured(scene: Scene, levels: Sequence[Sequence[int]], rows: range, over: Sequence[_Mark]) -> list[_Cell]:
    """One or two rows as a line of coloured cells."""
    upper, lower = levels[rows[-1]], levels[rows[0]]
    if len(rows) > 1:
        up, down = scene.glyphs.halves[0], scene.glyphs.halves[1]
        cells = [_halves(up, down, one, other) for one, other in zip(upper, lower, strict=True)]
    else:
        cells = [_whole(level) for level in upper]
    for column, glyph, role, row in over:
        cells[column] = _Cell(glyph, role or f"heat-mark {levels[row][column]}")
    return cells


@lru_cache(maxsize=1024)
def _halves(up: str, down: str, upper: int, lower: int) -> _Cell:
    """A cell whose halves have two levels. A half without events has the background of the terminal."""
    if upper == lower:
        return _whole(upper)
    return _Cell(up, f"heat {upper} {lower}") if upper else _Cell(down, f"heat {lower} 0")


@lru_cache(maxsize=64)
def _whole(level: int) -> _Cell:
    return _Cell(" ", f"heat 0 {level}" if level else "text")


def _dense(scene: Scene, levels: Sequence[Sequence[int]], rows: range, over: Sequence[_Mark]) -> list[_Cell]:
    """A row as a line of density glyphs. A mark hides the density below it; the heading says the count of the cell
    under the cursor."""
    glyphs = " " + scene.glyphs.shades
    cells = [_Cell(glyphs[level], "bar") for level in levels[rows[0]]]
    for column, glyph, role, _ in over:
        cells[column] = _Cell(glyph, role or "match")
    return cells


def _joined(cells: Sequence[_Cell], wide: int) -> Line:
    """Columns of one role as one span, each `wide` cells wide."""
    spans: list[Span] = []
    text, role = "", ""
    for glyph, other in cells:
        if other != role and text:
            spans.append(Span(text, role))
            text = ""
        text, role = text + (glyph * wide if len(glyph) == 1 else glyph), other
    return (*spans, Span(text, role)) if text else tuple(spans)
