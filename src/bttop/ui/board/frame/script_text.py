"""The script of a pane as lines of a page."""

from __future__ import annotations

from bttop.model.format.text import visible
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.render.spans import Line, Span
from bttop.ui.render.text import folded


def script_lines(model: PaneModel, cells: int) -> list[Line]:
    """The name and the text of the script at the moment on show; empty if there is none."""
    source = model.page.source
    if source is None:
        return []
    generation = f", start {model.status.generation}" if model.status.generation else ""
    lines = [(), (Span(f" {visible(source.name)}{generation}", "sorted"),)]
    for text in source.text.rstrip().split("\n"):
        lines += [(Span(piece, "frame"),) for piece in folded(f"   {visible(text)}", cells)] or [()]
    return lines
