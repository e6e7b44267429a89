"""What is sent to the terminal when parts of the screen have changed: the cells of these parts only.

Textual 8.2 sends each changed part from the left edge of its widget on, and chooses the colours anew for each piece of
text, also where they are the same. That is 60 % of all bytes of a dashboard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from bttop.ui.render.text import is_narrow

RESET: Final = "\x1b[0m"


class ExactUpdate(ChopsUpdate):
    """The same parts of the screen as a ChopsUpdate."""

    @classmethod
    def of(cls, update: ChopsUpdate) -> ExactUpdate:
        """The update with the parts of another one."""
        return cls(update.chops, update.spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        """The characters to send."""
        colours = console._color_system or ColorSystem.TRUECOLOR  # noqa: SLF001 - as Strip.render does
        sent, now = [], ""
        for x, y, segments in self._pieces():
            sent.append(Control.move_to(x, y).segment.text)
            for segment in segments:
                wanted = _colours_of(segment, colours)
                if wanted != now:
                    sent.append(RESET + wanted if now else wanted)
                    now = wanted
                sent.append(segment.text)
        return "".join([*sent, RESET if now else ""])

    def _pieces(self) -> Iterator[tuple[int, int, Iterable[Segment]]]:
        """Column and row of each piece of a line, and the piece."""
        for y, first, end in self.spans:
            for chop_end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is not None and x < end and chop_end > first:
                    yield max(x, first), y, _part_of(strip, max(0, first - x), min(end, chop_end) - x)


def _part_of(strip: Strip, first: int, end: int) -> Iterator[Segment]:
    """The cells [first, end) of a strip. `Strip.crop` makes a strip with seven caches for each part, which takes longer
    than all the rest of an update."""
    at = 0
    for segment in strip:
        if at >= end:
            return
        text, cells = segment.text, segment.cell_length
        start, stop = max(first - at, 0), min(end - at, cells)
        if start < stop:
            if stop - start == cells:
                yield segment
            elif is_narrow(text, cells):
                yield Segment(text[start:stop], segment.style)
            else:
                yield from Strip([segment], cells).crop(start, stop)
        at += cells


def _colours_of(segment: Segment, colours: ColorSystem) -> str:
    return "" if segment.style is None else _sequence(segment.style, colours)


@lru_cache(maxsize=1024)
def _sequence(style: Style, colours: ColorSystem) -> str:
    """The sequence that chooses a style; empty for none. It is what comes before the text."""
    return Strip.render_style(style, "\0", colours).partition("\0")[0]
