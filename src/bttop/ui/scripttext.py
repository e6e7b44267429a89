"""The script behind what a pane shows, as lines of a page."""

from __future__ import annotations

from bttop.model.text import visible
from bttop.ui.spans import Line, Span
from bttop.ui.subject import Feed
from bttop.ui.text import folded


def script_lines(feed: Feed, cells: int) -> list[Line]:
    """The text that runs, or ran at the moment on show, below its name; nothing where there is none."""
    source = feed.page.source
    if source is None:
        return []
    generation = f", start {feed.status.generation}" if feed.status.generation else ""
    lines = [(), (Span(f" {visible(source.name)}{generation}", "sorted"),)]
    for text in source.text.rstrip().split("\n"):
        lines += [(Span(piece, "frame"),) for piece in folded(f"   {visible(text)}", cells)] or [()]
    return lines
