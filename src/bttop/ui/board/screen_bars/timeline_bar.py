"""The timeline: while the screen shows an earlier moment, that moment, the marks, and the note of the last mark."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct

from bttop.model.format.floats import ratio
from bttop.model.format.text import visible
from bttop.ui.board.screen_bars.bars import Bar
from bttop.ui.render.spans import Glyphs, Line, Span, line_width, wrapped_within
from bttop.ui.themes import Theme

SHORTEST_TRACK = 24
"""Cells of a track that can share its line with a note."""
_NOTE_PART = 4
"""A note takes at most the fourth part of the screen."""


class TimelinePosition(Struct, frozen=True):
    """A moment between the oldest and the newest flush. Times are CLOCK_BOOTTIME in ns."""

    oldest: int
    newest: int
    moment: int
    since: str
    """The oldest time as text."""
    until: str
    """The newest time as text."""
    marks: Sequence[int] = ()
    note: str = ""
    """The note of the last mark before the moment; empty if there is none."""
    begin: int | None = None
    """The begin of the span that ends at the moment; None if a single moment is on show."""


def timeline_lines(position: TimelinePosition, cells: int, glyphs: Glyphs, most_of_note: int) -> list[Line]:
    """The note and the track: on one line if both fit, else the note over as many lines as it needs, but at most
    `most_of_note`."""
    note: Line = (Span(f" {glyphs.mark} {visible(position.note)} ", "match"),) if position.note else ()
    ends = len(position.since) + len(position.until) + 4
    room = cells - line_width(note) - ends
    if not note or room >= SHORTEST_TRACK:
        return [(*note, *_ended_track(position, max(1, room), glyphs))]
    return [*wrapped_within(note, cells, most_of_note), _ended_track(position, max(1, cells - ends), glyphs)]


def _ended_track(position: TimelinePosition, cells: int, glyphs: Glyphs) -> Line:
    track = _track(position, cells, glyphs)
    return (Span(f" {position.since} ", "dim"), *track, Span(f" {position.until} ", "dim"))


def _track(position: TimelinePosition, cells: int, glyphs: Glyphs) -> Line:
    """The passed part, or only the span, as a heavy line, the rest as a thin one. A mark covers the line, the moment
    and the begin of a span cover both."""
    here = _cell(position, position.moment, cells)
    begin = 0 if position.begin is None else _cell(position, position.begin, cells)
    found = [(glyphs.focus, "focus") if begin <= at < here else (glyphs.rule, "rule") for at in range(cells)]
    for mark in position.marks:
        found[_cell(position, mark, cells)] = (glyphs.mark, "match")
    for end in (here, begin) if position.begin is not None else (here,):
        found[end] = (glyphs.light, "focus-title")
    return tuple(Span("".join(glyph for glyph, _ in group), role) for role, group in groupby(found, lambda one: one[1]))


def _cell(position: TimelinePosition, moment: int, cells: int) -> int:
    """The cell of a moment; one outside the timeline is at its end."""
    share = ratio(moment - position.oldest, position.newest - position.oldest)
    return max(0, min(cells - 1, round(share * (cells - 1))))


class TimelineBar(Bar):
    """The timeline on the screen; hidden while the screen is live."""

    def __init__(self, theme: Theme, glyphs: Glyphs) -> None:
        super().__init__(theme)
        self._glyphs = glyphs
        self._position: TimelinePosition | None = None
        self.display = False

    def show_position(self, position: TimelinePosition | None) -> None:
        """Show a position; None hides the bar."""
        self._position = position
        self.display = position is not None
        if self.display:
            self.repaint()

    def lines(self, cells: int) -> list[Line]:
        """The note and the track."""
        most = max(1, self.app.size.height // _NOTE_PART)
        return [] if self._position is None else timeline_lines(self._position, cells, self._glyphs, most)
