"""The help page: all commands with their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bttop.ui.commands.command import Command
from bttop.ui.render.spans import Line, Span, fit

HEADINGS = ("Panes", "Rows", "Time", "Programs", "Screen")


def help_lines(commands: Sequence[Command[Any]], cells: int) -> list[Line]:
    """All commands with their keys, in two columns from 100 cells on."""
    blocks = [_group(group, commands) for group in HEADINGS]
    if cells < 100:
        return [line for block in blocks for line in (*block, ())]
    half = len(blocks) // 2
    left_lines = [line for block in blocks[:half] for line in (*block, ())]
    right_lines = [line for block in blocks[half:] for line in (*block, ())]
    rows = max(len(left_lines), len(right_lines))
    left_lines += [()] * (rows - len(left_lines))
    right_lines += [()] * (rows - len(right_lines))
    column = cells // 2
    return [(*fit(one, column), *other) for one, other in zip(left_lines, right_lines, strict=True)]


def _group(group: str, commands: Sequence[Command[Any]]) -> list[Line]:
    lines: list[Line] = [(Span(f" {group}", "sorted"),)]
    shown = [command for command in commands if command.group == group and not command.name.startswith("pane-")]
    if group == "Panes":
        lines.append((Span("   1 … 9".ljust(16), "key"), Span("Focus a pane")))
    lines += [(Span(f"   {command.label}".ljust(16), "key"), Span(command.title)) for command in shown]
    if group == "Rows":
        lines.append((Span("   mouse".ljust(16), "key"), Span("click selects, heading sorts, double click opens")))
    return lines
