"""Rows of figures, and how they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One line of a benchmark's answer, as text that is ready to print."""

    what: str
    figure: str
    """The measured value with its unit."""
    peer: str = ""
    """The same for the peer of this run; empty where there is none."""
    ratio: str = ""
    """Figure over peer."""


HEADINGS = Row("", "bttop", "peer", "ratio")


def ratio(figure: float, peer: float) -> str:
    """`figure / peer` to two places, or a dash where the peer is zero."""
    return f"{figure / peer:.2f}" if peer else "-"


def compared(what: str, figure: float, peer: float, form: str = "{:,.0f}") -> Row:
    """A row of two numbers of one unit, written by `form`."""
    return Row(what, form.format(figure), form.format(peer), ratio(figure, peer))


def rendered(rows: Sequence[Row]) -> str:
    """The rows as a table of aligned columns."""
    lines = [HEADINGS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(_aligned(line, widths) for line in lines)


def _aligned(line: Row, widths: Sequence[int]) -> str:
    first, *rest = line
    cells = [f"  {first:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True))]
    return "  ".join(cells).rstrip()
