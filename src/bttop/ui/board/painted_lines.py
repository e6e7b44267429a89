"""Lines with roles on the screen. Only cells that have changed are sent again."""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bttop.ui.render.changed_cells import changed_cells
from bttop.ui.render.spans import Line
from bttop.ui.themes import Theme


def paint(line: Line, theme: Theme, cells: int) -> Strip:
    """A line of `cells` cells in the colours of a theme."""
    return Strip([Segment(span.text, theme.style(span.role)) for span in line], cells)


class PaintedLines(Widget):
    """A widget that consists of lines."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.bttop_theme = theme
        self._cells = 0
        self._lines: tuple[Line, ...] = ()
        """The lines of `_strips`."""
        self._strips: list[Strip] = []

    def show_lines(self, lines: tuple[Line, ...], cells: int) -> None:
        """Show lines of `cells` cells, and send those that differ from the last ones."""
        before, self._lines, self._cells = self._lines, lines, cells
        if len(before) != len(lines):
            self._strips = [paint(line, self.bttop_theme, cells) for line in lines]
            self.refresh()
            return
        changed = []
        for y, line in enumerate(lines):
            if line != before[y]:
                self._strips[y] = paint(line, self.bttop_theme, cells)
                changed += [Region(x, y, end - x, 1) for x, end in changed_cells(before[y], line, cells)]
        if changed:
            self.refresh(*changed)

    def forget_lines(self, theme: Theme) -> None:
        """Paint all lines again the next time, in the colours of a theme."""
        self.bttop_theme, self._lines = theme, ()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines shown last; overridden because Textual's style cache takes a quarter of a repaint."""
        text, shown = self.bttop_theme.style("text"), self._strips[crop.y : crop.bottom]
        if crop.x or crop.width != self._cells:
            shown = [strip.crop_extend(crop.x, crop.right, text) for strip in shown]
        missing = crop.height - len(shown)
        return shown + [Strip.blank(crop.width, text)] * missing if missing > 0 else shown
