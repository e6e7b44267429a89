"""The help page: all commands with their keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bttop.ui.commands.command import Command
from bttop.ui.render.spans import Line, Span, fit
from bttop.ui.render.text import folded

_KEYS = 16
"""Cells of the keys."""
HEADINGS = ("Panes", "Rows", "Flame graph", "Time", "Programs", "Screen")


def help_lines(commands: Sequence[Command[Any]], cells: int) -> list[Line]:
    """All commands with their keys, in two columns from 100 cells on. Long lines go on below."""
    column = cells // 2 if cells >= 100 else cells
    blocks = [_group(group, commands, column - 1) for group in HEADINGS]
    if cells < 100:
        return [line for block in blocks for line in (*block, ())]
    half = len(blocks) // 2
    left_lines = [line for block in blocks[:half] for line in (*block, ())]
    right_lines = [line for block in blocks[half:] for line in (*block, ())]
    rows = max(len(left_lines), len(right_lines))
    left_lines += [()] * (rows - len(left_lines))
    right_lines += [()] * (rows - len(right_lines))
    return [(*fit(one, column), *other) for one, other in zip(left_lines, right_lines, strict=True)]


def _group(group: str, commands: Sequence[Command[Any]], cells: int) -> list[Line]:
    shown = [command for command in commands if command.group == group and not command.name.startswith("pane-")]
    pairs = [(command.label, command.title) for command in shown]
    if group == "Panes":
        pairs.insert(0, ("1 … 9", "Focus a pane"))
    if group == "Rows":
        pairs.append(("mouse", "click selects, heading sorts, double click opens"))
    return [(Span(f" {group}", "sorted"),), *(line for pair in pairs for line in _key_lines(*pair, cells))]


def _key_lines(label: str, title: str, cells: int) -> Iterator[Line]:
    """The keys of a command and its title, over as many lines as it needs."""
    for index, piece in enumerate(folded(title, cells - _KEYS, indent="")):
        yield (Span(f"   {'' if index else label}".ljust(_KEYS), "key"), Span(piece))
