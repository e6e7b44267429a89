"""Lines without colours: text with roles. Views make them, panes paint them, tests read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from bttop.model.format.floats import known, ratio
from bttop.ui.render.text import ELLIPSIS, folded, left, width

BARS = " ▁▂▃▄▅▆"
"""The end of a bar: an empty cell, then one to six sevenths. Bars are seven eighths of a cell high, so that the bars of
adjacent lines do not merge, and end in a lower mark: marks that divide the width are a whole cell high."""
TREND = "▁▂▃▄▅▆▇█"
ASCII_TREND = "._-=+*%#"
STEPS = len(BARS)
"""Steps of a bar within one cell."""


class Span(NamedTuple):
    """A piece of text with one role. Themes give roles their colours."""

    text: str
    role: str = "text"


Line: TypeAlias = tuple[Span, ...]


class Glyphs(Struct, frozen=True):
    """The characters for charts and marks: block characters if the terminal can show them, else ASCII."""

    bars: str
    trend: str
    rule: str
    focus: str
    divider: str
    tee: str
    cross: str
    branch: str
    full: str
    sliver: str
    open: str
    closed: str
    sorted: str
    reversed: str
    light: str
    """The mark of a recording in the header."""
    mark: str
    play: str
    pause: str
    line_end: str
    """A line end within a program of several lines."""
    shades: str
    """Densities of a heat map, the thinnest first."""
    halves: str
    """The upper and the lower half of a cell; empty if there are no such characters."""
    quantiles: str
    """The lines of the median and of two higher percentiles over a heat map."""
    gap: str
    """A time without a flush in a heat map."""
    selected: str
    """A cell of a rectangle in a heat map."""
    crosshair: str
    """The cell under the cursor in a heat map."""
    edge: str
    """The left end of a frame of a flame graph."""
    change: str
    """The heading of a change."""


UNICODE = Glyphs(
    BARS, TREND, "─", "━", "│", "┬", "┼", "├", "▇", "▁", "▾", "▸", "▾", "▴", "●", "⚑", "▶", "‖", "↵",
    shades="░▒▓█", halves="▀▄", quantiles="━─╌", gap="┊", selected="╳", crosshair="┼", edge="▏", change="Δ",
)  # fmt: skip
ASCII_BARS = " " * 7
ASCII = Glyphs(
    ASCII_BARS, ASCII_TREND, "-", "=", "|", "+", "+", "+", "#", ":", "v", ">", "v", "^", "*", "!", ">", "=", "|",
    shades=".:-=+*%#", halves="", quantiles="_-~", gap=":", selected="/", crosshair="X", edge="|", change="vs",
)  # fmt: skip


class Exact(tuple[Span, ...]):
    """A line of known width. Measuring widths again would take a third of a repaint."""

    cells: int

    @classmethod
    def of(cls, spans: Iterable[Span], cells: int) -> Exact:
        """Spans that take exactly `cells` cells."""
        line = cls(spans)
        line.cells = cells
        return line


def line_width(line: Line) -> int:
    """Width of a line in cells."""
    return sum(width(span.text) for span in line)


def fit(line: Iterable[Span], cells: int) -> Line:
    """The line in exactly `cells` cells: cut with an ellipsis or padded with blanks."""
    if isinstance(line, Exact) and line.cells == cells:
        return line
    out: list[Span] = []
    room = cells
    for span in line:
        if room <= 0:
            break
        used = width(span.text)
        if used > room:
            out.append(Span(left(span.text, room), span.role))
            return Exact.of(out, cells)
        out.append(span)
        room -= used
    if room > 0:
        # The padding is part of the last span: a change of style costs more bytes than the blanks.
        text, role = out.pop() if out else Span("")
        out.append(Span(text + " " * room, role))
    return Exact.of(out, cells)


def wrapped(line: Line, cells: int) -> list[Line]:
    """The line over as many lines as it needs. One that fits keeps its roles; a longer one is all in its last role."""
    if line_width(line) <= cells or not line:
        return [line]
    return [(Span(piece, line[-1].role),) for piece in folded(plain(line), cells)]


def wrapped_within(line: Line, cells: int, most: int) -> list[Line]:
    """The line over at most `most` lines; the last one ends in an ellipsis if there is more."""
    # A text of a recording may have a million characters.
    enough = (most + 1) * cells
    text = plain(line)
    if len(text) <= enough:
        return first_lines(wrapped(line, cells), most, cells)
    return first_lines([*wrapped((Span(text[:enough], line[-1].role),), cells), ()], most, cells)


def first_lines(lines: Sequence[Line], most: int, cells: int) -> list[Line]:
    """The first `most` lines (at least one); the last one ends in an ellipsis if there are more."""
    if len(lines) <= most:
        return list(lines)
    last = lines[most - 1]
    return [*lines[: most - 1], (Span(left(f"{plain(last)}{ELLIPSIS}", cells), last[-1].role if last else "text"),)]


def plain(line: Iterable[Span]) -> str:
    """The text of a line without roles."""
    return "".join(span.text for span in line)


def with_role(line: Iterable[Span], role: str) -> Line:
    """The whole line in one role, as for the selected row."""
    spans = (Span(plain(line), role),)
    return Exact.of(spans, line.cells) if isinstance(line, Exact) else spans


def bar(part: float, whole: float, cells: int, glyphs: Glyphs) -> str:
    """A bar of `cells` cells for `part` of `whole`, in sevenths of a cell; a part above 0 shows at least the thinnest
    bar."""
    if cells <= 0:
        return ""
    share = ratio(part, whole)
    if not share:
        return " " * cells
    full, rest = divmod(max(1, round(cells * STEPS * share)), STEPS)
    text = glyphs.full * full + (glyphs.bars[rest] if rest else "")
    if not text.strip():
        text = glyphs.sliver
    return text[:cells].ljust(cells)


def sparkline(values: Iterable[float], cells: int, glyphs: Glyphs) -> str:
    """The newest `cells` values as a small trend, the newest at the right; 0 is the lowest mark, NaN is blank.

    The highest mark is seven eighths of a cell, so that the trends of adjacent lines do not merge.
    """
    shown = list(values)[-cells:] if cells > 0 else []
    there = known(shown)
    top = max(there, default=0.0)
    if not 0 < top < math.inf:
        return "".join(" " if value != value else glyphs.trend[ratio(value, top) > 0] for value in shown).rjust(cells)
    low, high, steps = glyphs.trend[0], glyphs.trend, len(glyphs.trend) - 2
    # The arithmetic is inlined because this runs for every row on screen; nearly all values are well below 2^63.
    marks = [high[int(value / top * steps + 0.5) or 1] if value > 0 else low for value in there]
    if len(there) < len(shown):
        rest = iter(marks)
        marks = [" " if value != value else next(rest) for value in shown]
    return "".join(marks).rjust(cells)
