"""The page of what changed: sentences, ranked across all panes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bttop.model.format import numbers
from bttop.store.compare.changes import Changes
from bttop.store.compare.sentences import foot_lines, head_lines, sentence
from bttop.store.labels import Labels
from bttop.ui.dialogs.pick_list import PickChoice, PickContent
from bttop.ui.render.spans import Line, Span
from bttop.ui.render.text import folded

LENGTHS: Final = (5, 10, 30, 60, 300)
"""Seconds that can be compared with the baseline."""
_INDENT: Final = "  "
_NUMBER: Final = 4
"""Cells of the number of a sentence."""


def changes_content(changes: Changes, labels: Labels, seconds: int, cells: int, *, has_baseline: bool) -> PickContent:
    """The page of a comparison."""
    lines = [line for text in head_lines(changes, labels) for line in _folded(f" {text}", cells, "heading")]
    choices = [_choice(number, str(sentence(one, labels)), cells) for number, one in enumerate(changes.moved, 1)]
    foot = [line for text in foot_lines(changes, labels) for line in _folded(f" {text}", cells, "dim")]
    advice = [] if has_baseline else [(Span(" There is no baseline: b sets one.", "dim"),)]
    return PickContent([*lines, *advice, ()], choices, [(), *foot], _keys(seconds))


def message_content(text: str, seconds: int, cells: int) -> PickContent:
    """The page without a comparison: what it waits for, or why there is none."""
    return PickContent(list(_folded(f" {text}", cells, "dim")), (), (), _keys(seconds))


def nothing_compared(seconds: float) -> str:
    """Why a period with flushes of so many seconds is not compared, and which key helps."""
    if not seconds:
        return "Nothing to compare: no flush in this time. + takes a longer time."
    return "Nothing to compare with: no flush is older. Space compares again; or Esc, then b sets a baseline."


def _keys(seconds: int) -> str:
    return f"Enter to the row  + - the last {numbers.duration(seconds)}  Space again  Y text"


def _choice(number: int, text: str, cells: int) -> PickChoice:
    """A sentence over as many lines as it needs: what it is about, then how that changed."""
    subject, _, what = text.partition(": ")
    named, at = len(subject) + 2 if what else len(text), 0
    lines: list[Line] = []
    for piece in folded(text, cells - _NUMBER - 1, indent=_INDENT):
        body = piece.removeprefix(_INDENT) if lines else piece
        at = max(at, text.find(body, at))
        cut = len(piece) - len(body) + max(0, named - at)
        at += len(body)
        head = Span(" " * _NUMBER) if lines else Span(f"{number:>{_NUMBER - 1}} ", "dim")
        spans = (Span(piece[:cut], "name"), Span(piece[cut:], "rate"))
        lines.append((head, *(span for span in spans if span.text)))
    return PickChoice(tuple(lines))


def _folded(text: str, cells: int, role: str) -> Iterator[Line]:
    yield from ((Span(piece, role),) for piece in folded(text, cells, indent="   "))
