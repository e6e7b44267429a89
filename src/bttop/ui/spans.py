"""Lines before they have colours: text with roles. Views make them, panes paint them, tests read them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from bttop.model.floats import ratio
from bttop.model.trends import known
from bttop.ui.text import left, width

BARS = " ▏▎▍▌▋▊▉█"
TREND = "▁▂▃▄▅▆▇█"
ASCII_TREND = "._-=+*%#"


class Span(NamedTuple):
    """A run of text with one role; roles are named in themes."""

    text: str
    role: str = "text"


Line: TypeAlias = tuple[Span, ...]


class Glyphs(NamedTuple):
    """The marks that charts are drawn with: blocks where the terminal can show them, ASCII where not."""

    bars: str
    trend: str
    rule: str
    focus: str
    divider: str
    tee: str
    cross: str
    full: str
    sliver: str
    open: str
    closed: str
    sorted: str
    reversed: str
    light: str
    """That a recording is being made."""
    mark: str
    play: str
    pause: str


UNICODE = Glyphs(BARS, TREND, "─", "━", "│", "┬", "┼", "█", "▏", "▾", "▸", "▾", "▴", "●", "⚑", "▶", "‖")
ASCII = Glyphs(" " * 8 + "#", ASCII_TREND, "-", "=", "|", "+", "+", "#", ":", "v", ">", "v", "^", "*", "!", ">", "=")


class Exact(tuple[Span, ...]):
    """A line whose width is known, so that nobody need measure it again: measuring was a third of a repaint."""

    cells: int

    @classmethod
    def of(cls, spans: Iterable[Span], cells: int) -> Exact:
        """Spans that take exactly `cells` cells."""
        line = cls(spans)
        line.cells = cells
        return line


def line_width(line: Line) -> int:
    """Cells that a line takes."""
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
        # The padding joins the last span: a change of style costs more bytes than the blanks.
        text, role = out.pop() if out else Span("")
        out.append(Span(text + " " * room, role))
    return Exact.of(out, cells)


def plain(line: Iterable[Span]) -> str:
    """The text of a line without roles."""
    return "".join(span.text for span in line)


def with_role(line: Iterable[Span], role: str) -> Line:
    """The whole line in one role, for the selected row."""
    spans = (Span(plain(line), role),)
    return Exact.of(spans, line.cells) if isinstance(line, Exact) else spans


def bar(part: float, whole: float, cells: int, glyphs: Glyphs) -> str:
    """A bar of `cells` cells for part of whole, in eighths; what is not nothing shows at least a sliver."""
    if cells <= 0:
        return ""
    share = ratio(part, whole)
    if not share:
        return " " * cells
    eighths = max(1, round(cells * 8 * share))
    full, rest = divmod(eighths, 8)
    text = glyphs.full * full + (glyphs.bars[rest] if rest else "")
    if not text.strip():
        text = glyphs.sliver
    return text[:cells].ljust(cells)


def sparkline(values: Iterable[float], cells: int, glyphs: Glyphs) -> str:
    """The newest `cells` values as a small trend, newest at the right end; zero is the lowest mark, NaN is blank."""
    shown = list(values)[-cells:] if cells > 0 else []
    there = known(shown)
    top = max(there, default=0.0)
    if not 0 < top < math.inf:
        return "".join(" " if value != value else glyphs.trend[ratio(value, top) > 0] for value in shown).rjust(cells)
    low, high, steps = glyphs.trend[0], glyphs.trend, len(glyphs.trend) - 1
    # Nearly every value is well below 2^63; the arithmetic is written out because this runs for every row shown.
    marks = [high[int(value / top * steps + 0.5) or 1] if value > 0 else low for value in there]
    if len(there) < len(shown):
        rest = iter(marks)
        marks = [" " if value != value else next(rest) for value in shown]
    return "".join(marks).rjust(cells)
