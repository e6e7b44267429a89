"""The lines of a histogram: label, counts and a bar for each range of values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from math import log2
from typing import NamedTuple

from msgspec import Struct

from bttop.model.format.floats import as_float, ratio
from bttop.ui.render.charts import bar_lengths
from bttop.ui.render.spans import Glyphs, Line, Span, fit

LEAST_BAR = 3
"""Cells below which there is no bar."""


class BucketRow(NamedTuple):
    """One line of a histogram."""

    label: str
    events: str
    share: str
    """The cumulative share, as text; empty if it is not shown."""
    other: str
    """The count of the histogram that is drawn over it; empty if there is none."""


class BarLengths(Struct, frozen=True):
    """What the lines draw, as numbers of any scale: a bar and a mark are compared with the largest of both."""

    bars: Sequence[float]
    marks: Sequence[float] = ()
    """One mark per line, above its bar; empty for none. 0 draws no mark."""
    line: Sequence[float] = ()
    """The line of the cumulative shares, from 0 to 1; empty for none."""


def logarithms(counts: Sequence[int]) -> list[float]:
    """The length of each count on a logarithmic scale: 0 for 0, and 1 more for each doubling."""
    return [log2(1 + max(0, count)) for count in counts]


def cumulative(counts: Sequence[int]) -> list[float]:
    """The share of all events up to and including each place, from 0 to 1."""
    total, so_far, shares = sum(counts), 0, []
    for count in counts:
        so_far += count
        shares.append(ratio(so_far, total))
    return shares


def shares(counts: Sequence[int]) -> list[float]:
    """The share of all events at each place, from 0 to 1."""
    total = as_float(sum(counts))
    return [ratio(count, total) for count in counts]


def bucket_lines(rows: Sequence[BucketRow], drawn: BarLengths, cells: int, glyphs: Glyphs) -> list[Line]:
    """One line of `cells` cells per row. Without room for a bar there are only the texts."""
    widths = [max(map(len, texts)) for texts in zip(*rows, strict=True)]
    heads = [_head(row, widths) for row in rows]
    used = sum(len(span.text) for span in heads[0])
    room = cells - used
    if room < LEAST_BAR:
        return [fit(head, cells) for head in heads]
    return [
        fit((*head, *bar), cells) for head, bar in zip(heads, _bars(drawn, room, glyphs), strict=True)
    ]  # fmt: skip


def texts_width(rows: Sequence[BucketRow]) -> int:
    """Cells of the texts in front of the bars, with the blank after them."""
    return sum(width + 1 for width in (max(map(len, texts)) for texts in zip(*rows, strict=True)) if width)


def _head(row: BucketRow, widths: Sequence[int]) -> tuple[Span, ...]:
    label, count, share, other = widths
    spans = [Span(f"{row.label:<{label}} ", "name"), Span(f"{row.events:>{count}} ", "number")]
    if other:
        spans.append(Span(f"{row.other:>{other}} ", "match"))
    if share:
        spans.append(Span(f"{row.share:>{share}} ", "match" if not other else "dim"))
    return tuple(spans)


def _bars(drawn: BarLengths, room: int, glyphs: Glyphs) -> list[list[Span]]:
    lengths = bar_lengths([*drawn.bars, *drawn.marks], room)
    bars, marks = lengths[: len(drawn.bars)], lengths[len(drawn.bars) :]
    ends = [0, *(max(1, round(room * share)) if share else 0 for share in drawn.line)]
    steps = list(pairwise(ends)) if drawn.line else [(0, 0)] * len(bars)
    places = [max(1, mark) if value > 0 else 0 for mark, value in zip(marks, drawn.marks, strict=True)]
    places = places or [0] * len(bars)
    return [
        _bar(length, value, place, step, glyphs)
        for length, value, place, step in zip(bars, drawn.bars, places, steps, strict=True)
    ]


def _bar(length: int, value: float, mark: int, step: tuple[int, int], glyphs: Glyphs) -> list[Span]:
    """A bar; behind it the piece of the line, and over both its end and the mark."""
    cells = [Span(glyphs.full, "bar")] * length or ([Span(glyphs.sliver, "bar")] if value > 0 else [])
    behind = range(max(step[0], len(cells)), step[1])
    cells += [Span(" ", "bar")] * (max(mark, step[1]) - len(cells))
    for at in behind:
        cells[at] = Span(glyphs.rule, "match")
    for end in (step[1], mark):
        if end:
            cells[end - 1] = Span(glyphs.divider, "match")
    groups = groupby(cells, key=lambda cell: cell.role)
    return [Span("".join(cell.text for cell in group), role) for role, group in groups]
