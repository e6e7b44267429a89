"""A pane's first line: number and name at the left, notes at the right, the rule between."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.model.format.text import visible_name
from bttop.ui.render.spans import Glyphs, Line, Span, fit, line_width
from bttop.ui.render.text import left, width

SHORTEST_NOTE = 8
"""Cells that the first caveat of a narrow rule needs to be shown with an ellipsis."""
_CAVEATS = frozenset({"badge", "warn", "error"})
"""Roles of notes about a pane's numbers."""


def rule_mark(glyphs: Glyphs, *, focused: bool) -> tuple[str, str]:
    """The character of the rule and its role."""
    return (glyphs.focus, "focus") if focused else (glyphs.rule, "rule")


def rule_head(
    number: int, name: str, glyphs: Glyphs, *, focused: bool, divided: bool, below: bool, joined: bool = True
) -> list[Span]:
    """The left end of the rule: the joint with the divider to the left, then number and name. `below` is whether
    another pane is above; `joined` whether the rule of the pane to the left is at the same line."""
    mark, role = rule_mark(glyphs, focused=focused)
    joint = (glyphs.cross if joined else glyphs.branch) if below else glyphs.tee
    joint = joint if divided else ""
    head = [Span(joint, "rule")] if joint else []
    title = Span(f"{number} {visible_name(name)} ", "focus-title" if focused else "title")
    return [*head, Span(mark, role), title]


def joined_rule(head: list[Span], notes: list[Span], mark: str, role: str, cells: int) -> Line:
    """Head at the left, notes at the right, the rule between; notes that do not fit are counted as `+N`. The name of
    the map stays before rates and costs, but not before caveats; a caveat that would leave nothing but the number of
    notes is cut."""
    caveats = next((index for index, note in enumerate(notes) if note.role not in _CAVEATS), len(notes))
    for shown in range(len(notes), -1, -1):
        tail = rule_tail([*notes[:shown], *_left_out(notes[shown:])], mark, role) if notes else []
        room = cells - line_width(tuple(head)) - line_width(tuple(tail))
        if room >= 1:
            return (*head, Span(mark * room, role), *tail)
        if shown <= caveats and any(span.role == "dim" for span in head):
            return joined_rule([span for span in head if span.role != "dim"], notes, mark, role, cells)
        kept = width(notes[0].text) + room - 1 if notes else 0
        if shown == 1 and kept >= SHORTEST_NOTE and notes[0].role in _CAVEATS:
            return joined_rule(head, [Span(left(notes[0].text, kept), notes[0].role), *notes[1:]], mark, role, cells)
    return fit((*head, Span(mark * cells, role)), cells)


def _left_out(notes: Sequence[Span]) -> list[Span]:
    """How many notes are left out. The text looks like a badge only if one of them is more than a rate or a cost."""
    if not notes:
        return []
    return [Span(f"+{len(notes)}", "badge" if any(note.role in _CAVEATS for note in notes) else "dim")]


def rule_tail(notes: list[Span], mark: str, role: str) -> list[Span]:
    """The right end of the rule: the notes with dots between them."""
    tail: list[Span] = []
    for note in notes:
        tail += [Span(" · " if tail else " ", role), note]
    return [*tail, Span(" ", role), Span(mark, role)]
