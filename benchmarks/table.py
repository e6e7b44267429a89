"""Rows of figures, printed as a table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """The median of some measurements, with the lowest and the highest."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, found: Sequence[float]) -> Spread:
        """The spread of at least one measurement."""
        return cls(min(found), statistics.median(found), max(found))

    def text(self, form: str) -> str:
        """The median, and the range if there is one."""
        median, *ends = (form.format(one) for one in (self.median, self.low, self.high))
        return median if ends[0] == ends[1] else f"{median} ({ends[0]} to {ends[1]})"


class Row(NamedTuple):
    """One line of a benchmark's result, as text."""

    what: str
    figure: str
    """The measured value with its unit."""
    peer: str = ""
    """The value of the peer; empty if there is none."""
    ratio: str = ""
    """Figure divided by peer."""
    ratios: Spread | None = None
    """The ratio as a number, of each round if there are several; None if there is no peer to compare with."""


HEADINGS = ("", "bttop", "peer", "ratio", "baseline")


def ratio(figure: float, peer: float) -> str:
    """Return `figure / peer` with two decimals, or a dash if the peer is zero."""
    return f"{figure / peer:.2f}" if peer else "-"


def compared(what: str, figure: float, peer: float, form: str = "{:,.0f}") -> Row:
    """Return a row of two numbers with the same unit, formatted by `form`."""
    ratios = Spread.of([figure / peer]) if peer else None
    return Row(what, form.format(figure), form.format(peer), ratio(figure, peer), ratios)


def in_turn(what: str, figures: Sequence[float], peers: Sequence[float], form: str = "{:,.0f}") -> Row:
    """Return a row of rounds in which bttop and its peer were measured in turn, or at the same time: medians with their
    ranges, and the median of the rounds' ratios. Without peers (none installed) the row has no ratio."""
    own = Spread.of(figures).text(form)
    if not peers or not all(peers):
        return Row(what, own, "-")
    ratios = Spread.of([figure / peer for figure, peer in zip(figures, peers, strict=True)])
    return Row(what, own, Spread.of(peers).text(form), ratios.text("{:.2f}"), ratios)


def alone(what: str, figures: Sequence[float], form: str = "{:,.0f}") -> Row:
    """Return a row without a peer."""
    return Row(what, Spread.of(figures).text(form))


def rendered(rows: Sequence[Row], verdicts: Mapping[str, str]) -> str:
    """Return the rows as a table with aligned columns; `verdicts` has the last column by the name of its row."""
    lines = [HEADINGS, *((row.what, row.figure, row.peer, row.ratio, verdicts.get(row.what, "")) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(_aligned(line, widths) for line in lines)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = line
    cells = [f"  {first:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True))]
    return "  ".join(cells).rstrip()
