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


def _keys(seconds: int) -> str:
    return f"Enter to the row  + - the last {numbers.duration(seconds)}  Space again"


def _choice(number: int, text: str, cells: int) -> PickChoice:
    subject, _, what = text.partition(": ")
    pieces = folded(text, cells - _NUMBER - 1, indent="  ")
    first = pieces[0]
    head = f"{number:>{_NUMBER - 1}} "
    if first.startswith(f"{subject}: "):
        spans: Line = (Span(head, "dim"), Span(f"{subject}: ", "name"), Span(first[len(subject) + 2 :], "rate"))
    else:
        spans = (Span(head, "dim"), Span(first, "name"))
    rest = [(Span(" " * _NUMBER), Span(piece, "rate" if what else "name")) for piece in pieces[1:]]
    return PickChoice((spans, *rest))


def _folded(text: str, cells: int, role: str) -> Iterator[Line]:
    yield from ((Span(piece, role),) for piece in folded(text, cells, indent="   "))
