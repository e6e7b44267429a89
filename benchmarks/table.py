"""Rows of figures, printed as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One line of a benchmark's result, as text."""

    what: str
    figure: str
    """The measured value with its unit."""
    peer: str = ""
    """The value of the peer; empty if there is none."""
    ratio: str = ""
    """Figure divided by peer."""


HEADINGS = Row("", "bttop", "peer", "ratio")


def ratio(figure: float, peer: float) -> str:
    """Return `figure / peer` with two decimals, or a dash if the peer is zero."""
    return f"{figure / peer:.2f}" if peer else "-"


def compared(what: str, figure: float, peer: float, form: str = "{:,.0f}") -> Row:
    """Return a row of two numbers with the same unit, formatted by `form`."""
    return Row(what, form.format(figure), form.format(peer), ratio(figure, peer))


def rendered(rows: Sequence[Row]) -> str:
    """Return the rows as a table with aligned columns."""
    lines = [HEADINGS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(_aligned(line, widths) for line in lines)


def _aligned(line: Row, widths: Sequence[int]) -> str:
    first, *rest = line
    cells = [f"  {first:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True))]
    return "  ".join(cells).rstrip()
