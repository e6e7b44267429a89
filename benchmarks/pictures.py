"""Makes the pictures of docs/pictures: `python -m benchmarks.pictures`. Each is a demo at one of its marks, as SVG."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Generator, Iterator
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import pyte
from pyte.screens import Char
from tests.terminal import Terminal
from tests.ui.dashboard import SOURCES, Dashboard

FOLDER: Final = Path(__file__).parents[1] / "docs" / "pictures"
COLUMNS, ROWS = 120, 40
_WIDTH, _HEIGHT = 8, 17
"""Pixels of a cell."""
_BASELINE = 13
_WORDS: Final = re.compile(r"\S+(?: \S+)*")
_PAPER, _INK = "101010", "d0d0d0"
"""Colours of a terminal that does not report its own."""
_ENVIRONMENT = {"PYTHONPATH": SOURCES, "TZ": "UTC", "COLORTERM": "truecolor"}


class Picture(NamedTuple):
    """A demo, and how to come to what the picture shows."""

    demo: str
    first: str
    """A text of the demo's first mark."""
    keys: tuple[str, ...]
    shown: tuple[str, ...]
    """Texts that are on the screen when everything has been drawn."""


PICTURES: Final = (
    Picture("lock-fight", "Three threads", (".", "."), ("The widest path", "reserve_stock", "<33ms")),
    Picture("slow-disk", "ledger writes 20", (".", ".", "2", "v", "v"), ("a heat map shows", "─p90")),
    Picture("retransmit-storm", "A network loses", (".", "d", "d"), ("its course as a line", "total")),
)


class _Style(NamedTuple):
    ink: str
    paper: str
    bold: bool


def drawn(one: Picture) -> Generator[str, None, None]:
    """Play a demo, and yield the picture again and again: the last ones show everything."""
    with Terminal([sys.executable, "-m", "bttop", "demo", one.demo], COLUMNS, ROWS, _ENVIRONMENT) as terminal:
        shown = Dashboard(terminal)
        shown.wait_for(one.first)
        shown.press("Space", *one.keys)
        shown.wait_for("‖", *one.shown)
        while True:
            yield svg(terminal.screen)


def svg(screen: pyte.Screen) -> str:
    """What a terminal shows."""
    lines = [line for row in range(screen.lines) for line in _row(screen, row)]
    width, height = screen.columns * _WIDTH, screen.lines * _HEIGHT
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    paper = f'<rect width="{width}" height="{height}" fill="#{_PAPER}"/>'
    text = '<g font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="13">'
    return "\n".join([head, paper, text, *lines, "</g>", "</svg>", ""])


def _row(screen: pyte.Screen, row: int) -> Iterator[str]:
    cells = [screen.buffer[row][column] for column in range(screen.columns)]
    column = 0
    for style, run in groupby(cells, _style):
        text = "".join(cell.data for cell in run)
        yield from _run(column, row, text, style)
        column += len(text)


def _run(column: int, row: int, text: str, style: _Style) -> Iterator[str]:
    """The background of a run of cells of one style, and its text."""
    x, y = column * _WIDTH, row * _HEIGHT
    if style.paper != _PAPER:
        yield f'<rect x="{x}" y="{y}" width="{len(text) * _WIDTH}" height="{_HEIGHT}" fill="#{style.paper}"/>'
    bold = ' font-weight="bold"' if style.bold else ""
    # Several blanks in a row would become one.
    for found in _WORDS.finditer(text):
        place = f'x="{x + found.start() * _WIDTH}" y="{y + _BASELINE}" textLength="{len(found[0]) * _WIDTH}"'
        yield f'<text {place} fill="#{style.ink}"{bold}>{escape(found[0], quote=False)}</text>'


def _style(cell: Char) -> _Style:
    ink, paper = _colour(cell.fg, _INK), _colour(cell.bg, _PAPER)
    return _Style(paper, ink, cell.bold) if cell.reverse else _Style(ink, paper, cell.bold)


def _colour(name: str, default: str) -> str:
    return default if name == "default" else name


def main() -> int:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    for one in PICTURES:
        path = FOLDER / f"{one.demo}.svg"
        path.write_text(_settled(drawn(one)))
        print(f"{path}: {path.stat().st_size:,} bytes")
    return 0


def _settled(pictures: Iterator[str]) -> str:
    """The first picture that stays the same for a second."""
    found, since = next(pictures), time.monotonic()
    while time.monotonic() - since < 1.0:
        time.sleep(0.05)
        if (now := next(pictures)) != found:
            found, since = now, time.monotonic()
    return found


if __name__ == "__main__":
    sys.exit(main())
